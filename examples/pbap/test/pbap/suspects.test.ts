import type { CollectContext, FiledProblem } from '@piculus/client';
import { paymentRepairs, type PaymentSystem, type ScannedOrder } from '@piculus/repairs';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBankClient } from '../../src/pbap/bank-client.ts';
import { createPaymentSystem } from '../../src/pbap/payment-system.ts';
import { createPool } from '../../src/shared/database.ts';
import { type Cloner, createCloner } from './cloned-database.ts';
import { bookRandomly, openAccounts, orderPlans } from './random-books.ts';
import { never } from './world.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
/** Books of 20 to 40 orders each. */
const RUNS = 80;
const MINUTE_MS = 60_000;
const WINDOW = { from: new Date(NOW.getTime() - 72 * 60 * MINUTE_MS), to: NOW };
const clock = { now: () => NOW, sleep: async () => {}, uuid: () => 'none' };

let cloner: Cloner;
let pool: pg.Pool;
let drop: () => Promise<void>;
beforeAll(async () => {
  cloner = await createCloner();
  const database = await cloner.clone();
  drop = () => database.drop();
  pool = createPool({ url: database.url, name: 'pbap-test' });
  await openAccounts(pool);
});
afterAll(async () => {
  await pool.end();
  await drop();
  await cloner.drop();
});

/** PBAP with a statement that is imported already and reaches so many minutes before now. */
function systemWith(pageOrders: number, reachesBefore: number): PaymentSystem<pg.PoolClient> {
  const bank = createBankClient({ url: 'http://127.0.0.1:1', timeoutMs: 1, now: clock.now });
  const system = createPaymentSystem({ pool, bank, clock, pageOrders });
  const reachesTo = new Date(NOW.getTime() - reachesBefore * MINUTE_MS).toISOString();
  return {
    ...system,
    scan: {
      ...system.scan,
      refreshStatement: async () => ({ side: 'bank', reachesTo, complete: true }),
      statementControl: async () => ({ settled: 0, shown: 0 }),
    },
  };
}

/** The same system, of which the collectors read every order. */
function withoutSuspects(system: PaymentSystem<pg.PoolClient>): PaymentSystem<pg.PoolClient> {
  const { suspects: _, ...scan } = system.scan;
  return { ...system, scan };
}

async function collectAll(system: PaymentSystem<pg.PoolClient>): Promise<readonly string[]> {
  const found: FiledProblem[] = [];
  const context: Omit<CollectContext, 'report'> = {
    windowFrom: WINDOW.from,
    windowTo: WINDOW.to,
    signal: never,
    scanned: () => {},
  };
  const collectors = paymentRepairs(system).map(({ collector }) => collector);
  const [together] = collectors.flatMap((collector) => collector.together ?? []);
  await together?.collect({
    ...context,
    fixCodes: collectors.map(({ fixCode }) => fixCode),
    report: async (problems) => void found.push(...problems),
  });
  if (together === undefined)
    for (const { fixCode, collect } of collectors)
      await collect({
        ...context,
        report: async (problems) => void found.push(...problems.map((one) => ({ ...one, fixCode }))),
      });
  return found.map((problem) => asText(problem)).toSorted();
}

/** With everything in it, whatever the order of its fields. */
function asText({ fixCode, businessKey, facts, ...rest }: FiledProblem): string {
  const sorted = Object.fromEntries(Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify({ businessKey, fixCode, ...sorted, facts });
}

async function suspectsOf(system: PaymentSystem<pg.PoolClient>) {
  const orders: ScannedOrder[] = [];
  let looked = 0;
  for await (const part of system.scan.suspects?.(WINDOW, never) ?? []) {
    orders.push(...part.orders);
    looked += part.looked;
  }
  return { orders, looked };
}

describe('a walk over suspects', () => {
  it('leaves out no order that the collectors call a problem when they read every order', async () => {
    const seen = { problems: 0, leftOut: 0 };
    const worlds = fc.record({
      plans: fc.array(orderPlans, { minLength: 20, maxLength: 40 }),
      pageOrders: fc.constantFrom(3, 10, 1_000),
      reachesBefore: fc.constantFrom(-1, 0, 5),
    });
    await fc.assert(
      fc.asyncProperty(worlds, async ({ plans, pageOrders, reachesBefore }) => {
        await bookRandomly(pool, plans, NOW);
        const system = systemWith(pageOrders, reachesBefore);
        const expected = await collectAll(withoutSuspects(system));
        expect(await collectAll(system)).toEqual(expected);
        const { orders, looked } = await suspectsOf(system);
        expect(looked).toBe(plans.length);
        seen.problems += expected.length;
        seen.leftOut += plans.length - orders.length;
      }),
      { numRuns: RUNS },
    );
    // Neither side of what was compared was empty.
    expect(seen.problems).toBeGreaterThan(0);
    expect(seen.leftOut).toBeGreaterThan(0);
  }, 600_000);
});
