/** A database for a storm: the simulated one, or a real PostgreSQL; both with statements and constraints as asked. */
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { choosePolicy } from '../../support/approval-policy.ts';
import { createMigratedDatabase } from '../../support/database.ts';
import { guardPool } from '../../../packages/server/src/store/availability.ts';
import type { Database } from '../../../packages/server/src/store/database.ts';
import type { Tables } from '../../../packages/server/src/store/tables.ts';
import { openEngine } from '../src/store/index.ts';

export interface Arena {
  /** One for each process; every message through it takes its turn. */
  readonly processes: readonly Database[];
  /** For preparing and for counting afterwards: neither changed nor delayed. */
  readonly plain: Database;
  close(): Promise<void>;
}
export interface Asked {
  readonly seed: number;
  readonly rewrite: ((sql: string) => string) | null;
  readonly ddl: readonly string[];
}

const PROCESSES = 3;

/** Numbers of [0, 1) that depend on the seed alone. */
export function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Lets one of those that want to go on do so, drawn by the seed. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly #random: () => number;
  #isGoing = false;
  constructor(random: () => number) {
    this.#random = random;
  }
  take(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#go();
    });
  }
  #go(): void {
    if (this.#isGoing) return;
    this.#isGoing = true;
    setImmediate(() => {
      this.#isGoing = false;
      const [chosen] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1);
      chosen?.();
      if (this.#waiting.length > 0) this.#go();
    });
  }
}

export async function simulatedArena({ seed, rewrite, ddl }: Asked): Promise<Arena> {
  const engine = openEngine({ now: () => 0, ddl });
  const turns = new Turns(randomOf(seed));
  engine.mutate(rewrite);
  const processes = Array.from({ length: PROCESSES }, (_, at) => {
    const lane = { name: `process-${at}`, turn: () => turns.take() };
    return engine.connect<Tables>(lane).db;
  });
  const plain = engine.connect<Tables>({ name: 'plain', turn: () => Promise.resolve() }).db;
  await choosePolicy(plain, { mode: 'as-configured' });
  return { processes, plain, close: () => Promise.resolve() };
}

export async function realArena({ seed, rewrite, ddl }: Asked): Promise<Arena> {
  const database = await createMigratedDatabase();
  const pool = new pg.Pool({ connectionString: database.url, max: 3 * PROCESSES });
  // A connection that a killed process held ends when the database is dropped.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', () => {});
  const plain = databaseOf(guardPool(pool));
  for (const sql of ddl) await pool.query(sql);
  const turns = new Turns(randomOf(seed));
  const processes = Array.from({ length: PROCESSES }, () =>
    databaseOf(inTurns(guardPool(pool), turns, rewrite)),
  );
  return {
    processes,
    plain,
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

const databaseOf = (pool: PostgresPool): Database =>
  new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema('piculus');

function inTurns(pool: PostgresPool, turns: Turns, rewrite: Asked['rewrite']): PostgresPool {
  return {
    connect: async () => {
      const client = await pool.connect();
      // Statements that are sent together stay in their order, as on a real connection; turns are between connections.
      let last: Promise<unknown> = Promise.resolve();
      const query = (sql: unknown, parameters: readonly unknown[] = []): Promise<unknown> => {
        const answer = last.then(async () => {
          await turns.take();
          const rows = await client.query(rewrite?.(String(sql)) ?? String(sql), parameters);
          await turns.take();
          return rows;
        });
        last = answer.catch(() => undefined);
        return answer;
      };
      return { query: query as PostgresPoolClient['query'], release: () => client.release() };
    },
    end: () => pool.end(),
  };
}
