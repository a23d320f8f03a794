/** Two databases behind one face: they say what came of a statement, or that it waits. */
import pg from 'pg';
import { createTestDatabase } from '../../support/database.ts';
import { openEngine, type Store } from '../src/store/index.ts';
import { SCHEMA, SESSIONS, type SessionName } from './statements.ts';

/** What came of a statement: its rows as text, or the SQLSTATE. */
export type Outcome = string;

export interface Sessions {
  /** Begins a statement. */
  start(session: SessionName, sql: string): Promise<Outcome>;
  /** Resolves once every statement that can end has ended. */
  settle(waiting: ReadonlyMap<SessionName, unknown>): Promise<void>;
}
export interface Comparable {
  open(): Promise<Sessions>;
  close(): Promise<void>;
}

function told(rows: readonly unknown[]): Outcome {
  return JSON.stringify(rows);
}
function failed(error: unknown): Outcome {
  if (error instanceof pg.DatabaseError) return `error ${error.code ?? 'without a code'}`;
  throw error;
}

// The simulated one ------------------------------------------------------------------------------------------------

interface Raw {
  query(sql: string, parameters: readonly unknown[]): Promise<{ rows: readonly unknown[] }>;
}

export const simulated: Comparable = {
  open: async () => {
    const engine = openEngine({ migrations: [{ name: 'small', text: SCHEMA }], now: () => 0 });
    const raw = new Map<SessionName, Raw>();
    for (const name of SESSIONS) {
      const store: Store<unknown> = engine.connect({ name, turn: () => Promise.resolve() });
      raw.set(name, await store.pool.connect());
    }
    return {
      start: async (session, sql) => {
        try {
          const { rows } = (await raw.get(session)?.query(sql, [])) ?? { rows: [] };
          return told(rows);
        } catch (error) {
          return failed(error);
        }
      },
      // Whatever can go on has gone on once the queue of promises is empty.
      settle: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
    };
  },
  close: () => Promise.resolve(),
};

// PostgreSQL -------------------------------------------------------------------------------------------------------

/** A statement that waits in a circle is told so after this time; one that closes it is the one that fails. */
const DEADLOCK_MS = 15;

export async function realOne(): Promise<Comparable> {
  const database = await createTestDatabase();
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`SET deadlock_timeout = ${DEADLOCK_MS}`);
    return client;
  };
  const watcher = await connect();
  const clients = new Map<SessionName, { client: pg.Client; pid: number }>();
  for (const name of SESSIONS) {
    const client = await connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    clients.set(name, { client, pid: rows[0]?.pid ?? 0 });
  }
  const blocked = async (pids: readonly number[]): Promise<number> => {
    const { rows } = await watcher.query<{ blocked: number }>(
      'SELECT count(*)::integer AS blocked FROM unnest($1::integer[]) AS pid WHERE cardinality(pg_blocking_pids(pid)) > 0',
      [pids],
    );
    return rows[0]?.blocked ?? 0;
  };
  return {
    open: async () => {
      await watcher.query('DROP SCHEMA IF EXISTS piculus CASCADE');
      await watcher.query(SCHEMA);
      return {
        start: async (session, sql) => {
          try {
            const answer = await clients.get(session)?.client.query(sql);
            return told(answer?.rows ?? []);
          } catch (error) {
            return failed(error);
          }
        },
        settle: (waiting) => settled(waiting, (name) => clients.get(name)?.pid ?? 0, blocked),
      };
    },
    close: async () => {
      await watcher.end();
      for (const { client } of clients.values()) await client.end();
      await database.drop();
    },
  };
}

/** Until all that have not ended are held up by somebody, and have been long enough that it is no circle. */
async function settled(
  waiting: ReadonlyMap<SessionName, unknown>,
  pidOf: (name: SessionName) => number,
  blocked: (pids: readonly number[]) => Promise<number>,
): Promise<void> {
  let since: number | null = null;
  let seen = -1;
  while (waiting.size > 0) {
    const held = await blocked([...waiting.keys()].map(pidOf));
    const now = performance.now();
    if (held < waiting.size || waiting.size !== seen) {
      since = held < waiting.size ? null : now;
      seen = waiting.size;
    } else if (since !== null && now - since > 3 * DEADLOCK_MS) return;
    else since ??= now;
  }
}
