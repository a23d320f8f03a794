/** Sends messages to one client, matches their acknowledgements and records what became of each. */
import {
  type ErrorCode,
  PiculusError,
  PROTOCOL_VERSION,
  type ServerMessageBody,
  type ServerMessageType,
} from '@piculus/protocol';
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { type Messages, NotSent } from '../base/services.ts';
import { summariseBody } from './summary.ts';
import type { Connection } from './transport.ts';

export interface Correlation {
  /** Id of the message, where the caller must know it beforehand. */
  readonly messageId?: string | undefined;
  readonly collectionId?: string | undefined;
  readonly leaseId?: string | undefined;
}

interface Pending {
  readonly type: ServerMessageType;
  /** By `elapsedMs`, as every wait here. */
  readonly sentAt: number;
  readonly resolve: () => void;
  readonly reject: (error: PiculusError) => void;
}

export interface OutboxOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly messages: Messages;
  readonly metrics: Metrics;
  readonly sysCode: string;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pending = new Map<string, Pending>();
  #clientId: string | null = null;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Messages that wait for their acknowledgement. */
  get unacknowledged(): number {
    return this.#pending.size;
  }

  set clientId(clientId: string) {
    this.#clientId = clientId;
  }

  /**
   * Sends and resolves at the acknowledgement.
   * @throws PiculusError the client's refusal, or `no-client`: as NotSent where it certainly got nothing.
   */
  send<T extends ServerMessageType>(
    type: T,
    body: ServerMessageBody<T>,
    correlation: Correlation = {},
  ): Promise<void> {
    if (this.#closed) return Promise.reject(new NotSent());
    return new Promise((resolve, reject) => {
      const id = correlation.messageId ?? this.#options.clock.uuid();
      this.#pending.set(id, { type, sentAt: this.#options.clock.elapsedMs(), resolve, reject });
      if (!this.#write(id, type, body, correlation)) this.#lose(id, new NotSent());
    });
  }

  /** Sends what is not acknowledged by itself. */
  post<T extends ServerMessageType>(type: T, body: ServerMessageBody<T>): void {
    if (this.#closed) return;
    const id = this.#options.clock.uuid();
    this.#write(id, type, body, {});
    this.#options.messages.settle(id, 'sent', null);
  }

  /** The client has the message. Unknown ids are repeats or late, and mean nothing. */
  acknowledged(id: string): void {
    const pending = this.#take(id);
    if (pending === null) return;
    const latencyMs = this.#latency(pending);
    this.#options.metrics.observe('piculus_acknowledgement_seconds', {}, latencyMs);
    this.#options.messages.settle(id, 'acknowledged', latencyMs);
    pending.resolve();
  }

  /** @returns false where the refused message is not one that waits. */
  refused(id: string, code: ErrorCode, detail: string): boolean {
    const pending = this.#take(id);
    if (pending === null) return false;
    this.#options.messages.settle(id, 'refused', this.#latency(pending), code);
    pending.reject(new PiculusError(code, detail));
    return true;
  }

  /** The client will do nothing of what it has not acknowledged, as if it had refused each message of these types. */
  refusedAll(types: ReadonlySet<ServerMessageType>, error: PiculusError): void {
    for (const [id, { type }] of [...this.#pending])
      if (types.has(type)) this.refused(id, error.code, error.message);
  }

  /** Gives up on messages that were sent before that, by `elapsedMs`, and never answered. */
  expire(before: number): void {
    for (const [id, pending] of this.#pending) {
      if (pending.sentAt >= before) return;
      this.#lose(id, new PiculusError('no-client', 'the client did not acknowledge in time'));
    }
  }

  close(): void {
    this.#closed = true;
    for (const id of [...this.#pending.keys()])
      this.#lose(id, new PiculusError('no-client', 'the connection ended before the acknowledgement'));
  }

  #lose(id: string, error: PiculusError): void {
    const pending = this.#take(id);
    if (pending === null) return;
    this.#options.metrics.count('piculus_messages_lost_total', {});
    this.#options.messages.settle(id, 'lost', null);
    pending.reject(error);
  }

  #take(id: string): Pending | null {
    const pending = this.#pending.get(id) ?? null;
    this.#pending.delete(id);
    return pending;
  }

  #latency(pending: Pending): number {
    return Math.round(this.#options.clock.elapsedMs() - pending.sentAt);
  }

  #write<T extends ServerMessageType>(
    id: string,
    type: T,
    body: ServerMessageBody<T>,
    correlation: Correlation,
  ): boolean {
    const { clock, connection, messages, metrics, sysCode } = this.#options;
    metrics.count('piculus_messages_sent_total', { type });
    const at = clock.now();
    const frame = JSON.stringify({ v: PROTOCOL_VERSION, id, at: at.toISOString(), type, body });
    // An acknowledgement is told by the state of the message that it answers, not by a row of its own.
    if (type !== 'ack') {
      messages.record({
        messageId: id,
        direction: 'out',
        type,
        sysCode,
        clientId: this.#clientId,
        state: 'sent',
        ...(correlation.collectionId === undefined ? {} : { collectionId: correlation.collectionId }),
        ...(correlation.leaseId === undefined ? {} : { leaseId: correlation.leaseId }),
        sizeBytes: Buffer.byteLength(frame),
        at,
        payload: summariseBody(type, body),
      });
    }
    return connection.send(frame);
  }
}
