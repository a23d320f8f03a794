/**
 * The normal path of a payment: placed at the front door, sent to the bank by the sender, finished by what the
 * bank answers. Callback, sender and timeout job all come through here, take the order's lock and leave an
 * order alone that a repair has marked.
 */

import type { BankAnswer, Booked } from '@piculus/repairs';
import type pg from 'pg';
import { inTransaction } from '../shared/database.ts';
import { credit, release, reserve, reverse, settle } from './ledger.ts';
import { ledgerFacts } from './ledger-facts.ts';
import { isUnderRepair } from './repair-mark.ts';
import { lockAccount } from './store/accounts.ts';
import { readLedgerSide } from './store/order-facts.ts';
import { changeStatus, insertOrder, type LockedOrder, lockOrder, type NewOrder } from './store/orders.ts';
import { queueRequest, readOutboxRequest, readRequestsOf, storeAnswer } from './store/outbox.ts';

/** An order that the front door does not take. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused';
}

export type PlaceOrder = Omit<NewOrder, 'counterparty' | 'currency'>;

/**
 * Places a recharge or a withdrawal: order, reservation and queued request in one transaction. Counterparty and
 * currency are the account's as they are now.
 * @throws OrderRefused where the account is unknown, closed or has not enough.
 */
export async function placeOrder(pool: pg.Pool, place: PlaceOrder, now: Date): Promise<NewOrder> {
  return inTransaction(pool, async (tx) => {
    const account = await lockAccount(tx, place.accountNo);
    if (account === null || account.status !== 'open') throw new OrderRefused('the account cannot be used');
    const order: NewOrder = { ...place, currency: account.currency, counterparty: account.counterparty };
    await insertOrder(tx, order, now);
    if (order.type === 'withdraw' && (await reserve(tx, order, now)) !== 'booked') {
      throw new OrderRefused('the account has not enough');
    }
    const { orderNo, amountMinor, currency, counterparty } = order;
    const kind = order.type === 'recharge' ? 'collect' : 'payout';
    await queueRequest(
      tx,
      { requestNo: requestNo(orderNo, 1), orderNo, attempt: 1, kind, amountMinor, currency, counterparty },
      now,
    );
    return order;
  });
}

export function requestNo(orderNo: string, attempt: number): string {
  return `${orderNo}-${attempt}`;
}

/**
 * `taken`: the order ended with this answer. `busy`: a repair has it, come again. `nothing`: ended already, not
 * a final answer, not ours, or one that does not fit the order, which then is left for a collect to find.
 */
export type Finished = 'taken' | 'busy' | 'nothing';

/** Finishes an order by what the bank itself just answered about its request. */
export async function finishByAnswer(
  pool: pg.Pool,
  requestNo: string,
  answer: BankAnswer,
  now: Date,
): Promise<Finished> {
  const request = await readOutboxRequest(pool, requestNo);
  if (request === null) return 'nothing';
  return inTransaction(pool, async (tx) => {
    const order = await lockOrder(tx, request.order_no);
    if (order === null) return 'nothing';
    if (isUnderRepair(order, now)) return 'busy';
    await storeAnswer(
      tx,
      requestNo,
      answer.code,
      answer.code !== 'NOT_FOUND' && answer.code !== 'UNCLEAR',
      now,
    );
    if (order.status !== 'PROCESSING') return 'nothing';
    if (answer.code === 'PAID') return finishPaid(tx, order, answer, now);
    if (answer.code === 'FAILED' || answer.code === 'CLOSED') return finishUnpaid(tx, order, requestNo, now);
    return 'nothing';
  });
}

async function finishPaid(
  tx: pg.PoolClient,
  order: LockedOrder,
  answer: BankAnswer,
  now: Date,
): Promise<Finished> {
  // Another amount than asked for is never booked by a machine; a collect reports it.
  if (answer.amountMinor !== order.amountMinor || answer.currency !== order.currency) return 'nothing';
  const booked =
    order.type === 'recharge' ? await credit(tx, order, now) : await finishReservation(tx, order, now);
  if (booked !== 'booked' && booked !== 'exists') return 'nothing';
  await changeStatus(tx, order, 'SUCCESS', now);
  return 'taken';
}

/** A paid withdrawal: the hold is settled, a debit stands as it is. */
async function finishReservation(tx: pg.PoolClient, order: LockedOrder, now: Date): Promise<Booked> {
  const ledger = await readLedger(tx, order, now);
  if (ledger.state === 'debited' || ledger.state === 'settled') return 'exists';
  if (ledger.state !== 'held' || ledger.postingId === null) return 'conflict';
  return settle(tx, order, ledger.postingId, now);
}

const UNPAID: ReadonlySet<string> = new Set(['FAILED', 'CLOSED']);

/** A request that failed for good: what was taken for it goes back. */
async function finishUnpaid(
  tx: pg.PoolClient,
  order: LockedOrder,
  requestNo: string,
  now: Date,
): Promise<Finished> {
  // Another attempt may still be paid; then it decides, and where nobody knows, a collect finds the order.
  const others = (await readRequestsOf(tx, order.orderNo)).filter((row) => row.request_no !== requestNo);
  if (others.some((row) => row.state !== 'stopped' && !UNPAID.has(row.answer ?? ''))) return 'nothing';
  if (order.type === 'withdraw') {
    const ledger = await readLedger(tx, order, now);
    const back = await giveBack(tx, order, ledger, now);
    if (back !== 'booked' && back !== 'exists') return 'nothing';
  }
  await changeStatus(tx, order, 'FAILED', now);
  return 'taken';
}

async function giveBack(
  tx: pg.PoolClient,
  order: LockedOrder,
  ledger: Awaited<ReturnType<typeof readLedger>>,
  now: Date,
): Promise<Booked> {
  switch (ledger.state) {
    case 'none':
    case 'released':
    case 'reversed':
      return 'exists';
    case 'held':
      return ledger.postingId === null ? 'conflict' : release(tx, order, ledger.postingId, now);
    case 'debited':
      return ledger.postingId === null ? 'conflict' : reverse(tx, order, ledger.postingId, now);
    default:
      return 'conflict';
  }
}

async function readLedger(tx: pg.PoolClient, order: LockedOrder, now: Date) {
  const row = await readLedgerSide(tx, order.orderNo);
  return ledgerFacts(order, row?.postings ?? [], null, now);
}
