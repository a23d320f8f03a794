/** Connections of one process to the simulated database, as the production's query builder takes them. */
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { PiculusError } from '@piculus/protocol';
import { Connection } from './connection.ts';
import type { EngineState } from './engine.ts';

/** A process, as the scheduler knows it. */
export interface StoreLane {
  readonly name: string;
  /** Resolves when a message has arrived; never where the process is dead. */
  turn(kind: 'connect' | 'send' | 'answer', label: string): Promise<void>;
}

/** The connection broke; or the transaction lost against another one. */
export type Fault = 'lost' | 'serialization' | 'deadlock';
export interface Faults {
  /** Instead of the statement. */
  readonly before?: (lane: string, sql: string) => Fault | null;
  /** After it has taken place: only `lost` means anything. */
  readonly after?: (lane: string, sql: string) => Fault | null;
}
export interface Timeouts {
  /** Milliseconds; 0 waits for ever. */
  readonly lockMs: number;
  readonly idleMs: number;
}

export interface PoolOptions {
  readonly state: EngineState;
  readonly lane: StoreLane;
  readonly connections: number;
  readonly faults: () => Faults;
  readonly timeouts: () => Timeouts;
  readonly isAway: () => boolean;
  readonly rewrite: (sql: string) => string;
  readonly after?: (ms: number, act: () => void) => () => void;
}

/** For what a dead process waits. */
const never = new Promise<never>(() => {});

interface Held {
  readonly connection: Connection;
  readonly client: PostgresPoolClient;
}

export class SimulatedPool implements PostgresPool {
  readonly #options: PoolOptions;
  readonly #all = new Set<Connection>();
  readonly #idle: Held[] = [];
  readonly #waiting: ((place: null) => void)[] = [];
  #isDead = false;
  #made = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async connect(): Promise<PostgresPoolClient> {
    while (true) {
      if (this.#isDead) return never;
      const idle = this.#idle.pop();
      if (idle !== undefined && !idle.connection.isBroken) return idle.client;
      if (idle !== undefined) this.#all.delete(idle.connection);
      if (this.#all.size < this.#options.connections) return this.#open();
      await new Promise<null>((resolve) => this.#waiting.push(resolve));
    }
  }

  async #open(): Promise<PostgresPoolClient> {
    this.#made += 1;
    const { lane, isAway } = this.#options;
    const connection = new Connection(`${lane.name}#${this.#made}`, this.#options, () => this.#isDead);
    this.#all.add(connection);
    await lane.turn('connect', connection.label);
    if (this.#isDead) return never;
    if (isAway()) {
      this.#drop(connection);
      throw new PiculusError('database-away');
    }
    // A connection does one statement after the other, in the order in which they were sent.
    let last: Promise<unknown> = Promise.resolve();
    const query = (sql: unknown, parameters: readonly unknown[] = []) => {
      const answer = last.then(() => connection.query(String(sql), parameters));
      last = answer.catch(() => {});
      return answer;
    };
    const client: PostgresPoolClient = {
      query: query as PostgresPoolClient['query'],
      release: () => this.#release({ connection, client }),
    };
    return client;
  }

  #release(held: Held): void {
    held.connection.leave();
    if (held.connection.isBroken) {
      this.#drop(held.connection);
      return;
    }
    this.#idle.push(held);
    this.#waiting.shift()?.(null);
  }
  #drop(connection: Connection): void {
    this.#all.delete(connection);
    this.#waiting.shift()?.(null);
  }

  end(): Promise<void> {
    this.breakAll();
    return Promise.resolve();
  }

  breakAll(): void {
    for (const connection of this.#all) connection.break();
  }

  kill(): void {
    this.#isDead = true;
    this.breakAll();
  }
}
