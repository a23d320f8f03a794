/** Second factors. better-auth reads and writes the same rows at a sign-in. */
import { type Selectable, sql } from 'kysely';
import type { Executor, Tx } from './database.ts';
import type { Tables } from './tables.ts';

export type SecondFactorRow = Selectable<Tables['second_factors']>;

export function selectSecondFactor(db: Executor, userId: string): Promise<SecondFactorRow | undefined> {
  return db.selectFrom('second_factors').selectAll().where('user_id', '=', userId).executeTakeFirst();
}

/** Locked, so that two confirmations or removals at once come one after the other. */
export function lockSecondFactor(tx: Tx, userId: string): Promise<SecondFactorRow | undefined> {
  return tx
    .selectFrom('second_factors')
    .selectAll()
    .where('user_id', '=', userId)
    .forUpdate()
    .executeTakeFirst();
}

/**
 * Keeps a secret that is not confirmed yet, in place of one that never was.
 * @returns false where a confirmed one is there.
 */
export async function putUnconfirmed(
  tx: Tx,
  row: { readonly id: string; readonly userId: string; readonly secret: string; readonly at: Date },
): Promise<boolean> {
  const kept = await tx
    .insertInto('second_factors')
    .values({ id: row.id, user_id: row.userId, secret: row.secret, backup_codes: '', created_at: row.at })
    .onConflict((conflict) =>
      conflict
        .column('user_id')
        .doUpdateSet({
          secret: row.secret,
          created_at: row.at,
          last_step: null,
          failed_verification_count: 0,
        })
        .where('second_factors.verified', '=', false),
    )
    .returning('id')
    .executeTakeFirst();
  return kept !== undefined;
}

/** From now on the sign-in asks for it. */
export async function confirmSecondFactor(
  tx: Tx,
  given: { readonly userId: string; readonly backupCodes: string; readonly step: number },
): Promise<void> {
  await tx
    .updateTable('second_factors')
    .set({ verified: true, backup_codes: given.backupCodes, last_step: given.step, locked_until: null })
    .where('user_id', '=', given.userId)
    .execute();
  await tx.updateTable('users').set({ two_factor_enabled: true }).where('id', '=', given.userId).execute();
}

export async function setBackupCodes(tx: Tx, userId: string, backupCodes: string): Promise<void> {
  await tx
    .updateTable('second_factors')
    .set({ backup_codes: backupCodes })
    .where('user_id', '=', userId)
    .execute();
}

/** @returns whether there was one. */
export async function deleteSecondFactor(tx: Tx, userId: string): Promise<boolean> {
  await tx.updateTable('users').set({ two_factor_enabled: false }).where('id', '=', userId).execute();
  const gone = await tx
    .deleteFrom('second_factors')
    .where('user_id', '=', userId)
    .returning('verified')
    .executeTakeFirst();
  return gone?.verified === true;
}

/** Uses up the code of a step. @returns false where it, or a later one, was used before. */
export async function useStep(db: Executor, userId: string, step: number): Promise<boolean> {
  const used = await db
    .updateTable('second_factors')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where((where) => where.or([where('last_step', 'is', null), where('last_step', '<', String(step))]))
    .returning('id')
    .executeTakeFirst();
  return used !== undefined;
}

/** Whose session this is. */
export async function selectSessionUser(
  db: Executor,
  token: string,
): Promise<{ readonly id: string; readonly username: string } | undefined> {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select(['users.id', 'users.username'])
    .where('sessions.token', '=', token)
    .executeTakeFirst();
}

export async function endSession(db: Executor, token: string): Promise<void> {
  await db.deleteFrom('sessions').where('token', '=', token).execute();
}

/** Who has given their password and still owes the second factor. */
export async function selectPendingUser(
  db: Executor,
  identifier: string,
): Promise<{ readonly id: string; readonly username: string } | undefined> {
  return db
    .selectFrom('verifications')
    .innerJoin('users', 'users.id', 'verifications.value')
    .select(['users.id', 'users.username'])
    .where('verifications.identifier', '=', identifier)
    .executeTakeFirst();
}

/** Whether a role that the person holds anywhere asks for a second factor. */
export async function isFactorRequired(db: Executor, userId: string): Promise<boolean> {
  const found = await sql`
    SELECT FROM piculus.grants g JOIN piculus.roles r ON r.name = g.role
    WHERE g.user_id = ${userId} AND r.requires_second_factor LIMIT 1`.execute(db);
  return found.rows.length > 0;
}

/** @returns what was set before; null where there is no such role. */
export async function setFactorRequired(
  tx: Tx,
  role: string,
  required: boolean,
): Promise<{ readonly before: boolean } | null> {
  const found = await sql<{ before: boolean }>`
    SELECT requires_second_factor AS before FROM piculus.roles WHERE name = ${role} FOR UPDATE`.execute(tx);
  const [row] = found.rows;
  if (row === undefined) return null;
  await sql`UPDATE piculus.roles SET requires_second_factor = ${required} WHERE name = ${role}`.execute(tx);
  return row;
}

/** The roles that ask for a second factor, by name. */
export async function selectRequiringRoles(db: Executor): Promise<string[]> {
  const found = await sql<{ name: string }>`
    SELECT name FROM piculus.roles WHERE requires_second_factor ORDER BY name`.execute(db);
  return found.rows.map(({ name }) => name);
}
