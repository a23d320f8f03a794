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
      // Whoever makes a user knows the password that it begins with.
      one_time_password: true,
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

export interface NewPassword {
  readonly passwordHash: string;
  /** Somebody else knows it. */
  readonly oneTime: boolean;
  readonly at: Date;
}

export async function setPassword(
  tx: Tx,
  userId: string,
  { passwordHash, oneTime, at }: NewPassword,
): Promise<void> {
  await tx
    .updateTable('accounts')
    .set({ password: passwordHash, updated_at: at })
    .where('user_id', '=', userId)
    .where('provider_id', '=', CREDENTIAL)
    .execute();
  await tx
    .updateTable('users')
    .set({ one_time_password: oneTime, updated_at: at })
    .where('id', '=', userId)
    .execute();
}

/** @returns null where the person signs in by something else. */
export async function selectPasswordHash(db: Executor, userId: string): Promise<string | null> {
  const row = await db
    .selectFrom('accounts')
    .select('password')
    .where('user_id', '=', userId)
    .where('provider_id', '=', CREDENTIAL)
    .executeTakeFirst();
  return row?.password ?? null;
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
