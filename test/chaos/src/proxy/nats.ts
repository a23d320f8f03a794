/**
 * A proxy between a client and NATS that knows NATS' own protocol: it drops, repeats, delays, exchanges and plays again
 * what Piculus sends (`PUB`) and gets (`MSG`), by subject, and leaves all else as it is.
 */
import { createServer, Socket } from 'node:net';
import type { MessageCounts, MessageDirection, MessageFaults } from './websocket.ts';

export interface NatsProxyOptions {
  readonly name: string;
  readonly targetPort: number;
  readonly random: () => number;
  /** Sees the payload of every message of Piculus that arrives here, before anything is done to it. */
  readonly saw: (direction: MessageDirection, subject: string, payload: Buffer) => void;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly held: Map<MessageDirection, Buffer>;
  readonly old: Record<MessageDirection, Buffer[]>;
}

const REMEMBERED = 200;
const HELD_MS = 100;
const OURS = /^piculus\./;

export class NatsProxy {
  readonly counts: MessageCounts = {
    messages: 0,
    dropped: 0,
    repeated: 0,
    delayed: 0,
    reordered: 0,
    replayed: 0,
    cut: 0,
  };
  port = 0;
  readonly #options: NatsProxyOptions;
  readonly #server = createServer((client) => this.#take(client));
  readonly #links = new Set<Link>();
  #faults: MessageFaults | null = null;

  constructor(options: NatsProxyOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()));
    const address = this.#server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    return this.port;
  }

  break(faults: MessageFaults): void {
    this.#faults = faults;
  }

  /** Nothing is cut: over NATS a message may be lost on a connection that lives, and the link finds out. */
  heal(): void {
    this.#faults = null;
  }

  cut(): number {
    const links = [...this.#links];
    for (const { client, server } of links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.counts.cut += links.length;
    return links.length;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #take(client: Socket): void {
    const server = new Socket();
    const link: Link = {
      client,
      server,
      held: new Map(),
      old: { 'to-server': [], 'to-client': [] },
    };
    this.#links.add(link);
    const end = (): void => {
      this.#links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on(
      'data',
      cutIntoMessages((text, subject, payload) => this.#pass(link, 'to-server', text, subject, payload)),
    );
    server.on(
      'data',
      cutIntoMessages((text, subject, payload) => this.#pass(link, 'to-client', text, subject, payload)),
    );
    server.connect(this.#options.targetPort, '127.0.0.1');
  }

  #pass(
    link: Link,
    direction: MessageDirection,
    bytes: Buffer,
    subject: string,
    payload: Buffer | null,
  ): void {
    if (payload === null || !OURS.test(subject)) {
      send(link, direction, bytes);
      return;
    }
    const { random, saw } = this.#options;
    saw(direction, subject, payload);
    this.counts.messages += 1;
    const old = link.old[direction];
    old.push(bytes);
    if (old.length > REMEMBERED) old.shift();
    const faults = this.#faults;
    if (faults === null) {
      send(link, direction, bytes);
      return;
    }
    if (random() < faults.drop) {
      this.counts.dropped += 1;
      return;
    }
    if (random() < faults.reorder && !link.held.has(direction)) {
      this.counts.reordered += 1;
      link.held.set(direction, bytes);
      setTimeout(() => release(link, direction), HELD_MS);
      return;
    }
    if (random() < faults.delay) {
      this.counts.delayed += 1;
      setTimeout(() => send(link, direction, bytes), Math.ceil(random() ** 3 * faults.delayMsMax));
    } else send(link, direction, bytes);
    release(link, direction);
    if (random() < faults.repeat) {
      this.counts.repeated += 1;
      send(link, direction, bytes);
    }
    const again = random() < faults.replay ? old[Math.floor(random() * old.length)] : undefined;
    if (again === undefined) return;
    this.counts.replayed += 1;
    send(link, direction, again);
  }
}

function release(link: Link, direction: MessageDirection): void {
  const held = link.held.get(direction);
  if (held === undefined) return;
  link.held.delete(direction);
  send(link, direction, held);
}

function send({ client, server }: Link, direction: MessageDirection, bytes: Buffer): void {
  const to = direction === 'to-server' ? server : client;
  if (!to.destroyed) to.write(bytes);
}

type Told = (bytes: Buffer, subject: string, payload: Buffer | null) => void;

/** Calls back with each whole piece of the protocol: a line, or a line with its payload behind it. */
function cutIntoMessages(tell: Told): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const end = rest.indexOf('\r\n');
      if (end < 0) return;
      const words = rest.subarray(0, end).toString('latin1').split(' ');
      const carries = /^(PUB|HPUB|MSG|HMSG)$/i.test(words[0] ?? '');
      const length = carries ? Number(words.at(-1)) : 0;
      const whole = carries ? end + 2 + length + 2 : end + 2;
      if (rest.length < whole) return;
      const bytes = Buffer.from(rest.subarray(0, whole));
      rest = rest.subarray(whole);
      const headers = /^H/i.test(words[0] ?? '') ? Number(words.at(-2)) : 0;
      const payload = carries ? bytes.subarray(end + 2 + headers, whole - 2) : null;
      tell(bytes, words[1] ?? '', payload);
    }
  };
}
