/**
 * Gives the one session that a WebAssembly PostgreSQL has to many connections, one whole unit of work at a
 * time. A unit is a simple query, or everything from a Parse to its Sync. While a transaction is open the
 * session stays with its connection, so that nobody else's statement can fall into it.
 */
import { query, statusOf, SYNC } from './wire.ts';

/** What runs protocol bytes: PGlite, or a stand-in in a test. */
export interface ProtocolEngine {
  execProtocolRaw(bytes: Uint8Array): Promise<Uint8Array>;
}

/** One connection, as the session sees it. */
export interface Guest {
  readonly id: number;
  /** The connection is gone; what it left open is rolled back. */
  readonly gone: boolean;
  answer(bytes: Uint8Array): void;
  /** Called when the connection starts or ends to hold the session between its units. */
  holds(holding: boolean): void;
}

/** In the place of a guest that has left. */
const nobody = ({ id }: Guest): Guest => ({ id, gone: false, answer: () => {}, holds: () => {} });

interface Unit {
  readonly guest: Guest;
  readonly bytes: Uint8Array;
  /** A unit cut by a Flush: the rest of it must come next. */
  readonly partial: boolean;
}

export class SharedSession {
  readonly #engine: ProtocolEngine;
  readonly #onBroken: (error: Error) => void;
  #queue: Unit[] = [];
  #holder: Guest | null = null;
  #midUnit = false;
  #running: Promise<void> | null = null;
  #broken = false;

  constructor(engine: ProtocolEngine, onBroken: (error: Error) => void) {
    this.#engine = engine;
    this.#onBroken = onBroken;
  }

  submit(guest: Guest, bytes: Uint8Array, partial: boolean): void {
    this.#queue.push({ guest, bytes, partial });
    this.#wake();
  }

  /**
   * A connection ended: forget what it still wanted, and roll back what it left open.
   * @param farewell what is to be done for it afterwards; nobody hears the answer.
   */
  left(guest: Guest, farewell: Uint8Array | null = null): void {
    this.#queue = this.#queue.filter((unit) => unit.guest !== guest);
    if (farewell !== null) this.#queue.push({ guest: nobody(guest), bytes: farewell, partial: false });
    if (this.#holder === guest || farewell !== null) this.#wake();
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  #wake(): void {
    if (this.#running !== null || this.#broken) return;
    this.#running = this.#run()
      .catch((error: unknown) => {
        // A program that has exited inside WebAssembly cannot be used again; going on would hang or lie.
        this.#broken = true;
        this.#onBroken(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        this.#running = null;
        if (this.#next() !== null || this.#holder?.gone === true) this.#wake();
      });
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#holder?.gone === true) {
        await this.#rollBack();
        continue;
      }
      const unit = this.#next();
      if (unit === null) return;
      this.#queue.splice(this.#queue.indexOf(unit), 1);
      await this.#execute(unit);
    }
  }

  #next(): Unit | null {
    const holder = this.#holder;
    if (holder === null) return this.#queue[0] ?? null;
    return this.#queue.find((unit) => unit.guest === holder) ?? null;
  }

  async #execute(unit: Unit): Promise<void> {
    if (this.#holder !== null) unit.guest.holds(false);
    const answer = await this.#engine.execProtocolRaw(unit.bytes);
    const status = statusOf(answer);
    this.#midUnit = unit.partial;
    const holding = unit.partial || status === 'T' || status === 'E';
    this.#holder = holding ? unit.guest : null;
    if (holding) unit.guest.holds(true);
    unit.guest.answer(answer);
  }

  async #rollBack(): Promise<void> {
    if (this.#midUnit) await this.#engine.execProtocolRaw(SYNC);
    this.#midUnit = false;
    await this.#engine.execProtocolRaw(query('ROLLBACK'));
    this.#holder = null;
  }
}
