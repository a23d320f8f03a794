import type { ScanCursor, ScannedOrder } from '@piculus/repairs';
import type { Setup } from '@piculus/repairs/conformance';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importStatement } from '../../src/pbap/statement-import.ts';
import { type Cloner, createCloner } from './cloned-database.ts';
import { never, openWorld, type PbapWorld } from './world.ts';

let cloner: Cloner;
let world: PbapWorld;
beforeAll(async () => {
  cloner = await createCloner();
  world = await openWorld(cloner);
});
afterAll(async () => {
  await world.close();
  await cloner.drop();
});

const ALL = ['PROCESSING', 'SUCCESS', 'FAILED', 'REFUNDED', 'RETURNED'];
const HOUR_MS = 3_600_000;
const window = () => ({ from: new Date(Date.now() - 100 * HOUR_MS), to: new Date(Date.now() + HOUR_MS) });

async function scanAll(
  type: 'recharge' | 'withdraw',
  statuses: readonly string[],
  limit: number,
  unknownToo = false,
): Promise<readonly ScannedOrder[]> {
  const found: ScannedOrder[] = [];
  let after: ScanCursor | null = null;
  for (;;) {
    const batch: readonly ScannedOrder[] = await world.system.scan.scan(
      window(),
      { type, statuses, unknownToo },
      after,
      limit,
    );
    found.push(...batch);
    const last = batch.at(-1);
    if (last === undefined) return found;
    after = { createdAt: last.order.createdAt, orderNo: last.order.orderNo };
  }
}

const setups: fc.Arbitrary<Setup> = fc
  .record({
    type: fc.constantFrom('recharge' as const, 'withdraw' as const),
    booking: fc.constantFrom('one-shot' as const, 'staged' as const),
    status: fc.constantFrom('PROCESSING' as const, 'SUCCESS' as const, 'FAILED' as const),
    booked: fc.nat(3),
    bank: fc.constantFrom(
      'never-received' as const,
      'processing' as const,
      'settled' as const,
      'failed' as const,
    ),
    outbox: fc.constantFrom('none' as const, 'queued' as const, 'sent' as const),
    // Few different ages, so that many orders share a creation time and the number decides.
    ageHours: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ booked, ageHours, ...rest }): Setup => {
    const staged = ['none', 'held', 'settled', 'released'] as const;
    const oneShot = ['none', 'debited', 'reversed', 'debited'] as const;
    const recharge = ['none', 'credited', 'none', 'credited'] as const;
    const states = rest.type === 'recharge' ? recharge : rest.booking === 'staged' ? staged : oneShot;
    return { ...rest, ledger: states[booked] ?? 'none', ageMs: ageHours * HOUR_MS, funds: 'enough' };
  });

describe('the scan', () => {
  it('tells of each order what the single reads tell, once, in order, whatever the batch size', async () => {
    const sample = fc.sample(setups, { numRuns: 60, seed: 42 });
    for (const setup of sample) await world.arrangeOrder(setup, 500n);
    await importStatement({ pool: world.pool, bank: world.bank, clock: world.clock }, never);
    await world.system.transaction((tx) => world.system.decisions.decide(tx, 'T7', 'CREDIT', 'cmd/x'));
    for (const type of ['recharge', 'withdraw'] as const) {
      const whole = await scanAll(type, ALL, 1_000);
      expect(whole).toHaveLength(sample.filter((setup) => setup.type === type).length);
      for (const limit of [1, 7]) {
        const paged = await scanAll(type, ALL, limit);
        expect(paged.map((row) => row.order.orderNo)).toEqual(whole.map((row) => row.order.orderNo));
      }
      for (const row of whole) {
        const order = await world.system.orders.read(row.order.orderNo);
        if (order === null) throw new Error('an order that was scanned cannot be read');
        const alone = { order, ledger: await world.system.ledger.read(order) };
        const timeless = (facts: object) => ({ ...facts, observedAt: null });
        expect(timeless(row.order)).toEqual(timeless(alone.order));
        expect(timeless(row.ledger)).toEqual(timeless(alone.ledger));
        expect(row.decision ?? null).toEqual(await world.system.decisions.read(row.order.orderNo));
        const { bankMinor } = await world.observe(row.order.orderNo);
        expect(row.statement.fact).toBe(bankMinor === 0n ? 'non-final' : 'paid');
        const shown = await world.system.scan.statement(row.order.orderNo);
        expect(timeless(shown ?? {})).toEqual(timeless(row.statement));
      }
    }
  });

  it('finds only the statuses asked for, and unknown words where they are asked for', async () => {
    const other = await openWorld(cloner);
    try {
      const setup: Setup = {
        type: 'recharge',
        booking: 'one-shot',
        status: 'FAILED',
        ledger: 'none',
        bank: 'settled',
        outbox: 'sent',
        ageMs: HOUR_MS,
        funds: 'enough',
      };
      const odd = await other.arrangeOrder(setup);
      const failed = await other.arrangeOrder(setup);
      await other.pool.query(`update pbap.orders set status = 'HALF_DONE' where order_no = $1`, [
        odd.orderNo,
      ]);
      const numbers = async (unknownToo: boolean) => {
        const rows = await other.system.scan.scan(
          window(),
          { type: 'recharge', statuses: ['FAILED'], unknownToo },
          null,
          10,
        );
        return rows.map((row) => row.order.orderNo).toSorted();
      };
      expect(await numbers(false)).toEqual([failed.orderNo]);
      expect(await numbers(true)).toEqual([odd.orderNo, failed.orderNo].toSorted());
    } finally {
      await other.close();
    }
  });

  it('finds a booking by hand that was made days after the order', async () => {
    const other = await openWorld(cloner);
    try {
      const order = await other.arrangeOrder({
        type: 'recharge',
        booking: 'one-shot',
        status: 'SUCCESS',
        ledger: 'none',
        bank: 'settled',
        outbox: 'sent',
        ageMs: 60 * HOUR_MS,
        funds: 'enough',
      });
      await other.pool.query(
        `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
           booked_at) values ('manual:late', 'manual', 'SYS:BANK:CZK', $1, $2, 'CZK', null, $3)`,
        [order.accountNo, order.amountMinor, new Date(order.createdAt.getTime() + 48 * HOUR_MS)],
      );
      const facts = await other.system.orders.read(order.orderNo);
      expect(facts && (await other.system.ledger.read(facts)).handBookedCandidate).toMatch(/^[0-9]+$/);
    } finally {
      await other.close();
    }
  });

  it('finds a booking by hand by amount, account and day, among postings without an order only', async () => {
    const other = await openWorld(cloner);
    try {
      const order = await other.arrangeOrder({
        type: 'recharge',
        booking: 'one-shot',
        status: 'SUCCESS',
        ledger: 'none',
        bank: 'settled',
        outbox: 'sent',
        ageMs: 2 * HOUR_MS,
        funds: 'enough',
      });
      const candidate = async () => {
        const facts = await other.system.orders.read(order.orderNo);
        return facts === null ? null : (await other.system.ledger.read(facts)).handBookedCandidate;
      };
      const book = async (key: string, amountMinor: bigint, at: Date, orderNo: string | null) => {
        await other.pool.query(
          `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
             booked_at) values ($1, 'manual', 'SYS:BANK:CZK', $2, $3, 'CZK', $4, $5)`,
          [key, order.accountNo, amountMinor, orderNo, at],
        );
      };
      const later = new Date(order.createdAt.getTime() + HOUR_MS);
      await book('manual:1', order.amountMinor + 1n, later, null);
      await book('manual:2', order.amountMinor, new Date(order.createdAt.getTime() - 48 * HOUR_MS), null);
      const elsewhere = await other.arrangeOrder({
        type: 'recharge',
        booking: 'one-shot',
        status: 'SUCCESS',
        ledger: 'none',
        bank: 'settled',
        outbox: 'sent',
        ageMs: 2 * HOUR_MS,
        funds: 'enough',
      });
      await book('manual:3', order.amountMinor, later, elsewhere.orderNo);
      expect(await candidate()).toBeNull();
      await book('manual:4', order.amountMinor, later, null);
      expect(await candidate()).not.toBeNull();
    } finally {
      await other.close();
    }
  });
});

describe('the statement control', () => {
  it('counts settled orders and those that the statement shows', async () => {
    const other = await openWorld(cloner);
    try {
      const healthy: Setup = {
        type: 'withdraw',
        booking: 'staged',
        status: 'SUCCESS',
        ledger: 'settled',
        bank: 'settled',
        outbox: 'sent',
        ageMs: HOUR_MS,
        funds: 'enough',
      };
      await other.arrangeOrder(healthy);
      await other.arrangeOrder({ ...healthy, bank: 'never-received' });
      await other.arrangeOrder({ ...healthy, ledger: 'held' });
      expect(await other.system.scan.statementControl(window())).toEqual({ settled: 2, shown: 0 });
      const reach = await other.system.scan.refreshStatement(never);
      expect(reach).toMatchObject({ side: 'bank', complete: true });
      expect(await other.system.scan.statementControl(window())).toEqual({ settled: 2, shown: 1 });
    } finally {
      await other.close();
    }
  });
});
