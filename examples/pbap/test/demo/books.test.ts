import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { migrateBank } from '../../src/bank/migrate.ts';
import { checkMoney, fingerprint, type Fingerprints } from '../../src/demo/check.ts';
import { expectedBalances, totalOf } from '../../src/demo/expect.ts';
import { breakBank, breakSystem } from '../../src/demo/faults.ts';
import { bookBankHistory, bookSystemHistory } from '../../src/demo/history.ts';
import { makePlan } from '../../src/demo/plan.ts';
import { DEMO_SCENARIOS, SCENARIO_RULES } from '../../src/demo/scenarios.ts';
import { makeTransactions } from '../../src/demo/transactions.ts';
import { migratePbap } from '../../src/pbap/migrate.ts';
import { createPool, inTransaction } from '../../src/shared/database.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const PLAN = makePlan(makeTransactions(600, 3), { anomalies: 4, seed: 3, now: NOW });

describe('the plan of a history', () => {
  test('breaks distinct orders of the right kind, N of each, and C9 half young and half old', () => {
    const broken = PLAN.orders.filter((order) => order.scenario !== null);
    expect(broken).toHaveLength(DEMO_SCENARIOS.length * 4);
    for (const scenario of DEMO_SCENARIOS) {
      const rule = SCENARIO_RULES[scenario];
      const orders = broken.filter((order) => order.scenario === scenario);
      expect(orders).toHaveLength(4);
      expect(orders.every((order) => order.type === rule.type)).toBe(true);
      if (rule.booking !== undefined)
        expect(orders.every((order) => order.booking === rule.booking)).toBe(true);
    }
    expect(broken.filter((order) => order.scenario === 'C9' && order.young)).toHaveLength(2);
  });

  test('keeps the order of the transactions and stays clear of age gates and of the edge of the window', () => {
    const ages = PLAN.orders.map((order) => (NOW.getTime() - order.createdAt.getTime()) / 3_600_000);
    expect(ages).toEqual([...ages].sort((a, b) => b - a));
    expect(Math.max(...ages)).toBeLessThanOrEqual(60);
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(3);
    const nearTheEdge = PLAN.orders.filter((order) => {
      const age = (NOW.getTime() - order.createdAt.getTime()) / 3_600_000;
      return order.scenario === 'C9' && age > 18 && age < 30;
    });
    expect(nearTheEdge).toEqual([]);
  });

  test('is the same for the same seed, and refuses more anomalies than there are orders', () => {
    expect(makePlan(makeTransactions(600, 3), { anomalies: 4, seed: 3, now: NOW })).toEqual(PLAN);
    expect(() => makePlan(makeTransactions(60, 3), { anomalies: 20, seed: 3, now: NOW })).toThrow(
      /too few orders/,
    );
  });

  test('never lets an account fall below zero, whatever is broken and whether it is repaired or not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 0, max: 3 }), (seed, anomalies) => {
        const plan = makePlan(makeTransactions(300, seed), { anomalies, seed, now: NOW });
        for (const ending of ['broken', 'repaired'] as const) {
          expect([...expectedBalances(plan, ending).values()].every((balance) => balance >= 0n)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('the books of a history', () => {
  const databases: TestDatabase[] = [];
  let system: pg.Pool;
  let bank: pg.Pool;
  let before: Fingerprints;
  beforeAll(async () => {
    databases.push(await createTestDatabase(), await createTestDatabase());
    const [one, two] = databases;
    system = createPool({ url: one?.url ?? '', name: 'test' });
    bank = createPool({ url: two?.url ?? '', name: 'test' });
    await migratePbap(system);
    await migrateBank(bank);
    await inTransaction(system, async (tx) => {
      await bookSystemHistory(tx, PLAN);
      await breakSystem(tx, PLAN);
    });
    await inTransaction(bank, async (tx) => {
      await bookBankHistory(tx, PLAN);
      await breakBank(tx, PLAN);
    });
    before = await fingerprint(system, bank);
  });
  afterAll(async () => {
    await Promise.all([system.end(), bank.end()]);
    await Promise.all(databases.map((database) => database.drop()));
  });

  test('are exactly the planned ones, broken orders included', async () => {
    const report = await checkMoney(system, bank, PLAN, 'broken', before);
    expect(report).toMatchObject({
      faults: [],
      accountsOff: 0,
      paidTwice: 0,
      collectedTwice: 0,
      paidAndReturned: 0,
    });
    expect(report.actualMinor).toBe(totalOf(expectedBalances(PLAN, 'broken')));
  });

  test('differ from the repaired ones, and the checker says so', async () => {
    const report = await checkMoney(system, bank, PLAN, 'repaired', before);
    expect(report.accountsOff).toBeGreaterThan(0);
    expect(report.expectedMinor).not.toBe(report.actualMinor);
    expect(report.faults.join('\n')).toMatch(/accounts are off[\s\S]*another end than documented/);
  });

  test.each([
    [
      'a balance without a posting',
      'system',
      `update pbap.accounts set balance_minor = balance_minor + 1 where account_no = (select min(account_no) from pbap.accounts where kind = 'customer')`,
      /1 accounts are off[\s\S]*do not sum to zero/,
    ],
    [
      'a touched healthy order',
      'system',
      `update pbap.orders set updated_at = updated_at + interval '1 second' where order_no = '$healthy'`,
      /1 healthy orders were changed/,
    ],
    [
      'a second payout',
      'bank',
      `insert into bank.movements (request_no, order_no, kind, amount_minor, currency, booked_at) select request_no, order_no, kind, amount_minor, currency, booked_at from bank.movements where kind = 'payout' order by line_no limit 1`,
      /paid twice by the bank/,
    ],
    [
      'a payment given back',
      'system',
      `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no, refers_to, booked_at) select 'reversal:' || posting_id, 'reversal', credit_account, debit_account, amount_minor, currency, order_no, posting_id, booked_at from pbap.postings where kind = 'debit' and order_no = '$healthyDebit'`,
      /paid by the bank and given back/,
    ],
  ] as const)('a checker finds %s', async (_, side, sql, found) => {
    const healthy = PLAN.orders.find((order) => order.scenario === null);
    const debit = PLAN.orders.find(
      (o) => o.scenario === null && o.type === 'withdraw' && o.booking === 'one-shot',
    );
    const pool = side === 'system' ? system : bank;
    const statement = sql
      .replace('$healthyDebit', debit?.orderNo ?? '')
      .replace('$healthy', healthy?.orderNo ?? '');
    const report = await undone(pool, statement, (tx) =>
      checkMoney(side === 'system' ? tx : system, side === 'bank' ? tx : bank, PLAN, 'broken', before),
    );
    expect(report.faults.join('\n')).toMatch(found);
  });
});

/** Looks at a change from inside its transaction, and rolls it back, so that tests do not see each other. */
async function undone<T>(pool: pg.Pool, sql: string, look: (tx: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(sql);
    return await look(client);
  } finally {
    await client.query('rollback');
    client.release();
  }
}
