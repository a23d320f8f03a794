/** The pool of connections and the one way to run a transaction. */
import pg from 'pg';
import { sqlState } from './availability.ts';
import type { Database, Tx } from './database.ts';

export interface PoolOptions {
  readonly url: string;
  /** Few connections: beyond about two per core they only add latency. */
  readonly connectionsMax?: number;
  /** How long a caller waits for a connection before the database counts as away. */
  readonly connectTimeoutMs?: number;
  /** Told of a connection that broke while it was idle; the pool replaces it. */
  readonly onIdleError?: (error: Error) => void;
}

/** `bigint` and `numeric` come back as text and `timestamptz` as Date, as the driver does by default. */
export function openPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax ?? 6,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idleTimeoutMillis: 30_000,
    application_name: 'piculus',
    keepAlive: true,
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  return pool;
}

/** SQLSTATEs of a transaction that lost against another one and may simply run again. */
const LOST_AGAINST_ANOTHER = new Set(['40001', '40P01']);
const ATTEMPTS_MAX = 5;

/**
 * Runs `work` in one transaction, again where it lost against another one; so `work` must have no effects
 * outside the transaction.
 * @throws PiculusError `database-away`; whether a commit that was under way took place is then unknown.
 */
export async function transaction<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !LOST_AGAINST_ANOTHER.has(sqlState(error) ?? '')) throw error;
    }
  }
}
