/** The tables of users and how they sign in. better-auth reads and writes the same rows at a sign-in. */
import type { Selectable } from 'kysely';
import type { Executor, Tx } from './database.ts';
import type { Tables } from './tables.ts';

export type UserRow = Selectable<Tables['users']>;

/** Sign-in by a password that is stored here, in better-auth's word. */
const CREDENTIAL = 'credential';

export function selectUsers(db: Executor): Promise<UserRow[]> {
  return db.selectFrom('users').selectAll().orderBy('username').execute();
}

export function selectUser(db: Executor, id: string): Promise<UserRow | undefined> {
  return db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
}

export function selectUserByName(db: Executor, username: string): Promise<UserRow | undefined> {
  return db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst();
}

export interface NewUser {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly at: Date;
}

/** @returns null where the name is taken. */
export async function insertUser(tx: Tx, user: NewUser): Promise<UserRow | null> {
  const row = await tx
    .insertInto('users')
    .values({
      id: user.id,
      name: user.name,
      email: `${user.username}@local`,
      email_verified: true,
      image: null,
      username: user.username,
      ban_reason: null,
      created_at: user.at,
      updated_at: user.at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  await tx
    .insertInto('accounts')
    .values({
      id: user.id,
      account_id: user.id,
      provider_id: CREDENTIAL,
      user_id: user.id,
      password: user.passwordHash,
      created_at: user.at,
      updated_at: user.at,
    })
    .execute();
  return row;
}

export async function setPassword(tx: Tx, userId: string, passwordHash: string, at: Date): Promise<void> {
  await tx
    .updateTable('accounts')
    .set({ password: passwordHash, updated_at: at })
    .where('user_id', '=', userId)
    .where('provider_id', '=', CREDENTIAL)
    .execute();
}

export async function setUserBanned(tx: Tx, id: string, banned: boolean, at: Date): Promise<UserRow | null> {
  const row = await tx
    .updateTable('users')
    .set({ banned, ban_expires: null, updated_at: at })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

/** Locks the users that may sign in, so that two people cannot disable each other at the same time. */
export async function lockEnabledUsers(tx: Tx): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom('users')
    .select('id')
    .where('banned', '=', false)
    .orderBy('id')
    .forUpdate()
    .execute();
  return rows.map((row) => row.id);
}
