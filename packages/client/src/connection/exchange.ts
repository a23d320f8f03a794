/**
 * The messages of one connection: what was sent and waits for its acknowledgement, what came and who handles
 * it. It ends with its link; a new connection has a new exchange.
 */
import {
  type ClientMessageBody,
  type ClientMessageType,
  LIMITS,
  PiculusError,
  type ServerMessage,
} from '@piculus/protocol';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { describeError } from '../masking/text.ts';
import { type Body, type MessageReader, type ReadFailure, writeMessage } from './messages.ts';
import type { Link } from './transport.ts';

/** The connection ended before the server said whether it has the message. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

export type IncomingMessage = Exclude<ServerMessage, { readonly type: 'ack' | 'error' }>;

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly read: MessageReader;
  /** Takes a message, or throws a PiculusError that is then answered to the server. */
  handle(message: IncomingMessage): void;
  /** An error of the server that answers nothing that waits. */
  complained(error: PiculusError): void;
  /** A message that could not be read. */
  unreadable(failure: ReadFailure): void;
}

interface Waiting {
  /** By `elapsedMs`. */
  readonly sentAt: number;
  resolve(): void;
  reject(error: Error): void;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #waiting = new Map<string, Waiting>();
  #link: Link | null = null;
  #ended: ConnectionLost | null = null;
  /** By `elapsedMs`. */
  lastHeardAt: number;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.lastHeardAt = options.clock.elapsedMs();
  }

  get open(): boolean {
    return this.#ended === null;
  }

  opened(link: Link): void {
    this.#link = link;
    this.lastHeardAt = this.#options.clock.elapsedMs();
  }

  /**
   * Sends a message and resolves when the server has it, after its commit.
   * @throws PiculusError with the server's code where it refuses, `too-large` without asking it; ConnectionLost where
   * it could not be told.
   */
  send<T extends ClientMessageType>(type: T, body: Body<T>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const { clock } = this.#options;
      const id = clock.uuid();
      const frame = writeMessage(clock, id, type, body);
      if (Buffer.byteLength(frame) > LIMITS.messageBytes) return reject(new PiculusError('too-large'));
      this.#waiting.set(id, { sentAt: clock.elapsedMs(), resolve, reject });
      this.#link?.send(frame);
    });
  }

  /** Sends a message of which no acknowledgement is waited for. */
  tell<T extends ClientMessageType>(type: T, body: ClientMessageBody<T>): void {
    if (this.#ended) return;
    const { clock } = this.#options;
    this.#link?.send(writeMessage(clock, clock.uuid(), type, body));
  }

  receive(frame: string): void {
    if (this.#ended) return;
    this.lastHeardAt = this.#options.clock.elapsedMs();
    const read = this.#options.read(frame);
    if ('failure' in read) this.#refuseUnreadable(read.failure);
    else if (read.message.type === 'ack') this.#settle(read.message.body.re)?.resolve();
    else if (read.message.type === 'error') this.#refused(read.message.body);
    else this.#handle(read.message);
  }

  /** Ends the exchange: whoever waits learns that it is not known whether the server has the message. */
  ended(reason: string): void {
    if (this.#ended) return;
    this.#ended = new ConnectionLost(reason);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }

  close(reason: string): void {
    this.#link?.close(reason);
  }

  /** How long the oldest message has waited for its acknowledgement, in ms. */
  oldestWaitMs(): number {
    const [oldest] = this.#waiting.values();
    return oldest ? this.#options.clock.elapsedMs() - oldest.sentAt : 0;
  }

  #settle(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #refused(body: Extract<ServerMessage, { type: 'error' }>['body']): void {
    const error = new PiculusError(body.code, body.detail);
    const waiting = body.re === undefined ? undefined : this.#settle(body.re);
    if (waiting) waiting.reject(error);
    else this.#options.complained(error);
  }

  #handle(message: IncomingMessage): void {
    try {
      this.#options.handle(message);
      // The welcome is itself an answer; everything else is told that it arrived.
      if (message.type !== 'welcome') this.tell('ack', { re: message.id });
    } catch (error) {
      if (!(error instanceof PiculusError)) {
        this.#options.log.error(
          { type: message.type, error: describeError(error) },
          'a message could not be handled',
        );
      }
      this.#complain(message.id, error instanceof PiculusError ? error : new PiculusError('internal'));
    }
  }

  #refuseUnreadable(failure: ReadFailure): void {
    this.#options.unreadable(failure);
    this.#complain(failure.id, failure.error);
  }

  #complain(re: string | undefined, error: PiculusError): void {
    const { code, message: detail, retryable } = error;
    this.tell('error', { ...(re === undefined ? {} : { re }), code, detail, retryable });
  }
}
