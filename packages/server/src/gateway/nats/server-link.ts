/** One client's link, as the gateway sees a connection. */
import {
  Courier,
  LinkEnd,
  type LinkEnding,
  linkKey,
  NATS_PUT_MS,
  type NatsNotTaken,
  natsSubjects,
  type Opened,
  whyNotTaken,
} from '@piculus/protocol/link';
import type { Logger } from 'pino';
import type { Clock } from '../../base/clock.ts';
import type { Connection, ConnectionListener } from '../transport.ts';
import type { Line } from './line.ts';
import { apiCode } from './streams.ts';

export interface ServerLinkOptions {
  readonly line: Line;
  readonly opened: Opened;
  readonly keyHash: Buffer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once, after the listener was told. */
  readonly ended: (link: ServerLink) => void;
  /** NATS did not take a packet, or did not say so. */
  readonly notTaken: (reason: NatsNotTaken) => void;
}

export class ServerLink {
  readonly opened: Opened;
  readonly connection: Connection;
  readonly #options: ServerLinkOptions;
  readonly #end: LinkEnd;
  readonly #courier: Courier;
  #listener: ConnectionListener | null = null;

  constructor(options: ServerLinkOptions) {
    this.#options = options;
    const { opened, clock, line } = options;
    this.opened = opened;
    const subject = natsSubjects.down(opened.sysCode, opened.link);
    const courier = new Courier({
      put: async (packet) => {
        const answer = await put(line, subject, packet);
        if (answer === 'taken') return answer;
        options.notTaken(answer);
        // Without an answer it may be there; the other end drops what comes twice.
        return answer === 'timeout' ? 'full' : answer;
      },
      sleep: (ms, signal) => clock.sleep(ms, signal),
      lost: () => end.terminate('the stream is gone'),
    });
    const end = new LinkEnd({
      key: linkKey(options.keyHash, opened),
      side: 'server',
      hooks: {
        transmit: (packet) => courier.send(packet),
        deliver: (message) => this.#listener?.frame(message),
        ended: (ending) => this.#ended(ending),
        nowMs: () => clock.elapsedMs(),
      },
    });
    this.#courier = courier;
    this.#end = end;
    this.connection = {
      remoteAddress: `nats:${opened.link}`,
      get bufferedBytes() {
        return end.bufferedBytes;
      },
      send: (frame) => end.send(frame),
      pause: () => end.pause(),
      resume: () => end.resume(),
      close: (reason) => end.close(reason),
      terminate: () => end.terminate('terminated'),
    };
  }

  /** From now on what comes is told to this listener. */
  listen(listener: ConnectionListener): void {
    this.#listener = listener;
    // The connection may have been refused while it was being taken.
    if (!this.#end.open) listener.closed();
  }

  receive(packet: Uint8Array): void {
    const { forged } = this.#end;
    this.#end.receive(packet);
    if (this.#end.forged > forged) this.#listener?.forged(packet.length);
  }

  tick(): void {
    this.#end.tick();
  }

  /** The way to NATS is gone; nothing can be said any more. */
  cut(): void {
    this.#courier.stop();
    this.#end.terminate('the connection to NATS ended');
  }

  /** What NATS has not taken by now stays unsaid. */
  giveUp(): void {
    this.#courier.stop();
  }

  /** Resolves when all that was sent is with NATS. */
  idle(): Promise<void> {
    return this.#courier.idle();
  }

  #ended(ending: LinkEnding): void {
    const { log, opened, ended } = this.#options;
    const { sysCode, link } = opened;
    log.debug({ sysCode, link, ...ending, forged: this.#end.forged }, 'a link ended');
    if (this.#end.forged > 0)
      log.warn({ sysCode, link, forged: this.#end.forged }, 'packets came that the client did not write');
    if (ending.reason === 'too-large') this.#listener?.unreadable('too-large', LARGE_BYTES);
    if (ending.reason === 'broken-text') this.#listener?.unreadable('broken-json', 0);
    this.#listener?.closed();
    ended(this);
  }
}

/** What was read of a message that is too large, at least. */
const LARGE_BYTES = 2_097_152;

async function put(
  { jetStream, connection }: Line,
  subject: string,
  packet: Uint8Array,
): Promise<'taken' | NatsNotTaken> {
  try {
    await jetStream.publish(subject, packet, { timeout: NATS_PUT_MS });
    return 'taken';
  } catch (error) {
    if (connection.isClosed()) return 'lost';
    return whyNotTaken(error, apiCode(error));
  }
}
