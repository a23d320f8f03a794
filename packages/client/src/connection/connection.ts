/**
 * The connection to the server: connects, says hello, sends heartbeats, and comes back after a loss with full
 * jitter. What must arrive is delivered with `deliver`, which goes on over any number of connections.
 */
import {
  type ClientMessageBody,
  type ClientMessageType,
  LIMITS,
  PiculusError,
  type ServerMessageBody,
} from '@piculus/protocol';
import { backOffMs, type Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { describeError } from '../masking/text.ts';
import { aborted, sharedController, underSignals, untilAborted } from '../signals.ts';
import { ConnectionLost, Exchange, type IncomingMessage } from './exchange.ts';
import { greet } from './greeting.ts';
import { type Body, createMessageReader, type ReadFailure } from './messages.ts';
import { ConnectRefused, type Transport } from './transport.ts';

export interface ReconnectOptions {
  /** Ceiling of the first pause. */
  readonly baseMs: number;
  /** Ceiling of every pause. */
  readonly maxMs: number;
  /** Pause where the server answered that it does not take this client; half of it at least. */
  readonly refusedMs: number;
}

export const DEFAULT_RECONNECT: ReconnectOptions = { baseMs: 500, maxMs: 10_000, refusedMs: 60_000 };

/**
 * A connection that held this long was good: the next loss starts again with the shortest pause. Long enough to
 * tell a server that takes clients from one that drops them at once, and no longer: a server that is restarted
 * several times in a row must find its clients back each time.
 */
const GOOD_AFTER_MS = 1_000;
/** A message without an answer for so long means that the other side does not work, whatever else it sends. */
const ANSWER_MS = 60_000;
const HEARTBEAT_MS_MIN = 100;
const RESEND = { baseMs: 200, maxMs: 5_000 } as const;

export type ConnectionState = 'idle' | 'connecting' | 'online' | 'waiting' | 'stopped';

export interface ConnectionHooks {
  /** @param tellsKnown whether it may say what of the protocol's additions this client knows. */
  hello(tellsKnown: boolean): ClientMessageBody<'hello'>;
  heartbeat(): ClientMessageBody<'heartbeat'>;
  /** The server has a heartbeat that named these leases and was sent at this time (by `elapsedMs`). */
  renewed(leases: readonly string[], sentAt: number): void;
  /** The welcome is here; called before anything that comes behind it is handled. */
  greeted(welcome: ServerMessageBody<'welcome'>): void;
  /** The connection stands. */
  welcomed(welcome: ServerMessageBody<'welcome'>): void;
  /** Takes a message or throws a PiculusError. */
  handle(message: Exclude<IncomingMessage, { type: 'welcome' }>): void;
  changed(state: ConnectionState, detail: string): void;
  unreadable(failure: ReadFailure): void;
}

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reconnect: ReconnectOptions;
  readonly hooks: ConnectionHooks;
}

interface Ended {
  readonly reason: string;
  readonly onlineMs: number;
  /** The server answered and does not take this client; quick tries are of no use. */
  readonly refused: boolean;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #read = createMessageReader();
  readonly #stop = sharedController();
  readonly #onlineWaiters = new Set<() => void>();
  #state: ConnectionState = 'idle';
  #exchange: Exchange | null = null;
  #tellsKnown = true;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  start(): void {
    if (this.#state === 'idle') this.#running = this.#run();
  }

  /** Closes the connection and ends every delivery; what was not acknowledged stays unsaid. */
  async stop(): Promise<void> {
    this.#stop.abort(new ConnectionLost('the client stops'));
    this.#exchange?.close('the client stops');
    await this.#running;
    this.#become('stopped', 'the client stops');
  }

  /** Sends a message that is not worth repeating, if there is a connection. */
  tell<T extends ClientMessageType>(type: T, body: ClientMessageBody<T>): void {
    if (this.#state === 'online') this.#exchange?.tell(type, body);
  }

  /**
   * Sends a message until the server has it, over as many connections as that takes.
   * @throws PiculusError where the server refuses for good; the signal's or the stop's reason where it ended first.
   */
  deliver<T extends ClientMessageType>(type: T, body: Body<T>, signal: AbortSignal): Promise<void> {
    return underSignals([signal, this.#stop.signal], (either) => this.#deliver(type, body, either));
  }

  async #deliver<T extends ClientMessageType>(type: T, body: Body<T>, signal: AbortSignal): Promise<void> {
    for (let failures = 0; ; ) {
      const exchange = await this.#online(signal);
      try {
        return await untilAborted(exchange.send(type, body), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ConnectionLost) continue;
        if (!(error instanceof PiculusError) || !error.retryable) throw error;
        failures += 1;
        this.#options.log.warn({ type, code: error.code, failures }, 'the server cannot take a message now');
        await this.#options.clock.sleep(
          backOffMs(this.#options.clock, failures, RESEND.baseMs, RESEND.maxMs),
          signal,
        );
      }
    }
  }

  /** Resolves with the open exchange. @throws the signal's reason. */
  async #online(signal: AbortSignal): Promise<Exchange> {
    for (;;) {
      signal.throwIfAborted();
      // An exchange that has just ended is no longer open, though the state is not yet told.
      if (this.#state === 'online' && this.#exchange?.open) return this.#exchange;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#onlineWaiters.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#onlineWaiters.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    }
  }

  async #run(): Promise<void> {
    const { clock, reconnect, log } = this.#options;
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      this.#become('connecting', '');
      const end = await this.#connectOnce();
      if (this.#stop.signal.aborted) return;
      failures = end.onlineMs >= GOOD_AFTER_MS ? 1 : failures + 1;
      const pauseMs = end.refused
        ? reconnect.refusedMs * (0.5 + clock.random() / 2)
        : backOffMs(clock, failures, reconnect.baseMs, reconnect.maxMs);
      const fields = { reason: end.reason, failures, pauseMs: Math.round(pauseMs) };
      if (end.refused) log.error(fields, 'the server does not take this client; check its key and version');
      else log.warn(fields, 'no connection to the server; trying again');
      this.#become('waiting', end.reason);
      await clock.sleep(pauseMs, this.#stop.signal);
    }
  }

  async #connectOnce(): Promise<Ended> {
    const { clock, hooks, log, transport } = this.#options;
    const link = new AbortController();
    const greeting = greet();
    let endReason = '';
    const exchange = new Exchange({
      clock,
      log,
      read: this.#read,
      unreadable: (failure) => hooks.unreadable(failure),
      complained: (error) => {
        log.warn({ code: error.code, detail: error.message }, 'the server complains');
        // A server from before clients told what they know takes the hello without it, so that is tried soon.
        if (this.#tellsKnown && this.#state === 'connecting' && error.code === 'invalid-field') {
          this.#tellsKnown = false;
          greeting.closed(error.message);
        } else greeting.refused(error);
      },
      handle: (message) => {
        if (message.type === 'welcome') {
          // Commands may come right behind it, before anybody who waits for the welcome goes on.
          hooks.greeted(message.body);
          greeting.welcomed(message.body);
        } else hooks.handle(message);
      },
    });
    const handlers = {
      message: (frame: string) => exchange.receive(frame),
      closed: (reason: string) => {
        endReason = reason;
        exchange.ended(reason);
        greeting.closed(reason);
        link.abort();
      },
    };
    try {
      exchange.opened(await transport.connect(handlers, this.#stop.signal));
    } catch (error) {
      const refused = error instanceof ConnectRefused && error.kind === 'unauthorised';
      return { reason: describeError(error), onlineMs: 0, refused };
    }
    this.#exchange = exchange;
    if (this.#stop.signal.aborted) exchange.close('the client stops');
    exchange.tell('hello', hooks.hello(this.#tellsKnown));
    const welcome = await greeting.answer(clock, link.signal);
    if ('refusal' in welcome) {
      exchange.close('no welcome');
      await aborted(link.signal);
      this.#exchange = null;
      return { reason: welcome.refusal, onlineMs: 0, refused: welcome.final };
    }
    const onlineAt = clock.elapsedMs();
    hooks.welcomed(welcome);
    this.#become('online', '');
    await this.#heartbeats(exchange, Math.max(HEARTBEAT_MS_MIN, welcome.heartbeatMs), link.signal);
    this.#exchange = null;
    return { reason: endReason, onlineMs: clock.elapsedMs() - onlineAt, refused: false };
  }

  /** Until the link is gone. Closes it where the server is silent or leaves messages unanswered. */
  async #heartbeats(exchange: Exchange, heartbeatMs: number, gone: AbortSignal): Promise<void> {
    const { clock, hooks } = this.#options;
    for (;;) {
      await clock.sleep(heartbeatMs, gone);
      if (gone.aborted) return;
      const now = clock.elapsedMs();
      const silentMs = now - exchange.lastHeardAt;
      if (silentMs > Math.max(LIMITS.silenceMs, 3 * heartbeatMs) || exchange.oldestWaitMs() > ANSWER_MS) {
        exchange.close('the server does not answer');
        return aborted(gone);
      }
      const body = hooks.heartbeat();
      exchange.send('heartbeat', body).then(
        () => hooks.renewed(body.leases, now),
        (error: unknown) =>
          this.#options.log.debug({ error: describeError(error) }, 'a heartbeat was not taken'),
      );
    }
  }

  #become(state: ConnectionState, detail: string): void {
    if (this.#state === state || this.#state === 'stopped') return;
    this.#state = state;
    this.#options.hooks.changed(state, detail);
    if (state === 'online') for (const tell of [...this.#onlineWaiters]) tell();
  }
}
