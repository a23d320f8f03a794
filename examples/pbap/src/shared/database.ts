/** The connection pool and transactions that bank and PBAP share. */
import pg from 'pg';

/** An embedded database is one session behind a socket, so few connections are best; they wait for each other. */
export const EMBEDDED_POOL_SIZE = 4;

export interface PoolOptions {
  readonly url: string;
  readonly size?: number;
  readonly name: string;
  /** Told of connections that broke while idle; the pool replaces them by itself. */
  readonly onIdleError?: (error: Error) => void;
}

export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.size ?? EMBEDDED_POOL_SIZE,
    application_name: options.name,
    connectionTimeoutMillis: 30_000,
    idleTimeoutMillis: 30_000,
  });
  // Without a listener a broken idle connection would end the process.
  pool.on('error', (error) => options.onIdleError?.(error));
  return pool;
}

/** Runs the work in one transaction (read committed): commits what it returns, rolls back what it throws. */
export async function inTransaction<T>(pool: pg.Pool, work: (tx: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection that breaks while no statement is under way has nobody else to tell, and would end the process.
  const breaks = (error: Error): void => {
    broken = error;
  };
  client.on('error', breaks);
  try {
    // A lock that is not had in time fails the work, which may be tried again, instead of hanging for ever.
    await client.query("begin; set local lock_timeout = '10s'");
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.off('error', breaks);
    // A connection that cannot even roll back is thrown away, not handed to the next one.
    client.release(broken);
  }
}

/** Anything that runs a query: the pool, or the transaction's own connection. */
export type Executor = Pick<pg.Pool, 'query'> | Pick<pg.PoolClient, 'query'>;
