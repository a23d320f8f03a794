/** SQL of pbap.accounts. */
import type pg from 'pg';
import type { Executor } from '../../shared/database.ts';

export const systemAccount = (role: 'BANK' | 'HOLDS' | 'EQUITY', currency: string): string =>
  `SYS:${role}:${currency}`;

/** Creates the three system accounts of a currency where they are missing. */
export async function ensureSystemAccounts(db: Executor, currency: string): Promise<void> {
  await db.query(
    `insert into pbap.accounts (account_no, kind, owner, currency, counterparty)
     select 'SYS:' || role || ':' || $1, 'system', 'PBAP', $1, '' from unnest(array['BANK', 'HOLDS', 'EQUITY']) as role
     on conflict (account_no) do nothing`,
    [currency],
  );
}

export interface NewAccount {
  readonly accountNo: string;
  readonly owner: string;
  readonly currency: string;
  readonly counterparty: string;
}

export async function insertAccount(db: Executor, account: NewAccount): Promise<void> {
  await db.query(
    `insert into pbap.accounts (account_no, owner, currency, counterparty, balance_minor)
     values ($1, $2, $3, $4, 0)`,
    [account.accountNo, account.owner, account.currency, account.counterparty],
  );
}

export interface LockedAccount {
  readonly account_no: string;
  readonly status: 'open' | 'closed';
  readonly currency: string;
  readonly counterparty: string;
  readonly balance_minor: string;
}

/** Locks a customer's account; all bookings on it wait for each other. Null where there is none. */
export async function lockAccount(tx: pg.PoolClient, accountNo: string): Promise<LockedAccount | null> {
  const result = await tx.query<LockedAccount>(
    `select account_no, status, currency, counterparty, balance_minor from pbap.accounts
     where account_no = $1 and kind = 'customer' for update`,
    [accountNo],
  );
  return result.rows[0] ?? null;
}

/** @param deltaMinor may be negative; the caller holds the lock and has seen that it is enough. */
export async function addToBalance(tx: pg.PoolClient, accountNo: string, deltaMinor: bigint): Promise<void> {
  await tx.query('update pbap.accounts set balance_minor = balance_minor + $2 where account_no = $1', [
    accountNo,
    deltaMinor.toString(),
  ]);
}
