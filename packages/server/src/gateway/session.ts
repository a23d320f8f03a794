/**
 * One connected client: hello first, then messages of its own system, each checked, handled, answered and
 * recorded. Whatever a client does wrong ends at its own connection.
 */
import {
  type ClientMessageBody,
  type ClientMessageType,
  type ErrorCode,
  ERRORS,
  LIMITS,
  MESSAGE_ACCESS,
  PiculusError,
  type PreviewResult,
  type RawMessage,
  type Revealed,
  readFrame,
  readIdOnly,
  type ServerMessageBody,
  type ServerMessageType,
} from '@piculus/protocol';
import { Replaced } from '../base/replaced.ts';
import { NotSent, type Session } from '../base/services.ts';
import { stepped } from '../base/steps.ts';
import { isUnstorable } from '../store/availability.ts';
import type { GatewayParts } from './gateway.ts';
import { HANDLERS, laneOf } from './handlers.ts';
import { Inbox, type Lane } from './inbox.ts';
import { type Correlation, Outbox } from './outbox.ts';
import { Places } from './places.ts';
import { Questions } from './questions.ts';
import { summariseBody } from './summary.ts';
import type { Sealer } from './sealer.ts';
import type { CloseReason, Connection, ConnectionListener, Peer } from './transport.ts';
import { isClientMessageType } from './validation.ts';

/** Messages of one session that are handled at the same time. */
export const UNPROCESSED_MAX = 8;
/** A client that leaves more than this unread is cut off: its memory would become ours. */
const BUFFERED_BYTES_MAX = 8 * LIMITS.messageBytes;
/**
 * Refused messages in a row, weighed against accepted ones, before the connection is closed. A single one is put
 * aside: frames have their bounds from the transport, so that the next one is not harmed by it.
 */
const VIOLATIONS_MAX = 10;
/** Of somebody who has not been greeted, these end the connection at once. */
const FATAL_BEFORE_HELLO: ReadonlySet<ErrorCode> = new Set([
  'broken-json',
  'too-large',
  'too-deep',
  'forbidden-key',
  'wrong-version',
  'wrong-system',
]);

/** Whoever forges may do so without end, and the list is for people. Each is counted all the same. */
const FORGED_EVERY_MS = 1_000;

/** What asks a client to do something that it must not begin when it leaves. */
const WORK: ReadonlySet<ServerMessageType> = new Set(['fix', 'collect', 'preview', 'reveal']);

type State = 'waiting-hello' | 'greeting' | 'open' | 'closed';

export class GatewaySession implements Session, ConnectionListener {
  readonly sysCode: string;
  readonly keyId: string;
  /** Known with the hello at the latest. */
  connection: string | null;
  readonly outbox: Outbox;
  readonly previews = new Questions<PreviewResult>();
  readonly reveals = new Questions<Revealed>();
  /** Set by the hello; before it, the session is in nobody's list. */
  hello: ClientMessageBody<'hello'> | null = null;
  placesHeld = new Places(0, [], 1);
  collectors: ReadonlySet<string> = new Set();
  fixes: ReadonlySet<string> = new Set();
  knows: ReadonlySet<string> = new Set();
  /** When something came last, by `elapsedMs`. */
  heardAt: number;
  #state: State = 'waiting-hello';
  #leaving = false;
  #violations = 0;
  #forgedAt = Number.NEGATIVE_INFINITY;
  readonly #connection: Connection;
  readonly #parts: GatewayParts;
  readonly #inbox: Inbox;

  constructor(connection: Connection, peer: Peer, parts: GatewayParts) {
    this.#connection = connection;
    this.#parts = parts;
    this.sysCode = peer.sysCode;
    this.keyId = peer.keyId;
    this.connection = peer.connection ?? null;
    const { clock, metrics } = parts.context;
    this.heardAt = clock.elapsedMs();
    const { messages } = parts.services;
    this.outbox = new Outbox({ connection, clock, messages, metrics, sysCode: peer.sysCode });
    this.#inbox = new Inbox({
      unprocessedMax: UNPROCESSED_MAX,
      pause: () => connection.pause(),
      resume: () => {
        this.heardAt = clock.elapsedMs();
        connection.resume();
      },
      open: (frame) => this.#open(frame),
    });
  }

  get clientId(): string {
    return this.hello?.clientId ?? '';
  }
  get clientVersion(): string {
    return this.hello?.application.version ?? '';
  }
  get places(): number {
    return this.placesHeld.total;
  }
  get freePlaces(): number {
    return this.#state === 'open' && !this.#leaving ? this.placesHeld.free : 0;
  }
  get state(): State {
    return this.#state;
  }
  get unprocessed(): number {
    return this.#inbox.unprocessed;
  }
  /** True while silence is our doing: the connection is not being read. */
  get paused(): boolean {
    return this.#inbox.paused;
  }

  /** A hello is being worked on: no second one, and no work for the client yet. */
  startGreeting(): void {
    if (this.#state !== 'waiting-hello') throw new PiculusError('out-of-order', 'hello was said already');
    this.#state = 'greeting';
  }

  /** The client was greeted and may be given work. @returns false where the connection ended meanwhile. */
  opened(): boolean {
    if (this.#state !== 'greeting') return false;
    this.#state = 'open';
    return true;
  }

  async send<T extends ServerMessageType>(
    type: T,
    body: ServerMessageBody<T>,
    correlation: Correlation = {},
  ): Promise<void> {
    if (this.#leaving && WORK.has(type)) throw new NotSent();
    const lease = leasedBy(body);
    const nowMs = this.#parts.context.clock.elapsedMs();
    if (lease !== null) this.placesHeld.take(lease.leaseId, lease.items, nowMs);
    try {
      if (this.#connection.bufferedBytes > BUFFERED_BYTES_MAX) this.close('too-slow');
      const seal: Sealer[T] = this.#parts.sealer[type];
      const { sysCode, clientId, knows } = this;
      const out = seal === undefined ? body : seal({ sysCode, clientId, knows }, body);
      await this.outbox.send(type, out, correlation);
    } catch (error) {
      if (lease !== null) this.placesHeld.drop(lease.leaseId);
      throw error;
    }
  }

  /** Asks what a fix would do now. @throws PiculusError the client's refusal, `no-client`, `busy` after the timeout. */
  async preview(
    request: Omit<ServerMessageBody<'preview'>, 'previewId'>,
    timeoutMs: number,
  ): Promise<PreviewResult> {
    const { clock } = this.#parts.context;
    const previewId = clock.uuid();
    return this.previews.ask(previewId, {
      clock,
      timeoutMs,
      send: () => this.send('preview', { ...request, previewId }, { messageId: previewId }),
    });
  }

  /** Asks for unmasked values. @throws PiculusError as `preview`. */
  async reveal(request: Omit<ServerMessageBody<'reveal'>, 'revealId'>, timeoutMs: number): Promise<Revealed> {
    const { clock } = this.#parts.context;
    const revealId = clock.uuid();
    return this.reveals.ask(revealId, {
      clock,
      timeoutMs,
      send: () => this.send('reveal', { ...request, revealId }, { messageId: revealId }),
    });
  }

  frame(text: string): void {
    this.heardAt = this.#parts.context.clock.elapsedMs();
    this.#inbox.push(text);
  }

  unreadable(errorCode: ErrorCode, sizeBytes: number): void {
    if (this.#state === 'closed') return;
    this.#record({ sizeBytes, startedAt: this.#parts.context.clock.now(), correlation: {}, errorCode });
  }

  forged(sizeBytes: number): void {
    if (this.#state === 'closed') return;
    const { clock, metrics } = this.#parts.context;
    if (clock.elapsedMs() - this.#forgedAt < FORGED_EVERY_MS) {
      metrics.count('piculus_messages_refused_total', { code: 'unknown-key' });
      return;
    }
    this.#forgedAt = clock.elapsedMs();
    this.#record({ sizeBytes, startedAt: clock.now(), correlation: {}, errorCode: 'unknown-key' });
  }

  close(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#connection.close(reason);
    this.#end(reason);
  }

  replaced(): void {
    this.close('replaced');
  }

  /** Its client takes nothing more, and will not do what it has not acknowledged: that goes to others at once. */
  leaving(): void {
    this.#leaving = true;
    this.collectors = new Set();
    this.fixes = new Set();
    this.outbox.refusedAll(WORK, new PiculusError('stopping'));
  }

  /** Nothing more is taken or sent, whichever side ended it; safe to call again. */
  closed(): void {
    if (this.#state !== 'closed') this.#end('by-client');
  }

  #end(reason: CloseReason | 'by-client'): void {
    this.#state = 'closed';
    this.#parts.context.metrics.count('piculus_sessions_ended_total', { reason });
    this.#inbox.close();
    this.outbox.close();
    this.previews.close();
    this.reveals.close();
    this.#parts.closed(this);
  }

  terminate(): void {
    this.#connection.terminate();
  }

  /** Resolves when no message of this session is being handled. */
  idle(): Promise<void> {
    return this.#inbox.idle();
  }

  #open(frame: string): { lane: Lane; work: () => Promise<void> } | null {
    const startedAt = this.#parts.context.clock.now();
    let message: RawMessage;
    try {
      message = readFrame(frame);
    } catch (error) {
      this.#refuse(error, { frame, startedAt });
      return null;
    }
    return { lane: laneOf(message.type), work: () => this.#handle(message, frame, startedAt) };
  }

  /** Never rejects: what goes wrong is answered to the client or logged. */
  async #handle(message: RawMessage, frame: string, startedAt: Date): Promise<void> {
    if (this.#state === 'closed') return;
    const { type } = message;
    try {
      if (message.sysCode !== undefined && message.sysCode !== this.sysCode) {
        throw new PiculusError('wrong-system', "the system of a connection is its key's");
      }
      if (!isClientMessageType(type)) throw new PiculusError('unknown-type', 'no such message type');
      if (MESSAGE_ACCESS[type].from === 'client' && this.#state !== 'open')
        throw new PiculusError('out-of-order', 'say hello first');
      const correlation = await this.#handleTyped(type, message);
      this.#violations = Math.max(0, this.#violations - 1);
      const sizeBytes = Buffer.byteLength(frame);
      if (type !== 'ack') this.#record({ message, sizeBytes, startedAt, correlation });
    } catch (error) {
      this.#refuse(error, { message, frame, startedAt });
    }
  }

  async #handleTyped<T extends ClientMessageType>(type: T, message: RawMessage): Promise<Correlation> {
    const body = this.#parts.validator.body(type, message.body);
    const { answer, handle } = HANDLERS[type];
    const correlation = await handle(this.#parts, this, body);
    if (answer === 'ack') await this.#acknowledge(type, message.id);
    return correlation ?? {};
  }

  async #acknowledge(type: ClientMessageType, re: string): Promise<void> {
    const { steps } = this.#parts.context;
    const post = async (): Promise<void> => this.outbox.post('ack', { re });
    if (type === 'problems' || type === 'collect-done' || type === 'fix-results')
      await stepped(steps, `${type} ack`, post);
    else await post();
  }

  #refuse(cause: unknown, at: { message?: RawMessage; frame: string; startedAt: Date }): void {
    // Nothing that is said here counts any more; the client says it on its newer connection.
    if (cause instanceof Replaced) {
      this.replaced();
      return;
    }
    // Told as a fault of ours it would be sent again for ever.
    const error = isUnstorable(cause)
      ? new PiculusError('invalid-field', 'a number or time is outside of what can be stored')
      : cause;
    const code: ErrorCode = error instanceof PiculusError ? error.code : 'internal';
    const detail = error instanceof PiculusError ? error.message : ERRORS.internal.meaning.en;
    const type = at.message?.type ?? 'unreadable';
    const log = { code, detail, type, sysCode: this.sysCode, clientId: this.clientId };
    if (code === 'internal')
      this.#parts.context.log.error({ ...log, err: error }, 'a message could not be handled');
    else this.#parts.context.log.info(log, 'a message was refused');
    const id = at.message?.id ?? readIdOnly(at.frame);
    this.outbox.post('error', {
      ...(id === null ? {} : { re: id }),
      code,
      detail: detail.slice(0, LIMITS.textLength),
      retryable: ERRORS[code].retryable,
    });
    const sizeBytes = Buffer.byteLength(at.frame);
    this.#record({ ...at, id, sizeBytes, correlation: {}, errorCode: code });
    this.#punish(code, type);
  }

  #punish(code: ErrorCode, type: string): void {
    const reason = this.#endedBy(code, type);
    if (reason !== null) this.close(reason);
  }

  #endedBy(code: ErrorCode, type: string): CloseReason | null {
    if (this.#state !== 'open' && FATAL_BEFORE_HELLO.has(code)) return 'violation';
    // Without a good hello there is no session, and the client says it anew on a new connection.
    if (this.#state === 'greeting' || type === 'hello') return 'hello-failed';
    if (this.#state === 'waiting-hello') return 'no-hello';
    if (ERRORS[code].retryable || code === 'stale-lease' || code === 'unknown-command') return null;
    this.#violations += 1;
    return this.#violations >= VIOLATIONS_MAX ? 'violation' : null;
  }

  #record(entry: {
    message?: RawMessage;
    /** Of a message that could not be read whole. */
    id?: string | null;
    /** Of a frame that was not read whole, what was read of it at least. */
    sizeBytes: number;
    startedAt: Date;
    correlation: Correlation;
    errorCode?: ErrorCode;
  }): void {
    const { message, correlation, errorCode, startedAt } = entry;
    const { clock, metrics } = this.#parts.context;
    const latencyMs = clock.now().getTime() - startedAt.getTime();
    if (errorCode !== undefined) metrics.count('piculus_messages_refused_total', { code: errorCode });
    else if (message !== undefined) {
      metrics.count('piculus_messages_received_total', { type: message.type });
      metrics.observe('piculus_message_seconds', { type: message.type }, latencyMs);
    }
    this.#parts.services.messages.record({
      messageId: message?.id ?? entry.id ?? clock.uuid(),
      direction: 'in',
      type: message?.type ?? 'unreadable',
      sysCode: this.sysCode,
      clientId: this.hello?.clientId ?? null,
      state: errorCode === undefined ? 'accepted' : 'refused',
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(correlation.collectionId === undefined ? {} : { collectionId: correlation.collectionId }),
      ...(correlation.leaseId === undefined ? {} : { leaseId: correlation.leaseId }),
      sizeBytes: entry.sizeBytes,
      latencyMs,
      at: startedAt,
      // What was refused is not known to be masked, so nothing of it is kept.
      payload:
        errorCode === undefined && message !== undefined ? summariseBody(message.type, message.body) : null,
    });
  }
}

/** The lease that a message gives to the client, and how many places it takes. */
function leasedBy(body: object): { leaseId: string; items: number } | null {
  if (!('leaseId' in body) || typeof body.leaseId !== 'string') return null;
  if (!('items' in body) || !Array.isArray(body.items)) return null;
  return { leaseId: body.leaseId, items: body.items.length };
}
