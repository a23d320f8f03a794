import type { FixResult } from '@piculus/protocol';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type Journal, postgresJournal, type Queryable } from '../../src/index.ts';
import { runFix } from '../../src/testing/index.ts';
import { balances, createAccounts, creditFix, FIX_CODE, wrongOrders } from '../support/accounts.ts';

const POINTS = [
  'examine',
  'before credit',
  'inside credit',
  'recorded credit',
  'after credit',
  'before status',
  'inside status',
  'recorded status',
  'after status',
];
const JOURNAL_METHODS = ['open', 'record', 'effects', 'answer'] as const;

describe('a process that dies at any point and tries again', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let orders: string[];
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    await postgresJournal({ pool }).migrate();
    orders = await createAccounts(pool, POINTS.length * 2 + JOURNAL_METHODS.length);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const nextOrder = (): string => orders.pop() ?? expect.unreachable('too few orders');
  const run = (
    businessKey: string,
    died: (point: string) => void,
    journal: Journal<Queryable> = postgresJournal({ pool }),
  ): Promise<FixResult | null> =>
    runFix(
      creditFix(pool, { reached: died }),
      { fixCode: FIX_CODE, businessKey, scenario: 'C5' },
      { journal },
    );

  function expectRepaired(result: FixResult | null, businessKey: string): void {
    expect(result).toMatchObject({ outcome: 'fixed', verified: true });
    expect(result?.effects.map(({ key }) => key)).toEqual([
      `credit:${businessKey}`,
      `status:${businessKey}:SUCCESS`,
    ]);
  }

  for (const point of POINTS) {
    for (const time of [1, 2]) {
      test(`died at "${point}", time ${time}`, async () => {
        const businessKey = nextOrder();
        let times = 0;
        const first = await run(businessKey, (reached) => {
          times += reached === point ? 1 : 0;
          if (reached === point && times === time) throw new Error(`the process died at ${point}`);
        });
        // Most points are passed once only; then there was no second time to die at.
        expect(first?.outcome).toBe(times === time ? 'failed' : 'fixed');
        expectRepaired(await run(businessKey, () => {}), businessKey);
        expectRepaired(await run(businessKey, () => {}), businessKey);
      });
    }
  }

  test.each(JOURNAL_METHODS)('the journal fails in %s', async (method) => {
    const businessKey = nextOrder();
    const journal = postgresJournal({ pool });
    const broken: Journal<Queryable> = {
      ...journal,
      [method]: async () => Promise.reject(new Error('the database went away')),
    };
    const first = await run(businessKey, () => {}, broken);
    expect(first?.outcome).toBe(method === 'answer' ? 'fixed' : 'failed');
    expectRepaired(await run(businessKey, () => {}), businessKey);
    const third = await run(businessKey, () => {});
    expectRepaired(third, businessKey);
    expect(third?.replayed).toBe(true);
  });

  test('leaves every order repaired once', async () => {
    for (const businessKey of orders.splice(0)) await run(businessKey, () => {});
    expect(await wrongOrders(pool)).toEqual([]);
    const { booked, due } = await balances(pool);
    expect(booked).toBe(due);
  });
});
