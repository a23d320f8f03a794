import type { SeedFixCode } from '@piculus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drive } from '../src/conformance/drive.ts';
import { intercept } from '../src/conformance/intercept.ts';
import type { Setup } from '../src/conformance/index.ts';
import {
  closeKey,
  creditKey,
  DEFAULT_POLICY,
  payoutKey,
  paymentRepairs,
  resolveKey,
  reserveKey,
  reversalKey,
  statusKey,
} from '../src/index.ts';
import { collectAll } from './support/collect.ts';
import { type BankManners, HONEST } from './world/bank.ts';
import { Book, ledgerFacts } from './world/booking.ts';
import { type MemoryWorld, memoryWorld } from './world/memory-world.ts';
import { balanceOf, type State } from './world/state.ts';
import { orderFacts } from './world/system.ts';

const anySetup: fc.Arbitrary<Setup> = fc
  .record({
    type: fc.constantFrom('recharge', 'withdraw'),
    booking: fc.constantFrom('one-shot', 'staged'),
    status: fc.constantFrom('PROCESSING', 'SUCCESS', 'FAILED', 'REFUNDED', 'RETURNED'),
    ledgerIndex: fc.nat(3),
    bank: fc.constantFrom('never-received', 'processing', 'settled', 'failed'),
    outbox: fc.constantFrom('none', 'queued', 'sent'),
    ageMs: fc.constantFrom(2 * 3_600_000, 72 * 3_600_000),
    funds: fc.constantFrom('enough', 'too-little'),
  })
  .map(({ ledgerIndex, ...setup }) => {
    const possible = LEDGERS[setup.type === 'recharge' ? 'recharge' : setup.booking];
    const ledger = possible[ledgerIndex % possible.length] ?? 'none';
    // What the bank has cannot be unsent.
    const outbox = setup.bank === 'never-received' ? setup.outbox : 'sent';
    return { ...setup, ledger, outbox };
  });
const LEDGERS = {
  recharge: ['none', 'credited', 'reversed'],
  'one-shot': ['none', 'debited', 'reversed'],
  staged: ['none', 'held', 'settled', 'released'],
} as const;

const anyManners: fc.Arbitrary<BankManners> = fc.record({
  settles: fc.constantFrom('at-once', 'later'),
  blindQueries: fc.constantFrom(0, 2),
  payouts: fc.constantFrom('pays', 'refuses'),
});

describe('any broken record, as production would treat it', () => {
  it('ends right or with a person, and no loss is made that was not there', async () => {
    await fc.assert(
      fc.asyncProperty(anySetup, anyManners, async (setup, manners) => {
        const world = await memoryWorld(manners);
        const order = await world.arrange(setup);
        const before = await world.observe(order.orderNo);
        const fixCodesFor = async (): Promise<readonly SeedFixCode[]> => {
          const { problems } = await collectAll(world.system);
          return problems.filter(({ handling }) => handling === 'fix').map(({ fixCode }) => fixCode);
        };
        let refused = false;
        for (let tick = 0; tick < 12; tick += 1) {
          for (const fixCode of await fixCodesFor()) {
            const { outcome } = await drive(world, fixCode, order, DEFAULT_POLICY);
            refused ||= outcome === 'refused';
          }
          await world.bankWorks();
          await world.senderRuns();
          await world.callback(order.orderNo);
        }
        if (!refused) expect(await fixCodesFor()).toEqual([]);
        const after = await world.observe(order.orderNo);
        expect(await world.ledgerSumMinor()).toBe(0n);
        expect(after.bankMovements).toBeLessThanOrEqual(1);
        const gap = (bookedMinor: bigint, bankMinor: bigint): bigint => bookedMinor - bankMinor;
        // Whatever was wrong between ledger and bank is gone, or is what it was, or is what the request that
        // was under way at the start has made of it.
        const original = before.bankMinor + (setup.type === 'recharge' ? 1n : -1n) * order.amountMinor;
        const onItsWay = setup.bank === 'processing' || setup.outbox === 'queued';
        const allowed = [0n, gap(before.bookedMinor, before.bankMinor)];
        if (onItsWay) allowed.push(gap(before.bookedMinor, original));
        expect(allowed).toContain(gap(after.bookedMinor, after.bankMinor));
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('one change between reading and acting', () => {
  const cases = [
    [
      'status',
      'version',
      'stolen fence',
      'decision',
      'drained account',
      'payout seen',
      'number closed',
      'given back by hand',
    ],
  ].flat();

  it.each(cases)('%s: the step is not taken, or is still right', async (change) => {
    await fc.assert(
      fc.asyncProperty(anySetup, async (setup) => {
        const world = await memoryWorld(HONEST);
        const order = await world.arrange({ ...setup, ageMs: 2 * 3_600_000 });
        const { problems } = await collectAll(world.system);
        const [found] = problems;
        fc.pre(found !== undefined && found.handling === 'fix');
        const before = await world.observe(order.orderNo);
        let done = false;
        const system = intercept(world.system, async (moment, name) => {
          if (done || moment !== 'before' || (name !== 'transaction' && name !== 'close')) return;
          done = true;
          await apply(change, world, order.orderNo);
        });
        const ending = await drive({ system, journal: world.journal }, found.fixCode, order, DEFAULT_POLICY);
        const after = await world.observe(order.orderNo);
        expect(after.bankMovements).toBeLessThanOrEqual(1);
        expect(await world.ledgerSumMinor()).toBe(0n);
        if (ending.outcome === 'fixed') {
          expect(after.bookedMinor).toBe(after.bankMinor);
          expect(after.heldMinor).toBe(0n);
        }
        if (change === 'decision' || change === 'stolen fence') {
          expect(after.bookedMinor).toBe(before.bookedMinor);
          expect(after.status).toBe(before.status);
        }
      }),
      { numRuns: 200 },
    );
  });
});

async function apply(change: string, world: MemoryWorld, orderNo: string): Promise<void> {
  await world.store.transaction(async (tx) => {
    const order = tx.orders.get(orderNo);
    if (!order) return;
    if (change === 'status') order.status = order.status === 'FAILED' ? 'PROCESSING' : 'FAILED';
    if (change === 'status' || change === 'version') order.version += 1;
    if (change === 'stolen fence') order.repairCommand = 'cmd/another';
    if (change === 'decision')
      tx.decisions.set(orderNo, { decision: 'REFUND_PAYER', commandKey: 'cmd/person' });
    if (change === 'drained account') {
      const opening = tx.postings.get(`opening:${order.accountNo}`);
      const amountMinor = (opening?.amountMinor ?? 0n) - balanceOf(tx, order.accountNo);
      if (opening) tx.postings.set(opening.key, { ...opening, amountMinor });
    }
    if (change === 'given back by hand') giveBackByHand(tx, orderNo, world.system.now());
  });
  if (change === 'payout seen') await world.originalArrives(orderNo);
  if (change === 'number closed') {
    const facts = await world.system.orders.read(orderNo);
    if (facts) await world.system.bank.close(facts.requestNo, facts, new AbortController().signal);
  }
}

function giveBackByHand(tx: State, orderNo: string, now: Date): void {
  const facts = orderFacts(tx, orderNo, now);
  const order = tx.orders.get(orderNo);
  if (!facts || !order) return;
  const { state, postingId } = ledgerFacts(tx, facts, now);
  if (postingId === null) return;
  if (state === 'held') new Book(tx, now).release(order, postingId);
  if (state === 'debited') new Book(tx, now).reverse(order, postingId);
}

describe('effect keys', () => {
  const part = fc.oneof(
    fc.string({ minLength: 1, maxLength: 8 }),
    fc.constantFrom('007', '7', 'A', 'a', 'a:1', '1'),
  );
  const key = fc.oneof(
    part.map((no) => ({ says: ['credit', no], key: creditKey(no) })),
    part.map((no) => ({ says: ['hold', no], key: reserveKey(no, 'staged') })),
    part.map((no) => ({ says: ['debit', no], key: reserveKey(no, 'one-shot') })),
    part.map((no) => ({ says: ['resolve', no], key: resolveKey(no) })),
    part.map((no) => ({ says: ['reversal', no], key: reversalKey(no) })),
    part.map((no) => ({ says: ['payout', no], key: payoutKey(no) })),
    part.map((no) => ({ says: ['close', no], key: closeKey(no) })),
    fc
      .tuple(part, fc.nat())
      .map(([no, version]) => ({ says: ['status', no, version], key: statusKey(no, version) })),
  );
  it('are injective', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(a.key === b.key).toBe(JSON.stringify(a.says) === JSON.stringify(b.says));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('the pairs', () => {
  it('are eight, each with a collector and a fix of one code', async () => {
    const { system } = await memoryWorld(HONEST);
    const pairs = paymentRepairs(system);
    expect(pairs).toHaveLength(8);
    for (const { collector, fix } of pairs) expect(collector.fixCode).toBe(fix.fixCode);
  });
});
