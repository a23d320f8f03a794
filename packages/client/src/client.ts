/**
 * The client: one per process of a production system. It finds problems when the server asks, executes the
 * fixes that the server names, and survives the loss of the connection at any moment.
 */
import {
  type ClientMessageBody,
  FIX_SIGNED_WHOLE,
  PiculusError,
  PROTOCOL_VERSION,
  type ServerKeysNews,
  type ServerMessageBody,
} from '@piculus/protocol';
import { Collects } from './collecting/collects.ts';
import { Connection, type ConnectionState } from './connection/connection.ts';
import type { IncomingMessage } from './connection/exchange.ts';
import type { LagMeter } from './connection/lag.ts';
import { type ClientListener, type ClientState, Listeners } from './events.ts';
import { Executor } from './executing/executor.ts';
import { ResultsOutbox } from './executing/results-outbox.ts';
import { Previews } from './executing/previews.ts';
import { Reveals } from './executing/reveals.ts';
import { type CheckedOptions, checkOptions, type ClientOptions } from './options.ts';
import { describeError } from './masking/text.ts';
import { createRunner } from './runner/runner.ts';
import { Trust } from './signing/trust.ts';
import { SDK } from './version.ts';

export interface Client {
  readonly state: ClientState;
  /** Name of this client on the wire, new for every process. */
  readonly clientId: string;
  /** Starts connecting and returns at once; the client then keeps itself connected. */
  start(): void;
  /**
   * Takes no new work, finishes what runs, hands its results over and closes. What is not done after `drainMs`
   * (default 10,000) is given up between two steps; the server lets another client do it.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
  /** @returns a function that removes the listener again. */
  on(listener: ClientListener): () => void;
}

type SignedMessage = Extract<IncomingMessage, { type: 'fix' | 'preview' | 'reveal' | 'server-keys' }>;

const DRAIN_MS = 10_000;
/** Work that was asked to give up gets this long for its last step, and results for their last way. */
const LAST_WORD_MS = 1_000;

/** @throws TypeError naming the option that is missing or wrong. */
export function createClient<Tx>(options: ClientOptions<Tx>): Client {
  return new PiculusClient(checkOptions(options));
}

class PiculusClient<Tx> implements Client {
  readonly clientId: string;
  readonly #options: CheckedOptions<Tx>;
  readonly #listeners: Listeners;
  readonly #connection: Connection;
  readonly #outbox: ResultsOutbox;
  readonly #executor: Executor<Tx>;
  readonly #collects: Collects;
  readonly #previews: Previews<Tx>;
  readonly #reveals: Reveals<Tx>;
  readonly #trust: Trust;
  #lag: LagMeter | null = null;
  #state: ClientState = 'new';
  #stopped: Promise<void> | null = null;

  constructor(options: CheckedOptions<Tx>) {
    this.#options = options;
    const { clock, log, fixes } = options;
    this.clientId = clock.uuid();
    this.#listeners = new Listeners(log);
    this.#trust = new Trust({ ...options, clientId: this.clientId });
    this.#connection = new Connection({
      ...options,
      hooks: {
        hello: (tellsKnown) => this.#hello(tellsKnown),
        heartbeat: () => this.#heartbeat(),
        renewed: (leases, sentAt) => this.#executor.renewed(leases, sentAt),
        greeted: (welcome) => this.#greeted(welcome),
        welcomed: (welcome) => this.#welcomed(welcome),
        handle: (message) => this.#handle(message),
        changed: (state, detail) => this.#changed(state, detail),
        unreadable: ({ error: { code, message: detail } }) => {
          log.warn({ code, detail }, 'a message of the server could not be read');
          this.#listeners.tell({ type: 'refused-message', code, detail });
        },
      },
    });
    const deliver: Connection['deliver'] = (type, body, signal) =>
      this.#connection.deliver(type, body, signal);
    const runner = createRunner(options);
    this.#outbox = new ResultsOutbox({
      clock,
      log,
      deliver: (body, signal) => deliver('fix-results', body, signal),
    });
    this.#executor = new Executor({
      ...options,
      runner,
      outbox: this.#outbox,
      finished: (item, result) => this.#listeners.tell({ type: 'fix-finished', item, result }),
    });
    this.#collects = new Collects({
      ...options,
      deliver,
      tell: (body) => this.#connection.tell('collect-progress', body),
      finished: (command, done) => this.#listeners.tell({ type: 'collect-finished', command, done }),
    });
    this.#previews = new Previews({
      fixes,
      runner,
      deliver: (body, signal) => deliver('preview-result', body, signal),
    });
    this.#reveals = new Reveals({
      ...options,
      deliver: (body, signal) => deliver('revealed', body, signal),
    });
  }

  get state(): ClientState {
    return this.#state;
  }

  on(listener: ClientListener): () => void {
    return this.#listeners.add(listener);
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#lag = this.#options.lag();
    this.#connection.start();
  }

  stop({ drainMs = DRAIN_MS }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#stopped ??= this.#drain(drainMs);
    return this.#stopped;
  }

  async #drain(drainMs: number): Promise<void> {
    this.#become('stopping', '');
    this.#connection.tell('leaving', {});
    const over = new AbortController();
    const finished = new AbortController();
    void this.#after(drainMs, finished.signal, () => over.abort());
    this.#previews.stop();
    this.#reveals.stop();
    await Promise.all([this.#executor.stop(over.signal), this.#collects.stop(over.signal)]);
    finished.abort();
    // Without a connection the results stay unsaid: the journal has them, and the command comes again.
    if (this.#connection.state === 'online') {
      const lastWord = new AbortController();
      const handedOver = new AbortController();
      void this.#after(over.signal.aborted ? LAST_WORD_MS : drainMs, handedOver.signal, () =>
        lastWord.abort(),
      );
      await this.#outbox.emptied(lastWord.signal);
      handedOver.abort();
      await this.#leave();
    }
    await this.#connection.stop();
    this.#lag?.stop();
    this.#become('stopped', '');
  }

  /**
   * Work that is on its way when the connection ends is lost to the server until its lease expires, and costs a try; so
   * this waits until the server knows that nothing more is taken. It may be a new connection that was not told before.
   */
  async #leave(): Promise<void> {
    const tooLong = new AbortController();
    const told = new AbortController();
    void this.#after(LAST_WORD_MS, told.signal, () => tooLong.abort());
    try {
      await this.#connection.deliver('leaving', {}, tooLong.signal);
    } catch (error) {
      this.#options.log.info(
        { error: describeError(error) },
        'the server could not be told that the client leaves',
      );
    }
    told.abort();
  }

  async #after(ms: number, unless: AbortSignal, act: () => void): Promise<void> {
    await this.#options.clock.sleep(ms, unless);
    if (!unless.aborted) act();
  }

  #handle(message: Exclude<IncomingMessage, { type: 'welcome' }>): void {
    if (this.#state === 'stopping' && message.type !== 'cancel-collect') throw new PiculusError('stopping');
    if (message.type === 'collect') this.#collects.accept(message.body);
    else if (message.type === 'cancel-collect') this.#collects.cancel(message.body.commandId);
    else if (message.type === 'halt') this.#halt(message.body.leaseIds);
    else this.#handleSigned(message);
  }

  #halt(leaseIds: readonly string[]): void {
    const leases = this.#executor.halt(leaseIds);
    const problems = leases.reduce((sum, { problemIds }) => sum + problemIds.length, 0);
    const { log } = this.#options;
    log.warn(
      { leases: leaseIds.length, problems },
      'the server stopped repair; what was not begun is given back',
    );
    if (leases.length === 0) return;
    this.#connection.deliver('halted', { leases }, new AbortController().signal).catch((error: unknown) => {
      // Their lease expires then, and the server hands them out again.
      const code = error instanceof PiculusError ? error.code : 'internal';
      log.warn({ code, problems }, 'what was not begun could not be given back');
    });
  }

  /** Nothing of these reaches a fix before it is known to be the server's. */
  #handleSigned(message: SignedMessage): void {
    try {
      this.#check(message);
    } catch (error) {
      if (error instanceof PiculusError) {
        const { code, message: detail } = error;
        this.#options.log.error({ type: message.type, code, detail }, "a command is not surely the server's");
        this.#listeners.tell({ type: 'refused-message', code, detail });
      }
      throw error;
    }
    if (message.type === 'fix') this.#executor.accept(message.body);
    else if (message.type === 'preview') this.#previews.accept(message.body);
    else if (message.type === 'reveal') this.#reveals.accept(message.body);
  }

  /** @throws PiculusError one of the `command-…` codes. */
  #check(message: SignedMessage): void {
    if (message.type === 'fix') this.#trust.fix(message.body);
    else if (message.type === 'preview') this.#trust.preview(message.body);
    else if (message.type === 'reveal') this.#trust.reveal(message.body);
    else this.#announced(message.body);
  }

  #announced(news: ServerKeysNews): void {
    const untrusted = this.#trust.announced(news).map(({ text }) => text);
    if (untrusted.length > 0) {
      this.#options.log.warn({ untrusted }, 'the server has keys that are not among serverKeys; add them');
    }
    this.#listeners.tell({ type: 'server-keys', keys: news.keys, untrusted });
  }

  #hello(tellsKnown: boolean): ClientMessageBody<'hello'> {
    const { application, places, collectors, fixes, identity } = this.#options;
    return {
      clientId: this.clientId,
      protocolVersions: [PROTOCOL_VERSION],
      sdk: SDK,
      application,
      host: identity.host,
      pid: identity.pid,
      places,
      collectors: [...collectors.keys()],
      fixes: [...fixes.keys()],
      leases: this.#executor.leases(),
      ...(tellsKnown ? { knows: [FIX_SIGNED_WHOLE] } : {}),
    };
  }

  #heartbeat(): ClientMessageBody<'heartbeat'> {
    return {
      freePlaces: this.#state === 'online' ? this.#executor.freePlaces : 0,
      leases: this.#executor.leases(),
      collectCommands: this.#collects.commands(),
      eventLoopLagMs: this.#lag?.readMs() ?? 0,
    };
  }

  #greeted(welcome: ServerMessageBody<'welcome'>): void {
    this.#trust.welcomed(welcome.sysCode);
    try {
      if (welcome.serverKeys) this.#announced(welcome.serverKeys);
    } catch (error) {
      const fields = { error: describeError(error) };
      this.#options.log.error(
        fields,
        'none of serverKeys is a key of this server: its commands will be refused',
      );
    }
  }

  #welcomed(welcome: ServerMessageBody<'welcome'>): void {
    this.#executor.welcomed(welcome.lostLeases);
    this.#options.log.info({ sysCode: welcome.sysCode, clientId: this.clientId }, 'connected to the server');
    this.#listeners.tell({ type: 'welcome', sysCode: welcome.sysCode });
  }

  #changed(state: ConnectionState, detail: string): void {
    if (state !== 'online') this.#executor.disconnected();
    if (this.#state === 'stopping' || state === 'stopped' || state === 'idle') return;
    this.#become(state, detail);
  }

  #become(state: ClientState, detail: string): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#listeners.tell({ type: 'state', state, detail });
  }
}
