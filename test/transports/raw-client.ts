/** Speaks the protocol over a transport by hand, so that a test can say what no client says. */
import { randomUUID } from 'node:crypto';
import { type ClientMessageBody, type ClientMessageType, PROTOCOL_VERSION } from '@piculus/protocol';
import { z } from 'zod';
import type { Link, Transport } from '../../packages/client/src/connection/transport.ts';

const received = z.object({
  id: z.string(),
  type: z.string(),
  body: z
    .object({ re: z.string().optional(), code: z.string().optional(), sysCode: z.string().optional() })
    .loose(),
});
export type Received = z.infer<typeof received>;

export class RawClient {
  readonly frames: Received[] = [];
  readonly clientId: string;
  closedBy: string | null = null;
  #link: Link | null = null;
  readonly #waiters = new Set<() => void>();

  constructor(clientId: string = randomUUID()) {
    this.clientId = clientId;
  }

  async connect(transport: Transport): Promise<this> {
    const handlers = {
      message: (frame: string) => {
        this.frames.push(received.parse(JSON.parse(frame)));
        this.#tell();
      },
      closed: (reason: string) => {
        this.closedBy = reason;
        this.#tell();
      },
    };
    this.#link = await transport.connect(handlers, new AbortController().signal);
    return this;
  }

  async greeted(transport: Transport): Promise<this> {
    await this.connect(transport);
    this.hello();
    await this.until(({ type }) => type === 'welcome');
    return this;
  }

  hello(): string {
    return this.send('hello', {
      clientId: this.clientId,
      protocolVersions: [PROTOCOL_VERSION],
      sdk: { name: 'by-hand', version: '1.0.0' },
      application: { name: 'by-hand', version: '1.0.0' },
      host: 'test',
      pid: 1,
      places: 4,
      collectors: [],
      fixes: [],
      leases: [],
    });
  }

  heartbeat(): string {
    return this.send('heartbeat', { freePlaces: 4, leases: [], collectCommands: [], eventLoopLagMs: 0 });
  }

  send<T extends ClientMessageType>(type: T, body: ClientMessageBody<T>): string {
    const id = randomUUID();
    this.sendText(this.frameOf(id, type, body));
    return id;
  }

  frameOf<T extends ClientMessageType>(id: string, type: T, body: ClientMessageBody<T>): string {
    return JSON.stringify({ v: PROTOCOL_VERSION, id, at: new Date().toISOString(), type, body });
  }

  sendText(text: string): void {
    this.#link?.send(text);
  }

  close(): void {
    this.#link?.close('done');
  }

  /** Resolves with the first frame, old or new, for which this holds. @throws where the link ends before. */
  async until(matches: (frame: Received) => boolean): Promise<Received> {
    for (;;) {
      const found = this.frames.find(matches);
      if (found !== undefined) return found;
      if (this.closedBy !== null) throw new Error(`closed: ${this.closedBy}`);
      await this.#news();
    }
  }

  acknowledged(id: string): Promise<Received> {
    return this.until(({ body }) => body.re === id);
  }

  async closed(): Promise<string> {
    while (this.closedBy === null) await this.#news();
    return this.closedBy;
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiters.add(resolve));
  }

  #tell(): void {
    const waiting = [...this.#waiters];
    this.#waiters.clear();
    for (const resolve of waiting) resolve();
  }
}
