/**
 * A TCP proxy on one arrow of the run. A partition here is as one on a wire: bytes wait, connections hang, nobody is
 * told; what a real network loses is sent again by TCP, so that nothing is lost inside a connection that lives.
 */
import { createServer, type Server, Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export type TcpFault =
  /** Every piece of both directions comes so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** At most so many bytes a second, in each direction. */
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** Nothing goes from the caller to the called, or the other way; the other direction works. */
  | { readonly kind: 'one-way'; readonly blocked: 'up' | 'down' }
  /** Nothing goes either way, and no connection ends. */
  | { readonly kind: 'half-open' };

type Direction = 'up' | 'down';

interface Pair {
  readonly caller: Socket;
  called: Socket | null;
  /** Pieces that wait for the fault to end, or for their time. */
  readonly waiting: Record<Direction, Buffer[]>;
  readonly pumping: Record<Direction, boolean>;
}

export interface TcpCounts {
  connections: number;
  /** Connections cut with a reset. */
  resets: number;
  /** Pieces that were held back by a fault. */
  held: number;
  delayed: number;
}

const HELD_MAX_BYTES = 1_048_576;

export class TcpProxy {
  readonly name: string;
  readonly counts: TcpCounts = { connections: 0, resets: 0, held: 0, delayed: 0 };
  port = 0;
  readonly #choose: () => Target | null;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #fault: TcpFault | null = null;

  /** @param choose where the next connection goes; null refuses it. */
  constructor(name: string, choose: () => Target | null) {
    this.name = name;
    this.#choose = choose;
    this.#server = createServer({ allowHalfOpen: true }, (caller) => this.#take(caller));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => resolve());
    });
    const address = this.#server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    return this.port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** From now on, for connections that are open too. */
  break(fault: TcpFault): void {
    this.#fault = fault;
  }

  heal(): void {
    this.#fault = null;
    for (const pair of this.#pairs)
      for (const direction of ['up', 'down'] as const) void this.#pump(pair, direction);
  }

  /** Cuts every open connection with a reset on both sides. @returns how many. */
  reset(): number {
    const cut = this.#pairs.size;
    for (const pair of [...this.#pairs]) this.#end(pair);
    this.counts.resets += cut;
    return cut;
  }

  async close(): Promise<void> {
    this.reset();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #take(caller: Socket): void {
    const target = this.#choose();
    caller.on('error', () => {});
    if (target === null) {
      caller.resetAndDestroy();
      return;
    }
    this.counts.connections += 1;
    const called = new Socket({ allowHalfOpen: true });
    const pair: Pair = {
      caller,
      called,
      waiting: { up: [], down: [] },
      pumping: { up: false, down: false },
    };
    this.#pairs.add(pair);
    caller.setNoDelay(true);
    called.setNoDelay(true);
    this.#join(pair, caller, 'up');
    this.#join(pair, called, 'down');
    called.connect(target);
  }

  /** What comes from this socket goes in that direction. */
  #join(pair: Pair, from: Socket, direction: Direction): void {
    const to = direction === 'up' ? pair.called : pair.caller;
    from.on('data', (chunk: Buffer) => {
      pair.waiting[direction].push(chunk);
      if (this.#isBlocked(direction)) this.counts.held += 1;
      const held = pair.waiting[direction].reduce((sum, piece) => sum + piece.length, 0);
      if (held > HELD_MAX_BYTES) from.pause();
      void this.#pump(pair, direction).then(() => from.resume());
    });
    from.on('end', () => {
      // Behind what still waits; a blocked direction does not tell of the end either.
      void this.#pump(pair, direction).then(() => {
        if (pair.waiting[direction].length === 0 && !this.#isBlocked(direction)) to?.end();
      });
    });
    from.on('error', () => this.#end(pair));
    from.on('close', () => {
      if (!this.#isBlocked(direction)) this.#end(pair);
    });
  }

  #isBlocked(direction: Direction): boolean {
    const fault = this.#fault;
    return fault?.kind === 'half-open' || (fault?.kind === 'one-way' && fault.blocked === direction);
  }

  async #pump(pair: Pair, direction: Direction): Promise<void> {
    if (pair.pumping[direction]) return;
    pair.pumping[direction] = true;
    try {
      for (;;) {
        if (this.#isBlocked(direction)) return;
        const piece = pair.waiting[direction].shift();
        if (piece === undefined) return;
        const pauseMs = this.#pauseMs(piece.length);
        if (pauseMs > 0) {
          this.counts.delayed += 1;
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
        const to = direction === 'up' ? pair.called : pair.caller;
        if (to === null || to.destroyed) return;
        if (!to.write(piece)) {
          await new Promise<void>((resolve) => {
            const go = (): void => {
              to.off('drain', go);
              to.off('close', go);
              resolve();
            };
            to.on('drain', go);
            to.on('close', go);
          });
        }
      }
    } finally {
      pair.pumping[direction] = false;
    }
  }

  #pauseMs(bytes: number): number {
    if (this.#fault?.kind === 'delay') return this.#fault.ms;
    if (this.#fault?.kind === 'throttle') return Math.ceil((bytes * 1_000) / this.#fault.bytesPerSecond);
    return 0;
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    for (const socket of [pair.caller, pair.called]) {
      if (socket === null || socket.destroyed) continue;
      socket.on('error', () => {});
      socket.resetAndDestroy();
    }
  }
}
