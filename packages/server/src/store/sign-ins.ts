/** The tables that slow guessing down: failed proofs by slot, and where each person signed in before. */
import { sql } from 'kysely';
import type { Executor, Tx } from './database.ts';
import type { Deletion } from './retention.ts';

/** Something that may be tried so often, then slower and slower. */
export interface Slot {
  readonly slot: string;
  /** Tries that cost nothing. */
  readonly free: number;
  /** The longest wait between two tries. */
  readonly capMs: number;
}

/**
 * Counts a try as failed before it is made, so that tries at the same time are seen by each other.
 * @param forget failures in a row that ended before then no longer count.
 * @returns the slots that were free; where one is missing, roll back.
 */
export async function countTry(
  tx: Tx,
  slots: readonly Slot[],
  { now, forget }: { readonly now: Date; readonly forget: Date },
): Promise<string[]> {
  const rows = slots.map(({ slot, free, capMs }) => ({ slot, free, cap_ms: capMs }));
  const result = await sql<{ slot: string }>`
    INSERT INTO piculus.sign_in_failures AS old (slot, failures, blocked_until, last_at)
    SELECT slot, 1, ${now}, ${now}
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS given(slot text) ORDER BY slot
    ON CONFLICT (slot) DO UPDATE SET failures = CASE WHEN old.last_at < ${forget} THEN 1 ELSE old.failures + 1 END,
      last_at = ${now}
    WHERE old.blocked_until <= ${now}
    RETURNING slot`.execute(tx);
  await sql`
    UPDATE piculus.sign_in_failures AS f
    SET blocked_until = ${now}::timestamptz + interval '1 ms'
      * least(given.cap_ms, 1000 * power(2, least(f.failures - given.free, 30)))
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS given(slot text, free int, cap_ms int)
    WHERE f.slot = given.slot AND f.failures >= given.free AND f.blocked_until <= ${now}`.execute(tx);
  return result.rows.map(({ slot }) => slot);
}

/** @returns until when the longest blocked of these slots is blocked; null where none is. */
export async function selectBlockedUntil(db: Executor, slots: readonly Slot[]): Promise<Date | null> {
  const row = await db
    .selectFrom('sign_in_failures')
    .select((eb) => eb.fn.max('blocked_until').as('until'))
    .where(
      'slot',
      'in',
      slots.map(({ slot }) => slot),
    )
    .executeTakeFirst();
  return row?.until ?? null;
}

/** The proof was right: those slots begin anew, and the others take this one try back. */
export async function forgetTry(
  tx: Tx,
  cleared: readonly string[],
  takenBack: readonly string[],
  now: Date,
): Promise<void> {
  await sql`DELETE FROM piculus.sign_in_failures WHERE slot = ANY(${[...cleared]}::text[])`.execute(tx);
  await sql`
    UPDATE piculus.sign_in_failures SET failures = greatest(failures - 1, 0), blocked_until = ${now}
    WHERE slot = ANY(${[...takenBack]}::text[])`.execute(tx);
}

/** @returns the user's id where somebody of that name signed in from there before. */
export async function selectKnown(db: Executor, username: string, address: string): Promise<string | null> {
  const row = await db
    .selectFrom('users as u')
    .innerJoin('known_addresses as k', 'k.user_id', 'u.id')
    .select('u.id')
    .where('u.username', '=', username)
    .where('k.address', '=', address)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Keeps the `keep` addresses from which a person signed in last. */
export async function rememberAddress(
  tx: Tx,
  userId: string,
  { address, at, keep }: { readonly address: string; readonly at: Date; readonly keep: number },
): Promise<void> {
  await sql`
    INSERT INTO piculus.known_addresses (user_id, address, last_at) VALUES (${userId}, ${address}, ${at})
    ON CONFLICT (user_id, address) DO UPDATE SET last_at = excluded.last_at`.execute(tx);
  await sql`
    DELETE FROM piculus.known_addresses WHERE user_id = ${userId} AND address NOT IN (
      SELECT address FROM piculus.known_addresses WHERE user_id = ${userId}
      ORDER BY last_at DESC, address LIMIT ${keep})`.execute(tx);
}

export const deleteOldFailures: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.sign_in_failures WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.sign_in_failures WHERE last_at < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};

/** Sessions that have not been seen since. */
export const deleteQuietSessions: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.sessions WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.sessions WHERE last_seen_at < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};
