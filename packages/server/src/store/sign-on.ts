/** Who is who at the provider of single sign-on. better-auth adds the rows at the first sign-in of each person. */
import type { Executor, Tx } from './database.ts';

/** The provider's name among the accounts. */
export const SIGN_ON_PROVIDER = 'oidc';

/** The person that this identity of the provider belongs to. */
export async function selectIdentityOwner(db: Executor, identity: string): Promise<string | null> {
  const row = await db
    .selectFrom('accounts')
    .select('user_id')
    .where('provider_id', '=', SIGN_ON_PROVIDER)
    .where('account_id', '=', identity)
    .executeTakeFirst();
  return row?.user_id ?? null;
}

/** The identity that this person signs in by; null where they never did. */
export async function selectIdentityOf(db: Executor, userId: string): Promise<string | null> {
  const row = await db
    .selectFrom('accounts')
    .select('account_id')
    .where('provider_id', '=', SIGN_ON_PROVIDER)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row?.account_id ?? null;
}

/** Nobody knows the password of somebody who was made by the provider, so nobody has to change it. */
export async function clearOneTimePassword(tx: Tx, userId: string): Promise<void> {
  await tx.updateTable('users').set({ one_time_password: false }).where('id', '=', userId).execute();
}
