import { describe, expect, it } from 'vitest';
import { drive } from '../src/conformance/drive.ts';
import { intercept, unclear, withBank } from '../src/conformance/intercept.ts';
import type { Setup } from '../src/conformance/index.ts';
import { type BankAnswer, DEFAULT_POLICY, type PaymentSystem } from '../src/index.ts';
import { HONEST } from './world/bank.ts';
import { memoryWorld } from './world/memory-world.ts';
import type { State } from './world/state.ts';

const LOST: Setup = {
  type: 'withdraw',
  booking: 'staged',
  status: 'FAILED',
  ledger: 'held',
  bank: 'never-received',
  outbox: 'sent',
  ageMs: 2 * 3_600_000,
  funds: 'enough',
};
const C7B = 'withdrawFailedAccFixServiceImpl';
const C3 = 'interWithdrawAccFixServiceImpl';
const C9 = 'withdrawTimeoutFixServiceImpl';
const C5 = 'rechargeTimeoutFixServiceImpl';
const C4 = 'rechargeFailedFixServiceImpl';

async function arranged(setup: Partial<Setup>) {
  const world = await memoryWorld(HONEST);
  const order = await world.arrange({ ...LOST, ...setup });
  const before = await world.observe(order.orderNo);
  const run = (
    fixCode: typeof C7B | typeof C3 | typeof C9 | typeof C5 | typeof C4,
    system: PaymentSystem<State> = world.system,
    policy = DEFAULT_POLICY,
  ) => drive({ system, journal: world.journal }, fixCode, order, policy);
  return { world, order, before, run, now: () => world.observe(order.orderNo) };
}

describe('giving back', () => {
  it('stops what is still queued in the same transaction', async () => {
    const { world, order, run } = await arranged({ outbox: 'queued' });
    expect((await run(C7B)).outcome).toBe('fixed');
    expect(await world.system.outbox.read(order.orderNo)).toMatchObject([{ state: 'stopped' }]);
  });

  it('begins again where the queue was taken after it was read', async () => {
    const { world, run, now } = await arranged({ outbox: 'queued' });
    let raced = false;
    const system = intercept(world.system, async (moment, name) => {
      if (raced || moment !== 'before' || name !== 'transaction') return;
      raced = true;
      await world.store.transaction(async (tx) => {
        for (const entry of tx.outbox.values())
          tx.outbox.set(entry.requestNo, { ...entry, state: 'sending' });
      });
    });
    expect((await run(C7B, system)).outcome).toBe('fixed');
    expect(await now()).toMatchObject({ status: 'FAILED', bookedMinor: 0n, bankMinor: 0n });
  });

  it('of what was settled waits for a bank that cannot be heard, and is for a person where it finds nothing', async () => {
    const { world, run, before, now } = await arranged({
      status: 'PROCESSING',
      ledger: 'settled',
      ageMs: 30 * 3_600_000,
    });
    const answering = (code: BankAnswer['code'], ok: boolean) =>
      withBank(world.system, () => ({
        query: async () => ({ ...unclear(world.system.now()), code }),
        positiveControl: async () => ({ ok, detail: '' }),
      }));
    for (const [code, ok] of [
      ['UNCLEAR', true],
      ['PROCESSING', true],
      ['NOT_FOUND', false],
    ] as const)
      expect(await run(C9, answering(code, ok))).toMatchObject({ outcome: 'not-yet', effects: [] });
    expect(await run(C9, answering('NOT_FOUND', true))).toMatchObject({
      outcome: 'refused',
      reason: 'a settled hold is given back by a person, over two postings',
    });
    expect(await now()).toEqual(before);
  });

  it('goes on with what another command decided while the bank closed the number', async () => {
    const { world, order, run, now } = await arranged({ status: 'PROCESSING', ageMs: 30 * 3_600_000 });
    let raced = false;
    const system = intercept(world.system, async (moment, name) => {
      if (raced || moment !== 'before' || name !== 'transaction') return;
      raced = true;
      await world.store.transaction(async (tx) => {
        tx.decisions.set(order.orderNo, { decision: 'RESUBMIT', commandKey: 'cmd/another' });
      });
    });
    expect(await run(C9, system)).toMatchObject({ outcome: 'fixed' });
    expect(raced).toBe(true);
    expect(await now()).toMatchObject({ status: 'FAILED', bookedMinor: 0n, bankMinor: 0n });
  });

  it('asks for no close that may move money where a payout was decided meanwhile', async () => {
    const { world, order, run, now } = await arranged({ status: 'PROCESSING', ageMs: 30 * 3_600_000 });
    let closes = 0;
    const refunding = withBank(world.system, (bank) => ({
      capabilities: { ...bank.capabilities, closeMayRefund: true },
      close: (...asked) => {
        closes += 1;
        return bank.close(...asked);
      },
    }));
    let raced = false;
    const system = intercept(refunding, async (moment, name) => {
      if (raced || moment !== 'before' || name !== 'transaction') return;
      raced = true;
      await world.store.transaction(async (tx) => {
        tx.decisions.set(order.orderNo, { decision: 'RESUBMIT', commandKey: 'cmd/another' });
      });
    });
    await run(C9, system);
    expect(raced).toBe(true);
    expect(closes).toBe(0);
    expect((await now()).bookedMinor).toBe(-order.amountMinor);
  });

  it('waits where the bank closes no number that it has not seen', async () => {
    const { world, run, before, now } = await arranged({});
    const capabilities = { ...world.system.bank.capabilities, closeAcceptsUnknownNumber: false };
    const system = withBank(world.system, () => ({ capabilities }));
    expect(await run(C7B, system)).toMatchObject({ outcome: 'not-yet', effects: [] });
    expect(await now()).toEqual(before);
  });

  it('waits for the age from which the bank closes', async () => {
    const { world, run } = await arranged({});
    const capabilities = { ...world.system.bank.capabilities, closeMinAgeMs: 3 * 3_600_000 };
    const system = withBank(world.system, () => ({ capabilities }));
    expect(await run(C7B, system)).toMatchObject({ outcome: 'not-yet', effects: [] });
    world.pass(3_600_000);
    expect((await run(C7B, system)).outcome).toBe('fixed');
  });

  it("is a person's where the hold was settled", async () => {
    const { run } = await arranged({ ledger: 'settled', bank: 'failed' });
    expect(await run(C7B)).toMatchObject({ outcome: 'refused', effects: [] });
  });
});

describe('sending again', () => {
  const success = { status: 'SUCCESS', ledger: 'settled' } as const;

  it("is a person's once the number is finally unpaid", async () => {
    const { run, before, now } = await arranged({ ...success, bank: 'failed' });
    expect(await run(C3)).toMatchObject({ outcome: 'refused', effects: [] });
    expect(await now()).toEqual(before);
  });

  it.each([
    ['beyond the query window', { queryWindowMs: 3_600_000 }, 'refused'],
    ['at a bank that does not know numbers again', { dedupeHorizonMs: 0 }, 'refused'],
    ['inside the window in which not found means nothing', { notFoundWindowMs: 3 * 3_600_000 }, 'not-yet'],
  ] as const)('is not done %s', async (_name, change, outcome) => {
    const { world, run, before, now } = await arranged(success);
    const capabilities = { ...world.system.bank.capabilities, ...change };
    const system = withBank(world.system, () => ({ capabilities }));
    expect(await run(C3, system)).toMatchObject({ outcome, effects: [] });
    expect(await now()).toEqual(before);
  });

  it('commits the intent before the number leaves', async () => {
    const { world, order, run } = await arranged({ ...success, outbox: 'none' });
    const states: unknown[] = [];
    const system = withBank(world.system, (bank) => ({
      submitPayout: async (request, signal) => {
        states.push(...(await world.system.outbox.read(order.orderNo)).map(({ state }) => state));
        return bank.submitPayout(request, signal);
      },
    }));
    expect((await run(C3, system)).outcome).toBe('fixed');
    expect(states).toEqual(['sending']);
  });

  it("gives the amount back where the payee's bank refuses the payout", async () => {
    const world = await memoryWorld({ ...HONEST, payouts: 'refuses' });
    const order = await world.arrange({ ...LOST, status: 'SUCCESS', ledger: 'none', outbox: 'none' });
    const ending = await drive(world, 'interWithdrawFixServiceImpl', order, DEFAULT_POLICY);
    expect(ending.outcome).toBe('fixed');
    expect(ending.effects.map(({ kind }) => kind)).toEqual(['status', 'hold', 'status', 'release']);
    expect(await world.observe(order.orderNo)).toMatchObject({
      status: 'FAILED',
      bookedMinor: 0n,
      bankMinor: 0n,
    });
  });
});

describe('what somebody else did meanwhile', () => {
  it('another decision, made after it was looked for, rolls the step back', async () => {
    const { world, order, run, before, now } = await arranged({ bank: 'failed' });
    const system = intercept(world.system, async (moment, name) => {
      if (moment !== 'before' || name !== 'transaction') return;
      await world.store.transaction(async (tx) => {
        tx.decisions.set(order.orderNo, { decision: 'REFUND_PAYER', commandKey: 'cmd/person' });
      });
    });
    expect(await run(C7B, system)).toMatchObject({ outcome: 'refused', effects: [] });
    expect(await now()).toEqual(before);
  });

  it('a changed version makes the round begin again', async () => {
    const { world, order, run } = await arranged({ bank: 'failed' });
    let transactions = 0;
    const system = intercept(world.system, async (moment, name) => {
      if (moment !== 'before' || name !== 'transaction') return;
      transactions += 1;
      if (transactions > 1) return;
      await world.store.transaction(async (tx) => {
        const row = tx.orders.get(order.orderNo);
        if (row) row.version += 1;
      });
    });
    expect((await run(C7B, system)).outcome).toBe('fixed');
    expect(transactions).toBe(2);
  });

  it('a bank that denies its own close goes to a person', async () => {
    const { world, order, run } = await arranged({});
    expect((await run(C7B)).outcome).toBe('fixed');
    const request = world.bank.requests.get(`${order.orderNo}-1`);
    if (request) request.state = 'settled';
    const again = await run(C7B);
    expect(again).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('had made') });
  });

  it('a booking by hand without reference stops the credit', async () => {
    const { world, order, run, before, now } = await arranged({
      type: 'recharge',
      status: 'PROCESSING',
      ledger: 'none',
      bank: 'settled',
    });
    await world.store.transaction(async (tx) => {
      const { accountNo, amountMinor } = tx.orders.get(order.orderNo) ?? { accountNo: '', amountMinor: 0n };
      const byHand = { id: 'P-hand', key: 'hand', orderNo: null, kind: 'manual', refersTo: null } as const;
      tx.postings.set('hand', { ...byHand, from: 'bank', to: accountNo, amountMinor, bookedAt: new Date(0) });
    });
    expect(await run(C5)).toMatchObject({ outcome: 'refused', effects: [] });
    expect((await now()).status).toBe(before.status);
  });
});

describe('policy', () => {
  it('young orders wait in the executor too', async () => {
    const { run } = await arranged({
      type: 'recharge',
      status: 'PROCESSING',
      ledger: 'none',
      bank: 'settled',
      ageMs: 60_000,
    });
    expect(await run(C5)).toMatchObject({ outcome: 'not-yet', effects: [] });
  });

  it('late recharges can be left to a person', async () => {
    const { world, run } = await arranged({ type: 'recharge', ledger: 'none', bank: 'settled' });
    const policy = { ...DEFAULT_POLICY, lateRecharge: 'person' } as const;
    expect(await run(C4, world.system, policy)).toMatchObject({ outcome: 'refused', effects: [] });
    expect((await run(C4)).outcome).toBe('fixed');
  });

  it('a close that may move money is decided before it is called', async () => {
    const { world, order, run } = await arranged({});
    const seen: unknown[] = [];
    const system = withBank(world.system, (bank) => ({
      capabilities: { ...bank.capabilities, closeMayRefund: true },
      close: async (requestNo, of, signal) => {
        seen.push((await world.system.decisions.read(order.orderNo))?.decision);
        return bank.close(requestNo, of, signal);
      },
    }));
    expect((await run(C7B, system)).outcome).toBe('fixed');
    expect(seen).toEqual(['RETURN_TO_ACCOUNT']);
  });
});

describe('a booking that left the order as it was', () => {
  it.each([
    ['a payout is not sent again, and the order fails', 'never-received', 'fixed', 'FAILED'],
    ['an order that was paid and given back is for a person', 'settled', 'refused', 'PROCESSING'],
  ] as const)('is seen by a step that books nothing: %s', async (_name, bank, outcome, status) => {
    const { world, order, run } = await arranged({
      booking: 'one-shot',
      status: 'PROCESSING',
      ledger: 'debited',
      bank,
    });
    const facts = await world.system.orders.read(order.orderNo);
    if (facts === null) throw new Error('the order is gone');
    const { postingId } = await world.system.ledger.read(facts);
    let raced = false;
    const system = intercept(world.system, async (moment, name) => {
      if (raced || moment !== 'before' || name !== 'transaction') return;
      raced = true;
      // Nothing but the posting: no status, no version, no look at the mark.
      await world.store.transaction(async (tx) => {
        await world.system.ledger.reverse(tx, facts, postingId ?? '');
      });
    });
    const before = await world.observe(order.orderNo);
    expect(await run(C9, system)).toMatchObject({ outcome });
    expect(raced).toBe(true);
    const { bankMinor } = before;
    expect(await world.observe(order.orderNo)).toMatchObject({ status, bookedMinor: 0n, bankMinor });
  });
});
