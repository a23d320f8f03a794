/**
 * A server end in this process, over a transport in memory: it speaks the real protocol, checks every frame
 * against the published schemas and can misbehave, so that a whole client runs without a server or a socket.
 * It keeps no state machine: a test says what is collected and fixed, and sees what came of it.
 */
import { randomUUID } from 'node:crypto';
import {
  type ClientMessage,
  type ClientMessageBody,
  type CollectCommand,
  type ErrorCode,
  ERRORS,
  type FixItem,
  type FixResult,
  type PreviewResult,
  type ProblemReport,
  PROTOCOL_VERSION,
  type ServerMessageBody,
  type ServerMessageType,
} from '@piculus/protocol';
import { ConnectRefused, type Link, type LinkHandlers, type Transport } from '../connection/transport.ts';
import { readClientMessage } from './read-client-message.ts';
import { Signals } from './signals.ts';
import { type TestCommand, testCommand } from './run.ts';
import { createTestSigner, type TestSigner } from './test-signer.ts';

/** How the carrier misbehaves; each is a chance from 0 to 1, drawn from `random`. */
export interface TestFaults {
  readonly random: () => number;
  /** A frame is delivered again, up to twenty times in all. */
  readonly repeat?: number;
  /** A frame of the client is lost together with the connection, before the server handled it. */
  readonly loseBefore?: number;
  /** The server handled a frame, and its answer is lost together with the connection. */
  readonly loseAfter?: number;
}

export interface TestServerOptions {
  readonly sysCode?: string;
  readonly heartbeatMs?: number;
  /** Leases that a hello names and that are answered as lost. */
  lost?(leases: readonly string[]): string[];
  /** Refuses a message with this code instead of acknowledging it. */
  refuse?(message: ClientMessage): ErrorCode | null;
  /** Holds an acknowledgement back until it resolves. */
  before?(message: ClientMessage): Promise<void> | void;
  readonly faults?: TestFaults;
}

export interface TestCollected {
  readonly problems: readonly ProblemReport[];
  readonly done: ClientMessageBody<'collect-done'>;
}

export interface TestServer {
  /** For the client's options. */
  readonly transport: Transport;
  /** For the client's options: what this server sends is signed. */
  readonly serverKeys: readonly string[];
  /** Every message that was taken, in order. */
  readonly received: readonly ClientMessage[];
  /** Results by command key, the latest. */
  readonly results: ReadonlyMap<string, FixResult>;
  readonly connections: number;
  /** Resolves with the hello of the connection that stands, or of the next one. */
  connected(): Promise<ClientMessageBody<'hello'>>;
  /** Resolves with the next message for which this holds, one that came before included. */
  message(matches: (message: ClientMessage) => boolean): Promise<ClientMessage>;
  /** Sends a collect to its end over any number of connections. */
  collect(command: Pick<CollectCommand, 'fixCodes'> & Partial<CollectCommand>): Promise<TestCollected>;
  /** Leases these commands in one message, again on each new connection, until all are answered. */
  fix(
    commands: readonly TestCommand[],
    lease?: { leaseId?: string; epoch?: number; leaseMs?: number },
  ): Promise<FixResult[]>;
  preview(request: Omit<ServerMessageBody<'preview'>, 'previewId'>): Promise<PreviewResult>;
  /**
   * Sends a message once, signed where it has no signature. Resolves with null where the client acknowledged it, with its code
   * where it refused.
   */
  send<T extends ServerMessageType>(type: T, body: ServerMessageBody<T>): Promise<ErrorCode | null>;
  /** The client's answer to the message of this id: null where it acknowledges, its code where it refuses. */
  answerTo(id: string): Promise<ErrorCode | null>;
  /** Sends any text as a frame. */
  sendFrame(frame: string): void;
  /** Cuts the connection. */
  drop(reason?: string): void;
  /** Every connection is refused from now on; null lets them in again. */
  refuseConnections(kind: ConnectRefused['kind'] | null): void;
}

interface Peer {
  readonly handlers: LinkHandlers;
  hello: ClientMessageBody<'hello'> | null;
  open: boolean;
}

const REPEATS_MAX = 19;

export function createTestServer(options: TestServerOptions = {}): TestServer {
  return new InProcessServer(options);
}

class InProcessServer implements TestServer {
  readonly transport: Transport;
  readonly received: ClientMessage[] = [];
  readonly results = new Map<string, FixResult>();
  connections = 0;
  readonly serverKeys: readonly string[];
  readonly #signer = createTestSigner();
  readonly #options: TestServerOptions;
  readonly #signals = new Signals();
  readonly #answers = new Map<string, (code: ErrorCode | null) => void>();
  readonly #reports = new Map<string, Map<number, readonly ProblemReport[]>>();
  readonly #dones = new Map<string, ClientMessageBody<'collect-done'>>();
  readonly #previews = new Map<string, PreviewResult>();
  readonly #leaseResults = new Map<string, Map<string, FixResult>>();
  #peer: Peer | null = null;
  #refusal: ConnectRefused['kind'] | null = null;

  constructor(options: TestServerOptions) {
    this.#options = options;
    this.serverKeys = [this.#signer.serverKey];
    this.transport = { connect: (handlers) => this.#accept(handlers) };
  }

  async connected(): Promise<ClientMessageBody<'hello'>> {
    return this.#signals.until(() => (this.#peer?.open ? this.#peer.hello : null));
  }

  message(matches: (message: ClientMessage) => boolean): Promise<ClientMessage> {
    return this.#signals.until(() => this.received.find(matches) ?? null);
  }

  async collect(partial: Pick<CollectCommand, 'fixCodes'> & Partial<CollectCommand>): Promise<TestCollected> {
    const command: CollectCommand = {
      commandId: randomUUID(),
      collectionId: randomUUID(),
      epoch: 1,
      windowFrom: '2026-01-01T00:00:00.000Z',
      windowTo: '2026-01-02T00:00:00.000Z',
      ...partial,
    };
    const { commandId } = command;
    const done = await this.#untilAnswered('collect', command, () => this.#dones.get(commandId) ?? null);
    const batches = [...(this.#reports.get(commandId) ?? new Map<number, readonly ProblemReport[]>())];
    return { problems: batches.sort(([a], [b]) => a - b).flatMap(([, problems]) => problems), done };
  }

  fix(
    commands: readonly TestCommand[],
    lease: { leaseId?: string; epoch?: number; leaseMs?: number } = {},
  ): Promise<FixResult[]> {
    const items: FixItem[] = commands.map(testCommand);
    const body = {
      leaseId: lease.leaseId ?? randomUUID(),
      epoch: lease.epoch ?? 1,
      leaseMs: lease.leaseMs ?? 600_000,
      items,
    };
    return this.#untilAnswered('fix', body, () => {
      const answered = this.#leaseResults.get(body.leaseId);
      if (!answered || !items.every((item) => answered.has(item.commandKey))) return null;
      return items.flatMap((item) => answered.get(item.commandKey) ?? []);
    });
  }

  async preview(request: Omit<ServerMessageBody<'preview'>, 'previewId'>): Promise<PreviewResult> {
    const previewId = randomUUID();
    return this.#untilAnswered(
      'preview',
      { ...request, previewId },
      () => this.#previews.get(previewId) ?? null,
    );
  }

  async send<T extends ServerMessageType>(type: T, body: ServerMessageBody<T>): Promise<ErrorCode | null> {
    await this.connected();
    const id = randomUUID();
    const answer = this.answerTo(id);
    this.sendFrame(frameOf(id, type, this.#sealed(type, body)));
    return answer;
  }

  answerTo(id: string): Promise<ErrorCode | null> {
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  sendFrame(frame: string): void {
    const { faults } = this.#options;
    const times = 1 + repeats(faults);
    for (let time = 0; time < times; time += 1) this.#deliver(this.#peer, frame);
  }

  drop(reason = 'cut by the test'): void {
    const peer = this.#peer;
    if (!peer?.open) return;
    peer.open = false;
    this.#peer = null;
    queueMicrotask(() => peer.handlers.closed(reason));
    this.#signals.tell();
  }

  refuseConnections(kind: ConnectRefused['kind'] | null): void {
    this.#refusal = kind;
    if (kind !== null) this.drop();
  }

  /** Sends a command on every connection until its answer is there, as a server that polls its database would. */
  async #untilAnswered<T extends ServerMessageType, R>(
    type: T,
    body: ServerMessageBody<T>,
    answer: () => R | null,
  ): Promise<R> {
    for (let sentOn: Peer | null = null; ; ) {
      const found = await this.#signals.until(() => {
        const result = answer();
        if (result !== null) return { result };
        return this.#peer?.open && this.#peer.hello && this.#peer !== sentOn ? { send: this.#peer } : null;
      });
      if ('result' in found) return found.result;
      sentOn = found.send;
      this.sendFrame(frameOf(randomUUID(), type, this.#sealed(type, body)));
    }
  }

  #sealed<T extends ServerMessageType>(type: T, body: ServerMessageBody<T>): ServerMessageBody<T> {
    const audience = {
      sysCode: this.#options.sysCode ?? 'PBAP',
      clientId: this.#peer?.hello?.clientId ?? '',
    };
    const seal: TestSigner['seal'][T] = this.#signer.seal[type];
    return seal === undefined ? body : seal(audience, body);
  }

  async #accept(handlers: LinkHandlers): Promise<Link> {
    this.connections += 1;
    if (this.#refusal) throw new ConnectRefused(this.#refusal, 'refused by the test');
    this.drop('replaced by a newer connection');
    const peer: Peer = { handlers, hello: null, open: true };
    this.#peer = peer;
    return {
      send: (frame) => void this.#take(peer, frame),
      close: (reason) => {
        if (this.#peer === peer) this.drop(reason);
      },
    };
  }

  #deliver(peer: Peer | null, frame: string): void {
    // Never in the sender's own call stack, as on a real wire.
    queueMicrotask(() => {
      if (peer?.open) peer.handlers.message(frame);
    });
  }

  async #take(peer: Peer, frame: string): Promise<void> {
    await Promise.resolve();
    if (!peer.open) return;
    const { faults } = this.#options;
    if (happens(faults, faults?.loseBefore)) return this.drop('lost before it was handled');
    const message = readClientMessage(frame);
    await this.#options.before?.(message);
    if (!peer.open) return;
    const code = this.#options.refuse?.(message) ?? null;
    if (code === null) this.#keep(peer, message);
    if (happens(faults, faults?.loseAfter)) return this.drop('lost after it was handled');
    this.#answer(peer, message, code);
    this.#signals.tell();
  }

  #keep(peer: Peer, message: ClientMessage): void {
    this.received.push(message);
    if (message.type === 'hello') peer.hello = message.body;
    if (message.type === 'ack') this.#settle(message.body.re, null);
    if (message.type === 'error' && message.body.re !== undefined)
      this.#settle(message.body.re, message.body.code);
    if (message.type === 'collect-done') this.#dones.set(message.body.commandId, message.body);
    if (message.type === 'preview-result') this.#previews.set(message.body.previewId, message.body);
    if (message.type === 'fix-results') {
      const { leaseId, results } = message.body;
      const answered = this.#leaseResults.get(leaseId) ?? new Map<string, FixResult>();
      for (const result of results) answered.set(result.commandKey, result);
      for (const result of results) this.results.set(result.commandKey, result);
      this.#leaseResults.set(leaseId, answered);
    }
    if (message.type === 'problems') {
      const { commandId, sequence, problems } = message.body;
      const batches = this.#reports.get(commandId) ?? new Map<number, readonly ProblemReport[]>();
      this.#reports.set(commandId, batches.set(sequence, problems));
    }
  }

  #settle(id: string, code: ErrorCode | null): void {
    this.#answers.get(id)?.(code);
    this.#answers.delete(id);
  }

  #answer(peer: Peer, message: ClientMessage, code: ErrorCode | null): void {
    if (message.type === 'ack' || message.type === 'error') return;
    const answer = (): string => {
      if (code !== null)
        return frameOf(randomUUID(), 'error', {
          re: message.id,
          code,
          detail: code,
          retryable: ERRORS[code].retryable,
        });
      if (message.type !== 'hello') return frameOf(randomUUID(), 'ack', { re: message.id });
      return frameOf(randomUUID(), 'welcome', {
        protocolVersion: PROTOCOL_VERSION,
        sysCode: this.#options.sysCode ?? 'PBAP',
        serverTime: '2026-01-02T03:04:05.000Z',
        heartbeatMs: this.#options.heartbeatMs ?? 5_000,
        lostLeases: this.#options.lost?.(message.body.leases) ?? [],
      });
    };
    this.#deliver(peer, answer());
  }
}

function frameOf<T extends ServerMessageType>(id: string, type: T, body: ServerMessageBody<T>): string {
  return JSON.stringify({ v: PROTOCOL_VERSION, id, at: '2026-01-02T03:04:05.000Z', type, body });
}

function happens(faults: TestFaults | undefined, chance: number | undefined): boolean {
  return faults !== undefined && chance !== undefined && faults.random() < chance;
}

function repeats(faults: TestFaults | undefined): number {
  return happens(faults, faults?.repeat) ? Math.ceil((faults?.random() ?? 0) * REPEATS_MAX) : 0;
}
