/** One production system of the demo with its bank: its books, and its processes. */
import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { migrateBank } from '../bank/migrate.ts';
import { migratePbap } from '../pbap/migrate.ts';
import { systemClock } from '../shared/clock.ts';
import { inTransaction } from '../shared/database.ts';
import type { DemoDatabases } from './databases.ts';
import { DemoError } from './demo-error.ts';
import { breakBank, breakSystem } from './faults.ts';
import { bookBankHistory, bookSystemHistory } from './history.ts';
import { type Booked, markBooked } from './marker.ts';
import type { DatabaseName, DemoOptions, SystemCode } from './options.ts';
import { makePlan, type Plan } from './plan.ts';
import { makeTransactions, readTransactions } from './transactions.ts';

export interface DemoSystem {
  readonly sysCode: SystemCode;
  readonly databaseUrl: string;
  readonly bankUrl: string;
  readonly pool: pg.Pool;
  readonly bankPool: pg.Pool;
  readonly plan: Plan;
  /** Its books were there before this start. */
  readonly resumed: boolean;
}

const DATABASES: Readonly<Record<SystemCode, { readonly own: DatabaseName; readonly bank: DatabaseName }>> = {
  PBAP: { own: 'pbap', bank: 'bank' },
  PBMS: { own: 'pbms', bank: 'pbms-bank' },
};

/** Makes the plan before any database is opened, so that a bad row or too few orders leave nothing behind. */
export async function planSystem(
  options: DemoOptions,
  sysCode: SystemCode,
): Promise<{ plan: Plan; booked: Booked }> {
  const booked: Booked = {
    transactions: options.transactions,
    orders: options.orders,
    anomalies: options.anomalies,
    seed: options.seed + (sysCode === 'PBMS' ? 1 : 0),
    now: systemClock.now().toISOString(),
  };
  return { plan: await planOf(booked), booked };
}

async function planOf(booked: Booked): Promise<Plan> {
  const transactions =
    booked.transactions === null
      ? makeTransactions(booked.orders, booked.seed)
      : readTransactions(await readText(booked.transactions));
  return makePlan(transactions, {
    anomalies: booked.anomalies,
    seed: booked.seed,
    now: new Date(booked.now),
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DemoError(`the transactions cannot be read: ${reason}`);
  }
}

/** Books the history where it is not there yet. A first start that was cut between the two goes on. */
export async function bookSystem(
  sysCode: SystemCode,
  databases: DemoDatabases,
  wanted: { readonly plan: Plan; readonly booked: Booked },
): Promise<DemoSystem> {
  const names = DATABASES[sysCode];
  const own = databases.get(names.own);
  const bank = databases.get(names.bank);
  if (own === undefined || bank === undefined) throw new DemoError(`${sysCode} has no databases`);
  await migrateBank(bank.pool);
  await migratePbap(own.pool);
  const bankBooked = bank.state.kind === 'ours' ? bank.state.booked : null;
  const ownBooked = own.state.kind === 'ours' ? own.state.booked : null;
  if (ownBooked !== null && bankBooked === null) {
    throw new DemoError(
      `the database of ${sysCode} is from an earlier run, but the one of its bank is not; give both or neither`,
    );
  }
  const booked = bankBooked ?? wanted.booked;
  const plan = bankBooked === null || ownBooked !== null ? wanted.plan : await planOf(bankBooked);
  if (bankBooked === null) {
    await inTransaction(bank.pool, async (tx) => {
      await bookBankHistory(tx, plan);
      await breakBank(tx, plan);
      await markBooked(tx, names.bank, booked);
    });
    // An embedded database has nobody in the background who does this after so much was booked.
    await bank.pool.query('analyze');
  }
  if (ownBooked === null) {
    await inTransaction(own.pool, async (tx) => {
      await bookSystemHistory(tx, plan);
      await breakSystem(tx, plan);
      await markBooked(tx, names.own, booked);
    });
    await own.pool.query('analyze');
  }
  return {
    sysCode,
    databaseUrl: own.url,
    bankUrl: bank.url,
    pool: own.pool,
    bankPool: bank.pool,
    plan,
    resumed: ownBooked !== null,
  };
}
