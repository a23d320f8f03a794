/** Puts orders, postings and bank requests into any state that a test needs, broken ones included. */

import type { Setup } from '@piculus/repairs/conformance';
import type pg from 'pg';
import * as ledger from '../../src/pbap/ledger.ts';
import { requestNo } from '../../src/pbap/normal-path.ts';
import { ensureSystemAccounts, insertAccount } from '../../src/pbap/store/accounts.ts';
import { readPostingByKey } from '../../src/pbap/store/postings.ts';
import { inTransaction } from '../../src/shared/database.ts';

export interface ArrangedOrder extends ledger.BookableOrder {
  readonly type: 'recharge' | 'withdraw';
  readonly createdAt: Date;
  readonly openingMinor: bigint;
}

export const CURRENCY = 'CZK';

/** @param name makes the order's and the account's number. */
export async function arrangeOrder(
  pool: pg.Pool,
  name: string,
  setup: Setup,
  amountMinor: bigint,
  now: Date,
): Promise<ArrangedOrder> {
  const createdAt = new Date(now.getTime() - setup.ageMs);
  const { type, booking } = setup;
  const openingMinor = openingFor(setup, amountMinor);
  const order: ArrangedOrder = {
    orderNo: name,
    type,
    booking,
    accountNo: `A-${name}`,
    amountMinor,
    currency: CURRENCY,
    createdAt,
    openingMinor,
  };
  await inTransaction(pool, async (tx) => {
    await ensureSystemAccounts(tx, CURRENCY);
    await insertAccount(tx, {
      accountNo: order.accountNo,
      owner: name,
      currency: CURRENCY,
      counterparty: `CARD-${name}`,
    });
    await ledger.open(
      tx,
      { accountNo: order.accountNo, currency: CURRENCY, amountMinor: openingMinor },
      createdAt,
    );
    await tx.query(
      `insert into pbap.orders (order_no, type, booking, account_no, amount_minor, currency, status, counterparty,
         created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
      [name, type, booking, order.accountNo, amountMinor, CURRENCY, setup.status, `CARD-${name}`, createdAt],
    );
    await bookUpTo(tx, order, setup.ledger);
    await fillOutbox(tx, order, setup, now);
    await fillBank(tx, order, setup);
  });
  return order;
}

function openingFor(setup: Setup, amountMinor: bigint): bigint {
  const wanted = setup.funds === 'enough' ? 2n * amountMinor : amountMinor - 1n;
  if (setup.ledger === 'credited') return wanted - amountMinor;
  const taken = setup.ledger === 'debited' || setup.ledger === 'held' || setup.ledger === 'settled';
  return taken ? wanted + amountMinor : wanted;
}

async function bookUpTo(tx: pg.PoolClient, order: ArrangedOrder, state: Setup['ledger']): Promise<void> {
  if (state === 'none') return;
  const at = order.createdAt;
  const booked: string[] = [];
  if (state === 'credited') booked.push(await ledger.credit(tx, order, at));
  else if (order.type === 'recharge') throw new Error(`a recharge cannot be arranged as ${state}`);
  else booked.push(await ledger.reserve(tx, order, at));
  const first = await readPostingByKey(
    tx,
    `${order.booking === 'staged' ? 'hold' : 'debit'}:${order.orderNo}`,
  );
  const id = first?.posting_id ?? '';
  if (state === 'settled') booked.push(await ledger.settle(tx, order, id, at));
  if (state === 'released') booked.push(await ledger.release(tx, order, id, at));
  if (state === 'reversed') booked.push(await ledger.reverse(tx, order, id, at));
  if (booked.some((word) => word !== 'booked')) throw new Error(`cannot be arranged: ${booked.join(', ')}`);
}

async function fillOutbox(tx: pg.PoolClient, order: ArrangedOrder, setup: Setup, now: Date): Promise<void> {
  if (setup.outbox === 'none') return;
  const sentAt = setup.outbox === 'sent' ? order.createdAt : null;
  // What is still queued was queued just now, or the sender would have given it up.
  await tx.query(
    `insert into pbap.outbox (request_no, order_no, attempt, kind, amount_minor, currency, counterparty, state,
       queued_at, sent_at)
     values ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9)`,
    [
      requestNo(order.orderNo, 1),
      order.orderNo,
      kindOf(order),
      order.amountMinor,
      CURRENCY,
      `CARD-${order.orderNo}`,
      setup.outbox,
      sentAt ?? now,
      sentAt,
    ],
  );
}

async function fillBank(tx: pg.PoolClient, order: ArrangedOrder, setup: Setup): Promise<void> {
  if (setup.bank === 'never-received') return;
  const number = requestNo(order.orderNo, 1);
  const state = setup.bank === 'processing' ? 'received' : setup.bank;
  await tx.query(
    `insert into bank.requests (request_no, order_no, kind, amount_minor, currency, counterparty, state, received_at,
       settles_at, settled_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      number,
      order.orderNo,
      kindOf(order),
      order.amountMinor,
      CURRENCY,
      `CARD-${order.orderNo}`,
      state,
      order.createdAt,
      state === 'received' ? new Date('2999-01-01T00:00:00Z') : null,
      state === 'received' ? null : order.createdAt,
    ],
  );
  if (state !== 'settled') return;
  await tx.query(
    `insert into bank.movements (request_no, order_no, kind, amount_minor, currency, booked_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [number, order.orderNo, kindOf(order), order.amountMinor, CURRENCY, order.createdAt],
  );
}

export function kindOf(order: { readonly type: 'recharge' | 'withdraw' }): 'collect' | 'payout' {
  return order.type === 'recharge' ? 'collect' : 'payout';
}
