/** The pool of connections and the one way to run a transaction. */
import pg from 'pg';
import type { Commit, Steps } from '../base/steps.ts';
import { readTextList } from './arrays.ts';
import { sqlState } from './availability.ts';
import type { Database, Tx } from './database.ts';
import { inTransaction } from './transactions.ts';

export interface PoolOptions {
  readonly url: string;
  /** Few connections: beyond about two per core they only add latency. */
  readonly connectionsMax?: number;
  /** How long a caller waits for a connection before the database counts as away. */
  readonly connectTimeoutMs?: number;
  /** Statements may take as long as they need: for migrations and for the verification of the whole chain. */
  readonly patient?: boolean;
  /** The database takes one statement at a time, as the embedded one does. */
  readonly oneByOne?: boolean;
  /** Told of a connection that broke while it was idle; the pool replaces it. */
  readonly onIdleError?: (error: Error) => void;
}

/**
 * A node that is frozen or unplugged in the middle of a transaction keeps its locks until the database ends the
 * session. Without these limits that takes for ever, or two hours where its machine is gone, and nobody else can
 * claim, report or click in that system meanwhile.
 */
const SESSION_LIMITS = {
  idle_in_transaction_session_timeout: 4_000,
  lock_timeout: 10_000,
  statement_timeout: 30_000,
  /** Of the database's side; longer than the statement's, so that this end gives up only where nothing answers. */
  query_timeout: 35_000,
};
const PATIENT_LIMITS = { idle_in_transaction_session_timeout: 60_000 };
/** How the database finds out that the other end of a connection is gone: after about ten seconds. */
const KEEP_ALIVE = [
  'tcp_keepalives_idle=5',
  'tcp_keepalives_interval=2',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=10000',
];
/**
 * No statement here is worth being compiled: where the statistics of a table that has just been filled are missing,
 * the planner takes a look for 500 keys for so dear that it compiles it each time, for 200 ms.
 */
const PLANNING = ['jit=off'];

/** What PostgreSQL calls lists of texts and of big whole numbers. */
const LISTS: ReadonlySet<number> = new Set([1009, 1016]);

/** The driver's readers, but for lists of texts and of ids. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (type, format) => {
    const otherwise = pg.types.getTypeParser(type, format);
    if (format === 'binary' || !LISTS.has(type)) return otherwise;
    return (text: string) => readTextList(text) ?? otherwise(text);
  },
};

/**
 * The limits go to the database when a connection starts; what the URL says itself counts instead of them.
 * `bigint` and `numeric` come back as text and `timestamptz` as Date, as the driver does by default.
 */
export function openPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connectionsMax ?? 6,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idleTimeoutMillis: 30_000,
    application_name: 'piculus',
    types: TYPES,
    pipeline: options.oneByOne !== true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    options: [...KEEP_ALIVE, ...PLANNING].map((setting) => `-c ${setting}`).join(' '),
    ...(options.patient === true ? PATIENT_LIMITS : SESSION_LIMITS),
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  return pool;
}

/** SQLSTATEs of a transaction that lost against another one and may simply run again. */
const LOST_AGAINST_ANOTHER = new Set(['40001', '40P01']);
const ATTEMPTS_MAX = 5;

/**
 * Runs `work` in one transaction; statements that it awaits together are sent together. Runs it again where it lost
 * against another one; so `work` must have no effects outside the transaction.
 * @throws PiculusError `database-away`; whether a commit that was under way took place is then unknown.
 */
export async function transaction<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(db, work);
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !LOST_AGAINST_ANOTHER.has(sqlState(error) ?? '')) throw error;
    }
  }
}

/** As `transaction`, with the places before and after its commit. */
export async function committed<T>(
  { db, steps }: { readonly db: Database; readonly steps: Steps },
  commit: Commit,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const done = await transaction(db, async (tx) => {
    const result = await work(tx);
    await steps.at(`before ${commit}`);
    return result;
  });
  await steps.at(`after ${commit}`);
  return done;
}
