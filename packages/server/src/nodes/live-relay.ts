/**
 * Live events to the other nodes and from them. What changes within a moment goes out as one; batches are numbered, so
 * that a node that missed one tells its readers to read again instead of missing something in silence.
 */
import { liveEventSchema } from '@piculus/protocol/http';
import { z } from 'zod';
import type { Context, LiveNews } from '../base/services.ts';
import type { LiveEventRing } from '../events/live-events.ts';
import type { NodeMail } from './mail.ts';

const EVERY_MS = 100;
const RETRY_MS = 1_000;
const IDS_MAX = 100;
/** Every life of a node has a name of its own, and most of those that are remembered never speak again. */
const NODES_REMEMBERED_MAX = 200;

const batchSchema = z.object({
  /** One higher with every batch of a node. */
  sequence: z.number().int(),
  /** Something happened before that was told to nobody. */
  lost: z.boolean(),
  events: z.array(z.unknown()),
});
const relayedSchema = liveEventSchema.extend({ systems: z.array(z.string()).nullable() });
type Relayed = z.infer<typeof relayedSchema>;

export interface LiveRelay {
  /** Others came: what was told to nobody before is told as lost. */
  joined(): void;
  /** What these told last may not have reached anybody. */
  lost(nodeIds: readonly string[]): void;
  /** Resolves once all has been sent, or cannot be. */
  stop(): Promise<void>;
}

export interface LiveRelayParts {
  readonly events: LiveEventRing;
  readonly mail: NodeMail;
  /** Whether there is anybody to tell. */
  readonly hasOthers: () => boolean;
}

export function createLiveRelay(context: Context, { events, mail, hasOthers }: LiveRelayParts): LiveRelay {
  const { clock, log } = context;
  const stopping = new AbortController();
  const lastOf = new Map<string, number>();
  let waiting = new Map<string, Relayed>();
  let lost = false;
  let sequence = 0;
  let sending: Promise<void> | null = null;

  async function send(): Promise<void> {
    for (let failures = 0; waiting.size > 0 || lost; ) {
      await clock.sleep(failures === 0 ? EVERY_MS : RETRY_MS, stopping.signal);
      const batch = { sequence: sequence + 1, lost, events: [...waiting.values()] };
      waiting = new Map();
      lost = false;
      try {
        await mail.send('live', null, batch);
        sequence += 1;
        failures = 0;
      } catch (error) {
        failures += 1;
        if (stopping.signal.aborted) break;
        if (failures === 1) log.info({ err: error }, 'live events cannot be told to other nodes now');
        // Its answer may have been lost alone: the same number again is ignored, so what was in it is told as lost.
        lost = true;
      }
    }
    sending = null;
  }

  function remember(from: string, at: number): void {
    lastOf.delete(from);
    lastOf.set(from, at);
    const [oldest] = lastOf.keys();
    if (lastOf.size > NODES_REMEMBERED_MAX && oldest !== undefined) lastOf.delete(oldest);
  }

  events.onLocal((news: LiveNews, at: string) => {
    if (!hasOthers() || stopping.signal.aborted) return;
    merge(waiting, news, at);
    sending ??= send();
  });

  mail.on('live', (from, body) => {
    const { data } = batchSchema.safeParse(body);
    if (data === undefined) return;
    const last = lastOf.get(from);
    if (last !== undefined && data.sequence <= last) {
      // Sent twice, where the answer to the first was lost.
      if (data.lost) events.forget();
      return;
    }
    remember(from, data.sequence);
    if (data.lost || (last !== undefined && data.sequence > last + 1)) events.forget();
    for (const one of data.events) {
      // A topic of a newer version is nothing that readers of this one know.
      const event = relayedSchema.safeParse(one).data;
      if (event !== undefined) events.takeIn(event);
    }
  });
  mail.onMissed(() => events.forget());

  return {
    joined() {
      lost = true;
      sending ??= send();
    },
    lost(nodeIds) {
      for (const id of nodeIds) lastOf.delete(id);
      events.forget();
    },
    async stop() {
      stopping.abort();
      await sending;
    },
  };
}

/** Adds it to what waits: one for each topic and system. */
export function merge(waiting: Map<string, Relayed>, news: LiveNews, at: string): void {
  const systems = news.systems === undefined ? null : [...news.systems];
  const key = JSON.stringify([news.topic, news.sysCode, systems]);
  const before = waiting.get(key);
  const ids = [...new Set([...(before?.ids ?? []), ...news.ids])];
  waiting.set(key, {
    topic: news.topic,
    sysCode: news.sysCode,
    systems,
    ids: ids.slice(0, IDS_MAX),
    more: news.more || before?.more === true || ids.length > IDS_MAX,
    at,
  });
}
