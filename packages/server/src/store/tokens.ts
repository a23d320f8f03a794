/** The table piculus.api_tokens: what people's programs sign in with, hashed. */
import { sql } from 'kysely';
import type { Executor, Tx } from './database.ts';

export interface TokenRow {
  readonly id: string;
  readonly user_id: string;
  readonly username: string;
  readonly name: string;
  readonly prefix: string;
  readonly verbs: string[];
  readonly sys_codes: string[] | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
}

export interface NewToken {
  readonly userId: string;
  readonly name: string;
  readonly prefix: string;
  readonly hash: Buffer;
  readonly verbs: readonly string[];
  readonly sysCodes: readonly string[] | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

const COLUMNS = sql`t.id, t.user_id, u.username, t.name, t.prefix, t.verbs, t.sys_codes, t.created_at, t.expires_at,
  t.last_used_at, t.revoked_at`;

/**
 * Locks the owner, so that two calls cannot pass the bound on tokens together.
 * @returns how many of theirs can be used; null where the owner is disabled.
 */
export async function lockOwnerOfTokens(tx: Tx, userId: string, now: Date): Promise<number | null> {
  const owner = await sql`SELECT FROM piculus.users WHERE id = ${userId} AND NOT banned FOR UPDATE`.execute(
    tx,
  );
  if (owner.rows.length === 0) return null;
  const found = await sql<{ usable: number }>`
    SELECT count(*)::int AS usable FROM piculus.api_tokens
    WHERE user_id = ${userId} AND revoked_at IS NULL AND expires_at > ${now}`.execute(tx);
  return found.rows[0]?.usable ?? 0;
}

export async function insertToken(tx: Tx, token: NewToken): Promise<string> {
  const systems = token.sysCodes === null ? null : [...token.sysCodes];
  const made = await sql<{ id: string }>`
    INSERT INTO piculus.api_tokens (user_id, name, prefix, token_hash, verbs, sys_codes, created_at, expires_at)
    VALUES (${token.userId}, ${token.name}, ${token.prefix}, ${token.hash}, ${[...token.verbs]}::text[],
      ${systems}::text[], ${token.createdAt}, ${token.expiresAt}) RETURNING id`.execute(tx);
  const [row] = made.rows;
  if (row === undefined) throw new Error('an insert without a conflict clause returned no row');
  return row.id;
}

/** Newest first. @param userId null for everybody's. */
export async function selectTokens(db: Executor, userId: string | null, limit: number): Promise<TokenRow[]> {
  const whose = userId === null ? sql`true` : sql`t.user_id = ${userId}`;
  const found = await sql<TokenRow>`
    SELECT ${COLUMNS} FROM piculus.api_tokens t JOIN piculus.users u ON u.id = t.user_id
    WHERE ${whose} ORDER BY t.id DESC LIMIT ${limit}`.execute(db);
  return found.rows;
}

/** Locked for a change. */
export async function lockToken(tx: Tx, id: string): Promise<TokenRow | null> {
  const found = await sql<TokenRow>`
    SELECT ${COLUMNS} FROM piculus.api_tokens t JOIN piculus.users u ON u.id = t.user_id
    WHERE t.id = ${id} FOR UPDATE OF t`.execute(tx);
  return found.rows[0] ?? null;
}

export async function setTokenRevoked(tx: Tx, id: string, at: Date): Promise<void> {
  await sql`UPDATE piculus.api_tokens SET revoked_at = ${at} WHERE id = ${id} AND revoked_at IS NULL`.execute(
    tx,
  );
}

/** For an owner who is disabled: enabling them again brings none back. */
export async function revokeTokensOf(tx: Tx, userId: string, at: Date): Promise<void> {
  await sql`UPDATE piculus.api_tokens SET revoked_at = ${at} WHERE user_id = ${userId} AND revoked_at IS NULL`.execute(
    tx,
  );
}

/** The token that may be used now: not revoked, not expired, its owner not disabled. */
export async function selectUsableToken(db: Executor, hash: Buffer, now: Date): Promise<TokenRow | null> {
  const found = await sql<TokenRow>`
    SELECT ${COLUMNS} FROM piculus.api_tokens t JOIN piculus.users u ON u.id = t.user_id
    WHERE t.token_hash = ${hash} AND t.revoked_at IS NULL AND t.expires_at > ${now} AND NOT u.banned`.execute(
    db,
  );
  return found.rows[0] ?? null;
}

/** Several servers may do it at once; the first counts. */
export async function touchToken(db: Executor, id: string, at: Date, unlessSince: Date): Promise<void> {
  await sql`
    UPDATE piculus.api_tokens SET last_used_at = ${at}
    WHERE id = ${id} AND (last_used_at IS NULL OR last_used_at <= ${unlessSince})`.execute(db);
}
