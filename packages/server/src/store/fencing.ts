/**
 * Keeps a node that slept from acting in the name of a client that went elsewhere meanwhile: each connection of a client
 * has a number, and whoever comes with a lower one than the database knows is refused.
 */
import { PiculusError } from '@piculus/protocol';
import { type RawBuilder, sql } from 'kysely';
import { Replaced } from '../base/replaced.ts';
import { sqlState } from './availability.ts';
import type { Executor } from './database.ts';

/** Errors of the triggers on leases and collect commands. */
const TAKEN_AWAY = 'PF001';
const NEWER_CONNECTION = 'PF002';

/** The number of a connection; null where it has none, so that nothing is fenced by it. Text of a bigint. */
export type ConnectionNumber = string | null;

/** Draws the number of a new connection. Call it before the client can have said anything on it. */
export async function nextConnection(db: Executor): Promise<string> {
  const found = await sql<{ number: string }>`SELECT piculus.next_connection() AS number`.execute(db);
  const [row] = found.rows;
  if (row === undefined) throw new Error('the database drew no number');
  return row.number;
}

/** Holds where the stored number is not higher than the given one. */
export function notNewer(stored: RawBuilder<unknown>, given: ConnectionNumber): RawBuilder<unknown> {
  return given === null ? sql`true` : sql`(${stored} IS NULL OR ${stored} <= ${given}::bigint)`;
}

/** What is to be stored: the given number, or what is there where none is given. */
export function lifted(stored: RawBuilder<unknown>, given: ConnectionNumber): RawBuilder<unknown> {
  return given === null ? stored : sql`${given}::bigint`;
}

/** @throws Replaced where what is stored came over a newer connection of the same client. */
export function requireNotNewer(stored: ConnectionNumber, given: ConnectionNumber): void {
  if (stored !== null && given !== null && BigInt(stored) > BigInt(given)) throw new Replaced();
}

/** @throws Replaced where the client has greeted on a newer connection. */
export async function requireNewest(db: Executor, clientId: string, given: ConnectionNumber): Promise<void> {
  if (given === null) return;
  const found = await sql`
    SELECT FROM piculus.clients WHERE client_id = ${clientId} AND connection > ${given}::bigint`.execute(db);
  if (found.rows.length > 0) throw new Replaced();
}

/** Runs a statement that the guards of the tables may refuse. @throws PiculusError `stale-lease`; Replaced. */
export async function fenced<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (sqlState(error) === NEWER_CONNECTION) throw new Replaced();
    if (sqlState(error) === TAKEN_AWAY) throw new PiculusError('stale-lease');
    throw error;
  }
}
