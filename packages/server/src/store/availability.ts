/**
 * Tells a database that is away from a query that is wrong. This is the one place: every connection that
 * Kysely takes comes through here, so no caller has to look at a driver's errors.
 */
import { PiculusError } from '@piculus/protocol';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';

/**
 * SQLSTATEs of a database that is away for now: connection failures, shutdowns, start-up, too many clients, a full
 * disk, no memory, a standby after a fail-over, and the limits that the pool sets, because whoever ran into one may
 * simply try again later.
 */
const AWAY = /^(08...|57P0[1-5]|53[1-4]00|57014|55P03|25P0[34]|25006)$/;

/**
 * SQLSTATEs of values that are well-formed for our schemas and that PostgreSQL cannot store all the same: numbers
 * and times out of its range, offsets of more than 16 hours, NUL characters, half a surrogate pair.
 */
const UNSTORABLE = new Set(['22003', '22007', '22008', '22009', '22021', '22P05']);

/** Whether the caller's values are at fault, so that the same again would fail again. */
export function isUnstorable(error: unknown): boolean {
  return UNSTORABLE.has(sqlState(error) ?? '');
}

/** @returns the SQLSTATE where the error, or what `database-away` was made of, came from PostgreSQL itself. */
export function sqlState(error: unknown): string | undefined {
  const origin = isDatabaseAway(error) ? error.cause : error;
  return origin instanceof pg.DatabaseError ? origin.code : undefined;
}

export function isDatabaseAway(error: unknown): error is PiculusError {
  return error instanceof PiculusError && error.code === 'database-away';
}

/**
 * A failure without a SQLSTATE did not come from PostgreSQL, so the way to it broke. Faults of our own code
 * (an unprintable parameter) are TypeErrors and RangeErrors and stay what they are.
 */
function asAway(error: unknown): unknown {
  if (error instanceof PiculusError || error instanceof TypeError || error instanceof RangeError)
    return error;
  const state = sqlState(error);
  if (state !== undefined && !AWAY.test(state)) return error;
  const away = new PiculusError('database-away');
  away.cause = error;
  return away;
}

/** Is told how long each statement took, and each wait for a connection; in milliseconds. */
export interface DatabaseWatch {
  nowMs(): number;
  connected(ms: number): void;
  queried(ms: number): void;
  away(): void;
}

const noWatch: DatabaseWatch = { nowMs: () => 0, connected: () => {}, queried: () => {}, away: () => {} };

/** The pool as Kysely uses it, with every failure to reach the database told as `database-away`. */
export function guardPool(pool: pg.Pool, watch: DatabaseWatch = noWatch): PostgresPool {
  return {
    connect: async () => {
      const began = watch.nowMs();
      try {
        const client = await pool.connect();
        watch.connected(watch.nowMs() - began);
        return guardClient(client, pool.options.pipeline === true, watch);
      } catch (error) {
        throw told(error, watch);
      }
    },
    end: () => pool.end(),
  };
}

function told(error: unknown, watch: DatabaseWatch): unknown {
  const known = asAway(error);
  if (isDatabaseAway(known)) watch.away();
  return known;
}

function guardClient(client: pg.PoolClient, together: boolean, watch: DatabaseWatch): PostgresPoolClient {
  // A connection that breaks while no query runs emits an error, which without a listener ends the process.
  // The next query on it fails and tells the caller.
  const ignore = (): void => {};
  client.on('error', ignore);
  let broken = false;
  let last: Promise<unknown> = Promise.resolve();
  const ask = async (sql: unknown, parameters?: readonly unknown[]): Promise<unknown> => {
    // A rollback on a connection that answers nothing would wait as long as the statement before it.
    if (broken) throw told(new Error('the connection has answered nothing'), watch);
    const began = watch.nowMs();
    try {
      return await client.query(String(sql), parameters === undefined ? [] : [...parameters]);
    } catch (error) {
      // An answer that never came may still come: to whoever had the connection next.
      broken ||= sqlState(error) === undefined;
      throw told(error, watch);
    } finally {
      watch.queried(watch.nowMs() - began);
    }
  };
  // The driver queues nothing itself where it does not send ahead.
  const query = (sql: unknown, parameters?: readonly unknown[]): Promise<unknown> => {
    const answer = together ? ask(sql, parameters) : last.then(() => ask(sql, parameters));
    last = answer.catch(() => {});
    return answer;
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: () => {
      client.off('error', ignore);
      client.release(broken);
    },
  };
}
