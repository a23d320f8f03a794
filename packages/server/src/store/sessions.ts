/** The table of sessions. better-auth makes them at a sign-in; what is asked and ended beside that is here. */
import type { Verb } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Executor, Tx } from './database.ts';
import type { UserRow } from './users.ts';

export interface OpenSession {
  readonly id: string;
  readonly user: UserRow;
  readonly authenticatedAt: Date | null;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  /** A role asks for a second factor, and there is none. */
  readonly factorMissing: boolean;
  /** What the person's grants allow. */
  readonly allowed: readonly { readonly verbs: Verb[]; readonly sysCode: string | null }[];
}

/**
 * All that is to be known of whoever sends a request, in one statement, because every request asks for it.
 * @returns the session and its user; undefined where it has ended.
 */
export async function selectSession(
  db: Executor,
  { by, value }: { readonly by: 'id' | 'token'; readonly value: string },
): Promise<OpenSession | undefined> {
  const row = await db
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .selectAll('u')
    .select([
      's.id as session_id',
      's.authenticated_at',
      's.expires_at as session_expires_at',
      's.last_seen_at as session_last_seen_at',
      sql<boolean>`NOT u.two_factor_enabled AND EXISTS (
        SELECT FROM piculus.grants g JOIN piculus.roles r ON r.name = g.role
        WHERE g.user_id = u.id AND r.requires_second_factor)`.as('factor_missing'),
      sql<OpenSession['allowed']>`coalesce((
        SELECT jsonb_agg(jsonb_build_object('verbs', to_jsonb(r.verbs), 'sysCode', g.sys_code))
        FROM piculus.grants g JOIN piculus.roles r ON r.name = g.role WHERE g.user_id = u.id), '[]')`.as(
        'allowed',
      ),
    ])
    .where(by === 'id' ? 's.id' : 's.token', '=', value)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const {
    session_id: id,
    authenticated_at: authenticatedAt,
    session_expires_at: expiresAt,
    session_last_seen_at: lastSeenAt,
    factor_missing: factorMissing,
    allowed,
    ...user
  } = row;
  return { id, user, authenticatedAt, lastSeenAt, expiresAt, factorMissing, allowed };
}

/** In one statement, so that being seen is one write. */
export async function touchSession(db: Executor, id: string, at: Date): Promise<void> {
  await sql`
    WITH seen AS (UPDATE piculus.sessions SET last_seen_at = ${at} WHERE id = ${id} RETURNING user_id)
    UPDATE piculus.users SET last_seen_at = ${at} WHERE id = (SELECT user_id FROM seen)`.execute(db);
}

export async function setAuthenticated(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('sessions').set({ authenticated_at: at }).where('id', '=', id).execute();
}

export interface SessionRow {
  readonly id: string;
  readonly address: string | null;
  readonly device: string | null;
  readonly startedAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

/** The sessions of a person that have not ended, the last seen first. */
export async function selectSessions(
  db: Executor,
  userId: string,
  { now, seenSince }: { readonly now: Date; readonly seenSince: Date },
): Promise<SessionRow[]> {
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'ip_address', 'user_agent', 'created_at', 'last_seen_at', 'expires_at'])
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    .where('last_seen_at', '>', seenSince)
    .orderBy('last_seen_at', 'desc')
    .orderBy('id')
    .limit(200)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    address: row.ip_address,
    device: row.user_agent,
    startedAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
  }));
}

/** @param except the session that stays; null ends all. @returns how many were ended. */
export async function deleteSessions(tx: Tx, userId: string, except: string | null = null): Promise<number> {
  let query = tx.deleteFrom('sessions').where('user_id', '=', userId);
  if (except !== null) query = query.where('id', '!=', except);
  const result = await query.executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** @returns whether that person had such a session. */
export async function deleteSession(db: Executor, userId: string, id: string): Promise<boolean> {
  const result = await db
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
