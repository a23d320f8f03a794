/** Ways in which a bank that answers, and answers wrongly or of another time, could make a repair lose money. */
import { describe, expect, it } from 'vitest';
import { drive } from '../src/conformance/drive.ts';
import { unclear, withBank } from '../src/conformance/intercept.ts';
import type { Setup } from '../src/conformance/index.ts';
import {
  type BankAnswer,
  type BankFacts,
  DEFAULT_POLICY,
  type PaymentSystem,
  paymentRepairs,
} from '../src/index.ts';
import { HONEST } from './world/bank.ts';
import { memoryWorld } from './world/memory-world.ts';
import type { State } from './world/state.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FAILED_AND_HELD: Setup = {
  type: 'withdraw',
  booking: 'staged',
  status: 'FAILED',
  ledger: 'held',
  bank: 'never-received',
  outbox: 'sent',
  ageMs: 2 * HOUR_MS,
  funds: 'enough',
};
const C1 = 'interRechargeFixServiceImpl';
const C3 = 'interWithdrawAccFixServiceImpl';
const C5 = 'rechargeTimeoutFixServiceImpl';
const C7B = 'withdrawFailedAccFixServiceImpl';
const C2 = 'interWithdrawFixServiceImpl';
const C9 = 'withdrawTimeoutFixServiceImpl';
type FixCode = typeof C1 | typeof C9 | typeof C2 | typeof C3 | typeof C5 | typeof C7B;

async function arranged(setup: Partial<Setup>) {
  const world = await memoryWorld(HONEST);
  const order = await world.arrange({ ...FAILED_AND_HELD, ...setup });
  const before = await world.observe(order.orderNo);
  const run = (fixCode: FixCode, system: PaymentSystem<State>) =>
    drive({ system, journal: world.journal }, fixCode, order, DEFAULT_POLICY);
  return { world, order, before, run, now: () => world.observe(order.orderNo) };
}

/** The bank has forgotten every number, and finds the one of the positive control. */
function forgetful(system: PaymentSystem<State>): PaymentSystem<State> {
  return withBank(system, () => ({
    query: async (): Promise<BankAnswer> => ({
      code: 'NOT_FOUND',
      detail: '',
      amountMinor: null,
      currency: null,
      receivedAt: null,
      observedAt: system.now(),
    }),
  }));
}

describe('a bank that forgets numbers', () => {
  it('is not asked to close one that is older than its queries reach', async () => {
    const { world, run, before, now } = await arranged({ ageMs: 40 * DAY_MS });
    let closed = 0;
    const system = withBank(world.system, (bank) => ({
      close: (requestNo, order, signal) => {
        closed += 1;
        return bank.close(requestNo, order, signal);
      },
    }));
    expect(await run(C7B, system)).toMatchObject({ outcome: 'refused', effects: [] });
    expect(closed).toBe(0);
    expect(await now()).toEqual(before);
  });

  it('is not sent one again that it may have forgotten, however lately it was sent the last time', async () => {
    const { world, order, run, before, now } = await arranged({
      status: 'SUCCESS',
      ledger: 'settled',
      bank: 'settled',
      ageMs: 40 * DAY_MS,
    });
    await world.store.transaction(async (tx) => {
      const number = `${order.orderNo}-1`;
      const sentAt = new Date(world.system.now().getTime() - 20 * DAY_MS);
      tx.outbox.set(number, { requestNo: number, orderNo: order.orderNo, attempt: 1, state: 'sent', sentAt });
    });
    // What happened so long ago was never imported either.
    const scan = { ...world.system.scan, statement: async () => null };
    const system = { ...forgetful(world.system), scan };
    expect(await run(C3, system)).toMatchObject({ outcome: 'refused', effects: [] });
    expect(await now()).toEqual(before);
  });
});

describe('the imported statement', () => {
  const paidOut = { bank: 'settled' } as const;

  it.each([
    ['giving back', C7B, paidOut],
    ['sending again', C3, { ...paidOut, status: 'SUCCESS', ledger: 'settled' }],
    ['sending what was never sent', C3, { ...paidOut, status: 'SUCCESS', ledger: 'settled', outbox: 'none' }],
  ] as const)(
    'that shows the payment stops %s, although the bank finds no such number',
    async (_name, fixCode, setup) => {
      const { world, run, before, now } = await arranged(setup);
      const ending = await run(fixCode, forgetful(world.system));
      expect(ending).toMatchObject({ outcome: 'not-yet', effects: [] });
      expect(ending.reason).toContain('statement');
      expect(await now()).toEqual(before);
    },
  );

  it('that shows the payment is not outvoted by a bank that now says failed', async () => {
    const { world, run, before, now } = await arranged(paidOut);
    const system = withBank(world.system, (bank) => ({
      query: async (requestNo, signal) => ({
        ...(await bank.query(requestNo, signal)),
        code: 'FAILED' as const,
      }),
    }));
    expect(await run(C7B, system)).toMatchObject({ outcome: 'refused', effects: [] });
    expect(await now()).toEqual(before);
  });

  it.each([
    ['gone back to the payer', { fact: 'refunded' }],
    ['taken twice', { extraMovements: 1 }],
  ] as const)('that shows the money %s stops the credit', async (_name, change) => {
    const { world, run, before, now } = await arranged({
      type: 'recharge',
      status: 'SUCCESS',
      ledger: 'none',
      bank: 'settled',
    });
    const { scan } = world.system;
    const statement = async (orderNo: string): Promise<BankFacts | null> => {
      const shown = await scan.statement(orderNo);
      return shown === null ? null : { ...shown, ...change };
    };
    const ending = await run(C1, { ...world.system, scan: { ...scan, statement } });
    expect(ending.effects.filter(({ kind }) => kind === 'credit')).toEqual([]);
    expect((await now()).bookedMinor).toBe(before.bookedMinor);
  });

  it('that shows two movements keeps a settled order from being called right', async () => {
    const { world, run } = await arranged({ status: 'SUCCESS', ledger: 'settled', bank: 'settled' });
    const { scan } = world.system;
    const statement = async (orderNo: string): Promise<BankFacts | null> => {
      const shown = await scan.statement(orderNo);
      return shown === null ? null : { ...shown, extraMovements: 1 };
    };
    const ending = await run(C3, { ...world.system, scan: { ...scan, statement } });
    expect(ending).toMatchObject({ outcome: 'refused', effects: [] });
  });
});

describe('a bank that executes a failed number again', () => {
  const failed = { bank: 'failed' } as const;
  const executesAgain = (system: PaymentSystem<State>, hasClose: boolean, closes: boolean) => {
    const calls: string[] = [];
    const changed = withBank(system, (bank) => ({
      capabilities: { ...bank.capabilities, sameNumberOnFailure: 'executes-again', hasClose },
      close: async (requestNo, order, signal) => {
        calls.push(requestNo);
        const said = await bank.close(requestNo, order, signal);
        return closes ? { ...said, code: 'CLOSED' as const } : said;
      },
    }));
    return { system: changed, calls };
  };

  it('has the number closed before the amount goes back', async () => {
    const { world, order, run, now } = await arranged(failed);
    const { system, calls } = executesAgain(world.system, true, true);
    expect((await run(C7B, system)).outcome).toBe('fixed');
    expect(calls).toEqual([`${order.orderNo}-1`]);
    expect(await now()).toMatchObject({ status: 'FAILED', bookedMinor: 0n, heldMinor: 0n });
  });

  it('is asked to close again where its answer was lost and the number still shows the failure', async () => {
    const { world, order, run, now } = await arranged(failed);
    const { system, calls } = executesAgain(world.system, true, true);
    let lost = 0;
    const losing = withBank(system, (bank) => ({
      close: async (requestNo, of, signal) => {
        lost += 1;
        return lost === 1 ? unclear(world.system.now()) : bank.close(requestNo, of, signal);
      },
    }));
    expect(await run(C7B, losing)).toMatchObject({ outcome: 'not-yet', effects: [] });
    expect((await run(C7B, losing)).outcome).toBe('fixed');
    expect(calls).toEqual([`${order.orderNo}-1`]);
    expect(await now()).toMatchObject({ status: 'FAILED', bookedMinor: 0n, heldMinor: 0n });
  });

  it.each([
    ['has no close', false],
    ['does not close what failed', true],
  ] as const)('goes to a person where it %s', async (_name, hasClose) => {
    const { world, run, before, now } = await arranged(failed);
    const { system } = executesAgain(world.system, hasClose, false);
    expect(await run(C7B, system)).toMatchObject({ outcome: 'refused', effects: [] });
    expect(await now()).toEqual(before);
  });
});

describe('evidence', () => {
  it('that grew old between looking and acting is gathered again', async () => {
    const { world, run, now } = await arranged({
      type: 'recharge',
      status: 'PROCESSING',
      ledger: 'none',
      bank: 'settled',
    });
    let looks = 0;
    // The process is stopped right after it looked, and goes on ten minutes later.
    const system: PaymentSystem<State> = {
      ...withBank(world.system, (bank) => ({
        query: (requestNo, signal) => {
          looks += 1;
          return bank.query(requestNo, signal);
        },
      })),
      ledger: {
        ...world.system.ledger,
        read: async (order) => {
          const facts = await world.system.ledger.read(order);
          if (looks === 1) world.pass(10 * 60_000);
          return facts;
        },
      },
    };
    expect((await run(C5, system)).outcome).toBe('fixed');
    // Looked in vain, looked and acted, looked whether it is right.
    expect(looks).toBe(3);
    expect((await now()).status).toBe('SUCCESS');
  });

  it('that grew old before its transaction began is gathered again', async () => {
    const { world, run } = await arranged({
      type: 'recharge',
      status: 'PROCESSING',
      ledger: 'none',
      bank: 'settled',
    });
    let looks = 0;
    let begun = 0;
    // It looked, found the evidence fresh, and then waited ten minutes for a connection to its database.
    const system: PaymentSystem<State> = {
      ...withBank(world.system, (bank) => ({
        query: (requestNo, signal) => {
          looks += 1;
          return bank.query(requestNo, signal);
        },
      })),
      transaction: (work) => {
        begun += 1;
        if (begun === 1) world.pass(10 * 60_000);
        return world.system.transaction(work);
      },
    };
    expect((await run(C5, system)).outcome).toBe('fixed');
    expect({ looks, begun }).toEqual({ looks: 3, begun: 2 });
  });
});

it('every collector names the personal fields of its facts itself, as its fix does', async () => {
  const { world } = await arranged({});
  for (const { collector, fix } of paymentRepairs(world.system)) {
    expect(collector.personal).toEqual(fix.personal);
    expect(collector.personal).toEqual(['order.counterparty', 'order.currentCounterparty']);
  }
});

describe('another execution of the same command that is still at work', () => {
  it('does not make the facts look like another problem', async () => {
    const { world, run, now } = await arranged({
      booking: 'one-shot',
      status: 'SUCCESS',
      ledger: 'none',
      outbox: 'none',
    });
    const { ledger } = world.system;
    let other: Promise<{ readonly outcome: string }> | null = null;
    const overtaken: PaymentSystem<State> = {
      ...world.system,
      ledger: {
        ...ledger,
        // Between the reading of the order and that of the ledger, the other one does all of it.
        read: async (order) => {
          if (other === null) {
            other = run(C2, world.system);
            await other;
          }
          return ledger.read(order);
        },
      },
    };
    const late = await run(C2, overtaken);
    expect(late.outcome).toBe('fixed');
    expect(await other).toMatchObject({ outcome: 'fixed' });
    expect(await now()).toMatchObject({ status: 'SUCCESS' });
  });
});

describe('a bank that is silent when a repaired order is read again', () => {
  it.each([
    ['cannot be reached', 'UNCLEAR', true],
    ['works on it', 'PROCESSING', true],
    ['finds nothing at all', 'NOT_FOUND', false],
  ] as const)('and %s does not make it another problem', async (_name, code, ok) => {
    const { world, run } = await arranged({ status: 'SUCCESS', ledger: 'none', outbox: 'none' });
    expect(await run(C2, world.system)).toMatchObject({ outcome: 'fixed' });
    const silent = withBank(world.system, () => ({
      query: async () => ({ ...unclear(world.system.now()), code }),
      positiveControl: async () => ({ ok, detail: 'no number was found' }),
    }));
    // Its process died before it could say so; the next execution of the same command looks again.
    expect(await run(C2, silent)).toMatchObject({ outcome: 'not-yet' });
    expect(await run(C2, world.system)).toMatchObject({ outcome: 'fixed' });
  });
});

describe('a payout whose answer was lost', () => {
  const inFlight: Partial<Setup> = { status: 'PROCESSING', ledger: 'held', outbox: 'none' };

  /** The payout arrives, and neither its answer nor what is asked after it comes back. */
  const cutAfterSending = (system: PaymentSystem<State>): PaymentSystem<State> => {
    let sent = false;
    return withBank(system, (bank) => ({
      submitPayout: async (request, signal) => {
        await bank.submitPayout(request, signal);
        sent = true;
        return unclear(system.now());
      },
      query: (requestNo, signal) =>
        sent ? Promise.resolve(unclear(system.now())) : bank.query(requestNo, signal),
    }));
  };

  it('is still the one of the command that sent it, where the callback books it first', async () => {
    const { world, order, run, now } = await arranged(inFlight);
    const cut = await run(C9, cutAfterSending(world.system));
    expect(cut).toMatchObject({ outcome: 'not-yet', effects: [] });
    await world.callback(order.orderNo);
    expect(await now()).toMatchObject({ status: 'SUCCESS' });
    const ending = await run(C9, world.system);
    expect(ending).toMatchObject({ outcome: 'fixed', effects: [{ kind: 'payout' }] });
    expect(await run(C9, world.system)).toEqual(ending);
  });

  it('is nothing that the command did, where the bank refused it', async () => {
    const world = await memoryWorld({ ...HONEST, payouts: 'refuses' });
    const order = await world.arrange({ ...FAILED_AND_HELD, ...inFlight });
    const run = (system: PaymentSystem<State>) =>
      drive({ system, journal: world.journal }, C9, order, DEFAULT_POLICY);
    await run(cutAfterSending(world.system));
    await world.callback(order.orderNo);
    expect(await run(world.system)).toMatchObject({ outcome: 'already-right', effects: [] });
  });

  it('is nothing that another command did', async () => {
    const { world, order, run } = await arranged(inFlight);
    await run(C9, cutAfterSending(world.system));
    await world.callback(order.orderNo);
    expect(await run(C3, world.system)).toMatchObject({ outcome: 'already-right', effects: [] });
  });
});
