/** What the streams of Piculus hold in NATS at the moment, for whoever watches it. */
import { NATS_UP_STREAM, natsDownStream } from '@piculus/protocol/link';
import type { Clock } from '../../base/clock.ts';
import type { Line } from './line.ts';

/** The same on every node: of all links and nodes together. */
export interface StreamFigures {
  readonly stream: string;
  /** Packets that nobody acknowledged yet. */
  readonly messages: number;
  readonly bytes: number;
  readonly bytesMax: number;
  /** Packets that wait to be handed out. */
  readonly pending: number;
  /** Packets that were handed out and are not acknowledged. */
  readonly acknowledging: number;
}

/** NATS that does not answer must not hold a scrape back. */
const READ_MS_MAX = 1_500;
/** Pages of consumers, 256 each, of one stream. */
const PAGES_MAX = 8;

/** @throws where NATS does not answer in time, or a stream is gone. */
export async function readStreamFigures(
  line: Line,
  systems: Iterable<string>,
  clock: Clock,
): Promise<readonly StreamFigures[]> {
  const done = new AbortController();
  const reading = Promise.all(
    [NATS_UP_STREAM, ...[...systems].map(natsDownStream)].map((stream) => readOne(line, stream)),
  );
  const late = clock.sleep(READ_MS_MAX, done.signal).then((): never => {
    throw new Error('NATS did not tell its figures in time');
  });
  // Whichever comes second is nobody's any more.
  late.catch(() => {});
  reading.catch(() => {});
  return Promise.race([reading, late]).finally(() => done.abort());
}

async function readOne({ manager }: Line, stream: string): Promise<StreamFigures> {
  const { state, config } = await manager.streams.info(stream);
  const consumers = manager.consumers.list(stream);
  let pending = 0;
  let acknowledging = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await consumers.next();
    if (found.length === 0) break;
    for (const consumer of found) {
      pending += consumer.num_pending;
      acknowledging += consumer.num_ack_pending;
    }
  }
  const { messages, bytes } = state;
  return { stream, messages, bytes, bytesMax: config.max_bytes, pending, acknowledging };
}
