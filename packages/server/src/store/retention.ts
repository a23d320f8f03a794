/**
 * What goes by itself after its time: messages by the day, short-lived keys, answered leases, clients that went.
 * Problems, executions, acts and versions are never in here.
 */
import { sql } from 'kysely';
import type { Database, Executor } from './database.ts';
import { sqlState } from './availability.ts';
import { transaction } from './pool.ts';

const DAY_MS = 86_400_000;
const PARTITION = /^messages_([0-9]{4})([0-9]{2})([0-9]{2})$/;
/** The default partition holds rows of this day already: they stay there and go by row. */
const ROWS_IN_DEFAULT = '23514';
/** Somebody made it at the same moment, or another statement held the table for too long: the next round tries again. */
const TAKEN = new Set(['42P07', '23505', '55P03']);

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
const startOfDay = (at: Date): Date => new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS);

/** Makes the partitions of messages for the day of `at` and for the next ones. @returns names of the new ones. */
export async function createMessagePartitions(db: Database, at: Date, daysAhead: number): Promise<string[]> {
  const present = new Set(await messagePartitions(db));
  const made: string[] = [];
  for (let ahead = 0; ahead <= daysAhead; ahead += 1) {
    const from = new Date(startOfDay(at).getTime() + ahead * DAY_MS);
    const name = `messages_${dayOf(from).replaceAll('-', '')}`;
    if (!present.has(name) && (await createPartition(db, from))) made.push(name);
  }
  return made;
}

async function createPartition(db: Database, from: Date): Promise<boolean> {
  try {
    await transaction(db, async (tx) => {
      // Writers of messages must not queue up behind this for long.
      await sql`SET LOCAL lock_timeout = '2s'`.execute(tx);
      await sql`SELECT piculus.make_messages_of(${dayOf(from)}::date)`.execute(tx);
    });
    return true;
  } catch (error) {
    const state = sqlState(error) ?? '';
    if (state === ROWS_IN_DEFAULT || TAKEN.has(state)) return false;
    throw error;
  }
}

/** Names of the daily partitions, oldest first. */
export async function messagePartitions(db: Executor): Promise<string[]> {
  const result = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'piculus.messages'::regclass ORDER BY c.relname`.execute(db);
  return result.rows.map(({ name }) => name).filter((name) => PARTITION.test(name));
}

/** Drops the daily partitions that end at or before `cutoff`. @returns their names. */
export async function dropMessagePartitions(db: Database, cutoff: Date): Promise<string[]> {
  const dropped: string[] = [];
  for (const name of await messagePartitions(db)) {
    const [, year, month, day] = PARTITION.exec(name) ?? [];
    if (Date.UTC(Number(year), Number(month) - 1, Number(day)) + DAY_MS > cutoff.getTime()) continue;
    try {
      await transaction(db, async (tx) => {
        await sql`SET LOCAL lock_timeout = '2s'`.execute(tx);
        await sql`SELECT piculus.drop_messages_of(${`${year}-${month}-${day}`}::date)`.execute(tx);
      });
      dropped.push(name);
    } catch (error) {
      if (!TAKEN.has(sqlState(error) ?? '')) throw error;
    }
  }
  return dropped;
}

/** Deletes at most `limit` rows. @returns how many. */
export type Deletion = (db: Executor, before: Date, limit: number) => Promise<number>;

export const deleteDefaultMessages: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.messages_default WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.messages_default WHERE at < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};

export const deleteIdempotencyKeys: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.idempotency_keys WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.idempotency_keys WHERE created_at < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};

export const deleteClosedLeases: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.leases WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.leases WHERE closed_at < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};

export const deleteGoneClients: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.clients WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.clients WHERE disconnected_at < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};

/** Clients of a node that died never said goodbye; they went when they were last heard of. */
export async function markSilentClients(db: Executor, silentSince: Date): Promise<number> {
  const result = await sql`
    UPDATE piculus.clients SET disconnected_at = greatest(connected_at, last_heartbeat_at)
    WHERE disconnected_at IS NULL AND greatest(connected_at, last_heartbeat_at) < ${silentSince}`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}
