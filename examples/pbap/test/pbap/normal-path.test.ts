import type { Setup } from '@piculus/repairs/conformance';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeCallback } from '../../src/pbap/callback.ts';
import { createPbapHttp } from '../../src/pbap/http.ts';
import { OrderRefused, placeOrder, requestNo } from '../../src/pbap/normal-path.ts';
import { createPaymentSystem } from '../../src/pbap/payment-system.ts';
import { REPAIR_MARK_LIFE_MS } from '../../src/pbap/repair-mark.ts';
import { sendQueued } from '../../src/pbap/sender.ts';
import { askAboutInFlight } from '../../src/pbap/timeout-job.ts';
import { silentLog } from '../../src/shared/log.ts';
import { type Cloner, createCloner } from './cloned-database.ts';
import { never, openWorld, type PbapWorld } from './world.ts';

let cloner: Cloner;
let world: PbapWorld;
beforeAll(async () => {
  cloner = await createCloner();
});
afterAll(() => cloner.drop());
beforeEach(async () => {
  world = await openWorld(cloner);
});
afterEach(() => world.close());

const MINUTE_MS = 60_000;
const parts = () => ({ pool: world.pool, bank: world.bank, clock: world.clock, callbackUrl: null });
const jobOptions = () => ({ ...parts(), fromAgeMs: 0, toAgeMs: 60 * MINUTE_MS });

/** A staged withdrawal in flight, five minutes old. */
const inFlight: Setup = {
  type: 'withdraw',
  booking: 'staged',
  status: 'PROCESSING',
  ledger: 'held',
  bank: 'processing',
  outbox: 'sent',
  ageMs: 5 * MINUTE_MS,
  funds: 'enough',
};

async function richAccount(): Promise<string> {
  const order = await world.arrangeOrder({ ...inFlight, bank: 'never-received', outbox: 'none' }, 10_000n);
  return order.accountNo;
}

describe('an order on the normal path', () => {
  it.each([
    ['recharge', 'one-shot', 500n],
    ['withdraw', 'one-shot', -500n],
    ['withdraw', 'staged', -500n],
  ] as const)('a %s (%s) is placed, sent, settled and booked', async (type, booking, change) => {
    const accountNo = await richAccount();
    const before = await balance(accountNo);
    await placeOrder(
      world.pool,
      { orderNo: 'N1', type, booking, accountNo, amountMinor: 500n },
      world.clock.now(),
    );
    expect(await sendQueued(parts(), never)).toBe(1);
    expect(await sendQueued(parts(), never)).toBe(0);
    expect(await takeCallback(parts(), 'N1-1', never)).toBe('early');
    await world.bankWorks();
    expect(await takeCallback(parts(), 'N1-1', never)).toBe('taken');
    expect(await takeCallback(parts(), 'N1-1', never)).toBe('nothing');
    expect(await statusOf('N1')).toBe('SUCCESS');
    expect(await balance(accountNo)).toBe(before + change);
    expect(await world.ledgerSumMinor()).toBe(0n);
  });

  it('gives the money back where the bank refuses the payee, one-shot and staged', async () => {
    const accountNo = await richAccount();
    await world.pool.query(`update pbap.accounts set counterparty = 'CLOSED-1' where account_no = $1`, [
      accountNo,
    ]);
    const before = await balance(accountNo);
    for (const [orderNo, booking] of [
      ['N1', 'one-shot'],
      ['N2', 'staged'],
    ] as const) {
      await placeOrder(
        world.pool,
        { orderNo, type: 'withdraw', booking, accountNo, amountMinor: 700n },
        world.clock.now(),
      );
    }
    expect(await balance(accountNo)).toBe(before - 1_400n);
    await sendQueued(parts(), never);
    await world.bankWorks();
    for (const orderNo of ['N1', 'N2']) {
      expect(await takeCallback(parts(), requestNo(orderNo, 1), never)).toBe('taken');
      expect(await statusOf(orderNo)).toBe('FAILED');
    }
    expect(await balance(accountNo)).toBe(before);
    expect(await world.ledgerSumMinor()).toBe(0n);
  });

  it('is not taken from an account that is closed or has not enough, and leaves no trace', async () => {
    const accountNo = await richAccount();
    const print = await world.fingerprint();
    const place = (amountMinor: bigint) =>
      placeOrder(
        world.pool,
        { orderNo: 'N1', type: 'withdraw', booking: 'staged', accountNo, amountMinor },
        world.clock.now(),
      );
    await expect(place(10_000_000n)).rejects.toThrow(OrderRefused);
    expect(await world.fingerprint()).toBe(print);
    await world.pool.query(`update pbap.accounts set status = 'closed' where account_no = $1`, [accountNo]);
    await expect(place(1n)).rejects.toThrow(OrderRefused);
  });

  it('is left alone where the bank paid another amount', async () => {
    const { orderNo } = await world.arrangeOrder(inFlight);
    await world.pool.query('update bank.requests set amount_minor = amount_minor - 1');
    await world.bankWorks();
    expect(await takeCallback(parts(), requestNo(orderNo, 1), never)).toBe('nothing');
    expect(await statusOf(orderNo)).toBe('PROCESSING');
  });
});

describe('a booking by hand that names the order', () => {
  const lostCallback: Setup = {
    ...inFlight,
    type: 'recharge',
    booking: 'one-shot',
    ledger: 'none',
    bank: 'settled',
  };
  const byHand = (order: { orderNo: string; accountNo: string }, amountMinor: bigint) =>
    world.system.transaction(async (tx) => {
      await tx.query(
        `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
           booked_at) values ($1, 'manual', 'SYS:BANK:CZK', $2, $3, 'CZK', $4, now())`,
        [`manual:${order.orderNo}`, order.accountNo, amountMinor, order.orderNo],
      );
      await tx.query('update pbap.accounts set balance_minor = balance_minor + $2 where account_no = $1', [
        order.accountNo,
        amountMinor,
      ]);
    });

  it('is the credit: a callback that comes after it books no second one', async () => {
    const order = await world.arrangeOrder(lostCallback);
    await byHand(order, order.amountMinor);
    expect(await takeCallback(parts(), requestNo(order.orderNo, 1), never)).toBe('taken');
    expect(await world.observe(order.orderNo)).toMatchObject({
      status: 'SUCCESS',
      bookedMinor: order.amountMinor,
    });
  });

  it('of another amount leaves the order to a collect', async () => {
    const order = await world.arrangeOrder(lostCallback);
    await byHand(order, order.amountMinor - 1n);
    expect(await takeCallback(parts(), requestNo(order.orderNo, 1), never)).toBe('nothing');
    expect(await world.observe(order.orderNo)).toMatchObject({
      status: 'PROCESSING',
      bookedMinor: order.amountMinor - 1n,
    });
  });

  it('is the credit for a repair too that looked before it was there', async () => {
    const { orderNo, accountNo, amountMinor } = await world.arrangeOrder(lostCallback);
    const order = await world.system.orders.read(orderNo);
    if (order === null) throw new Error('the order is gone');
    await byHand({ orderNo, accountNo }, amountMinor);
    expect(await world.system.transaction((tx) => world.system.ledger.credit(tx, order))).toBe('exists');
    expect((await world.observe(orderNo)).bookedMinor).toBe(amountMinor);
  });
});

describe('an earlier attempt', () => {
  it('that failed gives nothing back while a later one may be paid', async () => {
    const order = await world.arrangeOrder({ ...inFlight, bank: 'failed' });
    await world.pool.query(
      `insert into pbap.outbox (request_no, order_no, attempt, kind, amount_minor, currency, counterparty, state,
         queued_at, sent_at)
       select $2, order_no, 2, kind, amount_minor, currency, counterparty, 'sent', now(), now() from pbap.outbox
       where request_no = $1`,
      [requestNo(order.orderNo, 1), requestNo(order.orderNo, 2)],
    );
    expect(await takeCallback(parts(), requestNo(order.orderNo, 1), never)).toBe('nothing');
    expect(await world.observe(order.orderNo)).toMatchObject({
      status: 'PROCESSING',
      heldMinor: order.amountMinor,
    });
  });
});

describe('the timeout job', () => {
  it('never takes NOT_FOUND or silence for an end, and ends what the bank has ended', async () => {
    const lost = await world.arrangeOrder({ ...inFlight, bank: 'never-received' });
    const working = await world.arrangeOrder(inFlight);
    const refused = await world.arrangeOrder({ ...inFlight, bank: 'failed' });
    expect(await askAboutInFlight(jobOptions(), never)).toBe(1);
    expect(await statusOf(lost.orderNo)).toBe('PROCESSING');
    expect(await statusOf(working.orderNo)).toBe('PROCESSING');
    expect(await statusOf(refused.orderNo)).toBe('FAILED');
    await world.bankWorks();
    expect(await askAboutInFlight(jobOptions(), never)).toBe(1);
    expect(await statusOf(working.orderNo)).toBe('SUCCESS');
    await world.running.stop();
    expect(await askAboutInFlight(jobOptions(), never)).toBe(0);
    expect(await statusOf(lost.orderNo)).toBe('PROCESSING');
  });

  it('leaves older orders to collect and repair', async () => {
    await world.arrangeOrder({ ...inFlight, bank: 'failed', ageMs: 120 * MINUTE_MS });
    expect(await askAboutInFlight(jobOptions(), never)).toBe(0);
  });
});

describe('a repair that has an order', () => {
  it('holds callback, timeout job and sender off, and the late callback then books once', async () => {
    const settled = await world.arrangeOrder(inFlight);
    const queued = await world.arrangeOrder({ ...inFlight, bank: 'never-received', outbox: 'queued' });
    await world.bankWorks();
    for (const { orderNo } of [settled, queued])
      expect(await world.system.orders.fence(orderNo, 'cmd/1')).toBe('held');
    const print = await world.fingerprint();
    expect(await takeCallback(parts(), requestNo(settled.orderNo, 1), never)).toBe('busy');
    expect(await askAboutInFlight(jobOptions(), never)).toBe(0);
    expect(await sendQueued(parts(), never)).toBe(0);
    expect(await world.fingerprint()).toBe(print);

    // The repair settles it; the callback comes again and finds nothing left to do.
    const order = await world.system.orders.read(settled.orderNo);
    if (order === null) throw new Error('the order is gone');
    const { postingId } = await world.system.ledger.read(order);
    await world.system.transaction(async (tx) => {
      expect(await world.system.ledger.settle(tx, order, postingId ?? '')).toBe('booked');
      expect(await world.system.orders.setStatus(tx, order, 'SUCCESS', 'cmd/1')).toBe(true);
    });
    for (const { orderNo } of [settled, queued]) await world.system.orders.unfence(orderNo, 'cmd/1');
    expect(await takeCallback(parts(), requestNo(settled.orderNo, 1), never)).toBe('nothing');
    expect(await sendQueued(parts(), never)).toBe(1);
    expect(await world.observe(settled.orderNo)).toMatchObject({
      status: 'SUCCESS',
      bookedMinor: -settled.amountMinor,
      heldMinor: 0n,
    });
    expect(await world.ledgerSumMinor()).toBe(0n);
  });

  it('is asked to wait by another one, may take its own mark again, and loses it when it is long dead', async () => {
    const { orderNo } = await world.arrangeOrder(inFlight);
    const { orders } = world.system;
    expect(await orders.fence('no-such-order', 'cmd/1')).toBe('gone');
    expect(await orders.fence(orderNo, 'cmd/1')).toBe('held');
    expect(await orders.fence(orderNo, 'cmd/1')).toBe('held');
    expect(await orders.fence(orderNo, 'cmd/2')).toBe('held-by-other');
    await orders.unfence(orderNo, 'cmd/2');
    expect(await orders.fence(orderNo, 'cmd/2')).toBe('held-by-other');
    const stale = new Date(Date.now() - REPAIR_MARK_LIFE_MS - 1_000);
    await world.pool.query('update pbap.orders set repair_since = $1', [stale]);
    expect(await orders.fence(orderNo, 'cmd/2')).toBe('held');
    // The one thought dead comes back: its compare-and-set asks for the mark.
    const facts = await orders.read(orderNo);
    if (facts === null) throw new Error('the order is gone');
    expect(await world.system.transaction((tx) => orders.setStatus(tx, facts, 'FAILED', 'cmd/1'))).toBe(
      false,
    );
    expect(await world.system.transaction((tx) => orders.setStatus(tx, facts, 'FAILED', 'cmd/2'))).toBe(true);
    expect(await world.system.transaction((tx) => orders.setStatus(tx, facts, 'FAILED', 'cmd/2'))).toBe(
      false,
    );
  });

  it('keeps its mark when the process that had the command before it lets go', async () => {
    const { orderNo } = await world.arrangeOrder(inFlight);
    await world.bankWorks();
    const later = { ...world.clock, now: () => new Date(world.clock.now().getTime() + MINUTE_MS) };
    const other = createPaymentSystem({ ...parts(), clock: later }).orders;
    expect(await world.system.orders.fence(orderNo, 'cmd/1')).toBe('held');
    // The lease went to another process; this one hears of it only then, gives up and releases.
    expect(await other.fence(orderNo, 'cmd/1')).toBe('held');
    await world.system.orders.unfence(orderNo, 'cmd/1');
    expect(await takeCallback(parts(), requestNo(orderNo, 1), never)).toBe('busy');
    await other.unfence(orderNo, 'cmd/1');
    expect(await takeCallback(parts(), requestNo(orderNo, 1), never)).toBe('taken');
  });

  it('and callbacks at the same instant book once', async () => {
    for (let round = 0; round < 8; round += 1) {
      const arranged = await world.arrangeOrder(inFlight);
      await world.bankWorks();
      const repair = async (): Promise<void> => {
        if ((await world.system.orders.fence(arranged.orderNo, 'cmd/1')) !== 'held') return;
        const order = await world.system.orders.read(arranged.orderNo);
        if (order?.status === 'PROCESSING') {
          const { postingId } = await world.system.ledger.read(order);
          await world.system.transaction(async (tx) => {
            await world.system.ledger.settle(tx, order, postingId ?? '');
            await world.system.orders.setStatus(tx, order, 'SUCCESS', 'cmd/1');
          });
        }
        await world.system.orders.unfence(arranged.orderNo, 'cmd/1');
      };
      await Promise.all([
        repair(),
        ...Array.from({ length: 4 }, () => takeCallback(parts(), requestNo(arranged.orderNo, 1), never)),
        askAboutInFlight(jobOptions(), never),
      ]);
      expect(await world.observe(arranged.orderNo)).toMatchObject({
        status: 'SUCCESS',
        bookedMinor: -arranged.amountMinor,
        heldMinor: 0n,
        bankMovements: 1,
      });
    }
    expect(await world.ledgerSumMinor()).toBe(0n);
  });
});

describe('the HTTP door', () => {
  it('asks the bank to call again while a repair has the order, and believes no callback by itself', async () => {
    const app = createPbapHttp({ ...parts(), log: silentLog, stopping: never, onPlaced: () => {} });
    const call = (body: object) => app.inject({ method: 'POST', url: '/bank/callback', payload: body });
    const forged = await world.arrangeOrder({ ...inFlight, bank: 'never-received' });
    const told = (orderNo: string) => ({ requestNo: requestNo(orderNo, 1), orderNo, state: 'PAID' });
    expect((await call(told(forged.orderNo))).statusCode).toBe(503);
    expect(await statusOf(forged.orderNo)).toBe('PROCESSING');
    const real = await world.arrangeOrder(inFlight);
    await world.bankWorks();
    await world.system.orders.fence(real.orderNo, 'cmd/1');
    expect((await call(told(real.orderNo))).statusCode).toBe(503);
    await world.system.orders.unfence(real.orderNo, 'cmd/1');
    expect((await call(told(real.orderNo))).statusCode).toBe(200);
    expect(await statusOf(real.orderNo)).toBe('SUCCESS');
    expect((await call({ nonsense: true })).statusCode).toBe(400);
    const order = { type: 'withdraw', accountNo: real.accountNo, amountMinor: '5', booking: 'staged' };
    const placed = await app.inject({ method: 'POST', url: '/orders', payload: order });
    expect(placed.statusCode).toBe(201);
    const refused = await app.inject({
      method: 'POST',
      url: '/orders',
      payload: { ...order, amountMinor: '1.5' },
    });
    expect(refused.statusCode).toBe(400);
    await app.close();
  });
});

async function balance(accountNo: string): Promise<bigint> {
  const result = await world.pool.query<{ balance_minor: string }>(
    'select balance_minor from pbap.accounts where account_no = $1',
    [accountNo],
  );
  return BigInt(result.rows[0]?.balance_minor ?? '-1');
}

async function statusOf(orderNo: string): Promise<string | undefined> {
  const result = await world.pool.query<{ status: string }>(
    'select status from pbap.orders where order_no = $1',
    [orderNo],
  );
  return result.rows[0]?.status;
}
