/**
 * A proxy between a client and the servers that knows messages. TCP hides loss, repeats and disorder, so that only
 * somebody who sees messages can make them: this one drops, repeats, delays and exchanges them, and plays old ones
 * again, also on a later connection.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';

export interface MessageFaults {
  /** Chances of each message, 0 to 1. */
  readonly drop: number;
  readonly repeat: number;
  readonly delay: number;
  readonly reorder: number;
  /** Of playing some earlier message again behind it. */
  readonly replay: number;
  /** Longest delay. */
  readonly delayMsMax: number;
}

export interface MessageCounts {
  messages: number;
  dropped: number;
  repeated: number;
  delayed: number;
  reordered: number;
  replayed: number;
  cut: number;
}

export type MessageDirection = 'to-server' | 'to-client';

export interface WebSocketProxyOptions {
  readonly name: string;
  readonly targetPort: number;
  readonly random: () => number;
  /** Sees every message that arrives here, before anything is done to it. */
  readonly saw: (direction: MessageDirection, text: string) => void;
}

interface Link {
  readonly client: WebSocket;
  readonly server: WebSocket;
  readonly held: Map<MessageDirection, string>;
}

const REMEMBERED = 200;
const HELD_MS = 100;

export class WebSocketProxy {
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
  readonly #options: WebSocketProxyOptions;
  readonly #server: Server = createServer((_request, response) => response.writeHead(404).end());
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #links = new Set<Link>();
  readonly #old: Record<MessageDirection, string[]> = { 'to-server': [], 'to-client': [] };
  #faults: MessageFaults | null = null;

  constructor(options: WebSocketProxyOptions) {
    this.#options = options;
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get name(): string {
    return this.#options.name;
  }

  get links(): number {
    return this.#links.size;
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

  /** A connection that lost messages is no connection any more, so that it ends with the fault. */
  heal(): void {
    const lost = this.#faults !== null && this.#faults.drop > 0;
    this.#faults = null;
    if (lost) this.cut();
  }

  /** Ends every connection without a word. @returns how many. */
  cut(): number {
    const links = [...this.#links];
    for (const { client, server } of links) {
      client.terminate();
      server.terminate();
    }
    this.counts.cut += links.length;
    return links.length;
  }

  async close(): Promise<void> {
    this.cut();
    this.#sockets.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    const { authorization } = request.headers;
    const server = new WebSocket(`ws://127.0.0.1:${this.#options.targetPort}${request.url ?? '/'}`, {
      headers: authorization === undefined ? {} : { authorization },
      perMessageDeflate: false,
    });
    const early: string[] = [];
    const listen = (data: RawData): void => void early.push(asText(data));
    server.on('message', listen);
    server.on('error', () => socket.destroy());
    server.on('unexpected-response', (_sent, response) => {
      const { statusCode = 502, statusMessage = 'Bad Gateway' } = response;
      socket.end(`HTTP/1.1 ${statusCode} ${statusMessage}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      response.resume();
    });
    socket.on('close', () => server.terminate());
    server.on('open', () => {
      this.#sockets.handleUpgrade(request, socket, head, (client) => {
        server.off('message', listen);
        this.#join(client, server);
        for (const text of early) server.emit('message', Buffer.from(text), false);
      });
    });
  }

  #join(client: WebSocket, server: WebSocket): void {
    const link: Link = { client, server, held: new Map() };
    this.#links.add(link);
    const pipe = (from: WebSocket, to: WebSocket, direction: MessageDirection): void => {
      from.on('message', (data) => this.#pass(link, direction, asText(data)));
      from.on('error', () => {});
      from.on('close', (code, reason) => {
        this.#links.delete(link);
        if (to.readyState !== WebSocket.OPEN) return;
        if (code === 1005) to.close();
        else if (code === 1006) to.terminate();
        else to.close(code, reason);
      });
    };
    pipe(client, server, 'to-server');
    pipe(server, client, 'to-client');
  }

  #pass(link: Link, direction: MessageDirection, text: string): void {
    const { random, saw } = this.#options;
    saw(direction, text);
    this.counts.messages += 1;
    const old = this.#old[direction];
    old.push(text);
    if (old.length > REMEMBERED) old.shift();
    const faults = this.#faults;
    if (faults === null) {
      this.#send(link, direction, text);
      return;
    }
    if (random() < faults.drop) {
      this.counts.dropped += 1;
      return;
    }
    if (random() < faults.reorder && !link.held.has(direction)) {
      // The next one overtakes it; where none comes, it goes on by itself.
      this.counts.reordered += 1;
      link.held.set(direction, text);
      setTimeout(() => this.#release(link, direction), HELD_MS);
      return;
    }
    if (random() < faults.delay) {
      this.counts.delayed += 1;
      setTimeout(() => this.#send(link, direction, text), Math.ceil(random() ** 3 * faults.delayMsMax));
    } else this.#send(link, direction, text);
    this.#release(link, direction);
    if (random() < faults.repeat) {
      this.counts.repeated += 1;
      this.#send(link, direction, text);
    }
    if (random() < faults.replay) {
      const again = old[Math.floor(random() * old.length)];
      if (again === undefined) return;
      this.counts.replayed += 1;
      this.#send(link, direction, again);
    }
  }

  #release(link: Link, direction: MessageDirection): void {
    const held = link.held.get(direction);
    if (held === undefined) return;
    link.held.delete(direction);
    this.#send(link, direction, held);
  }

  #send(link: Link, direction: MessageDirection, text: string): void {
    const to = direction === 'to-server' ? link.server : link.client;
    if (to.readyState === WebSocket.OPEN) to.send(text, () => {});
  }
}

function asText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString('utf8');
}
