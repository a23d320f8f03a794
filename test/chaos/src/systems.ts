/** The books of the two production systems and their banks, broken before anything starts. */
import { migrateBank } from '@piculus/example-pbap/bank/migrate';
import { breakBank, breakSystem } from '@piculus/example-pbap/demo/faults';
import { bookBankHistory, bookSystemHistory } from '@piculus/example-pbap/demo/history';
import { makePlan, type Plan } from '@piculus/example-pbap/demo/plan';
import { makeTransactions } from '@piculus/example-pbap/demo/transactions';
import { migratePbap } from '@piculus/example-pbap/pbap/migrate';
import { inTransaction } from '@piculus/example-pbap/shared/database';
import pg from 'pg';
import { OWNER, type Postgres } from './postgres.ts';

export const SYSTEMS = ['PBAP', 'PBMS'] as const;
export type SystemCode = (typeof SYSTEMS)[number];

export interface Books {
  readonly sysCode: SystemCode;
  readonly plan: Plan;
  /** Names of its databases. */
  readonly own: string;
  readonly bank: string;
}

/** Of so many broken ones of each kind: enough orders that there are young and old ones of every kind. */
const ORDERS_PER_ANOMALY = 46;

/**
 * Who places new orders while the faults go on: accounts of their own, because a withdrawal that was never booked is
 * refused where the account has been emptied since, and rightly so.
 */
export const NEW_CUSTOMERS = Array.from({ length: 20 }, (_, index) => ({
  accountNo: `N${String(index + 1).padStart(5, '0')}`,
  currency: 'CNY',
  openingMinor: 1_000_000_000n,
}));

export async function bookSystems(
  postgres: Postgres,
  options: { readonly anomalies: number; readonly seed: number },
): Promise<Books[]> {
  const now = new Date();
  return Promise.all(
    SYSTEMS.map(async (sysCode, index) => {
      const transactions = makeTransactions(options.anomalies * ORDERS_PER_ANOMALY, options.seed + index);
      const made = makePlan(transactions, { anomalies: options.anomalies, seed: options.seed + index, now });
      const plan = { ...made, accounts: [...made.accounts, ...NEW_CUSTOMERS] };
      const own = sysCode.toLowerCase();
      const bank = `${own}_bank`;
      await postgres.createDatabase(own);
      await postgres.createDatabase(bank);
      await withPool(postgres.urlOf(bank), async (pool) => {
        await migrateBank(pool);
        await inTransaction(pool, async (tx) => {
          await bookBankHistory(tx, plan);
          await breakBank(tx, plan);
        });
      });
      await withPool(postgres.urlOf(own), async (pool) => {
        await migratePbap(pool);
        await inTransaction(pool, async (tx) => {
          await bookSystemHistory(tx, plan);
          await breakSystem(tx, plan);
        });
      });
      return { sysCode, plan, own, bank };
    }),
  );
}

async function withPool(url: string, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1, user: OWNER });
  try {
    await work(pool);
    await pool.query('analyze');
  } finally {
    await pool.end();
  }
}
