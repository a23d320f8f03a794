/**
 * Booking: the one way in which money enters, leaves or moves between accounts, for the normal path and for
 * repairs alike. Every booking has an effect key that is unique for ever; a second one finds the first.
 */

import type { Booked } from '@piculus/repairs';
import type pg from 'pg';
import { addToBalance, type LockedAccount, lockAccount, systemAccount } from './store/accounts.ts';
import {
  insertPosting,
  type NewPosting,
  type PostingRow,
  readManualPostings,
  readPosting,
  readPostingByKey,
} from './store/postings.ts';

/** What a booking needs to know of an order. */
export interface BookableOrder {
  readonly orderNo: string;
  readonly booking: 'one-shot' | 'staged';
  readonly accountNo: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

export const EFFECT_KEYS = {
  opening: (accountNo: string) => `opening:${accountNo}`,
  credit: (orderNo: string) => `credit:${orderNo}`,
  debit: (orderNo: string) => `debit:${orderNo}`,
  hold: (orderNo: string) => `hold:${orderNo}`,
  /** Settlement and release share it, so a hold is resolved at most once. */
  resolve: (holdId: string) => `resolve:${holdId}`,
  reversal: (postingId: string) => `reversal:${postingId}`,
} as const;

/** A recharge arrives: bank to customer. */
export async function credit(tx: pg.PoolClient, order: BookableOrder, at: Date): Promise<Booked> {
  const byHand = await bookedByHand(tx, order, 'credit_account');
  if (byHand !== null) return byHand;
  return book(tx, order.accountNo, {
    ...common(order, at),
    effectKey: EFFECT_KEYS.credit(order.orderNo),
    kind: 'credit',
    debitAccount: systemAccount('BANK', order.currency),
    creditAccount: order.accountNo,
    refersTo: null,
  });
}

/** A withdrawal takes its money: at once, or into a hold. `insufficient` where the account has less. */
export async function reserve(tx: pg.PoolClient, order: BookableOrder, at: Date): Promise<Booked> {
  const byHand = await bookedByHand(tx, order, 'debit_account');
  if (byHand !== null) return byHand;
  const staged = order.booking === 'staged';
  return book(tx, order.accountNo, {
    ...common(order, at),
    effectKey: staged ? EFFECT_KEYS.hold(order.orderNo) : EFFECT_KEYS.debit(order.orderNo),
    kind: staged ? 'hold' : 'debit',
    debitAccount: order.accountNo,
    creditAccount: systemAccount(staged ? 'HOLDS' : 'BANK', order.currency),
    refersTo: null,
  });
}

/** A hold goes to the bank. */
export function settle(tx: pg.PoolClient, order: BookableOrder, holdId: string, at: Date): Promise<Booked> {
  return followUp(tx, order, holdId, 'hold', (hold) => ({
    ...common(order, at),
    amountMinor: BigInt(hold.amount_minor),
    effectKey: EFFECT_KEYS.resolve(holdId),
    kind: 'settle',
    debitAccount: hold.credit_account,
    creditAccount: systemAccount('BANK', order.currency),
    refersTo: holdId,
  }));
}

/** A hold goes back to the customer. */
export function release(tx: pg.PoolClient, order: BookableOrder, holdId: string, at: Date): Promise<Booked> {
  return followUp(tx, order, holdId, 'hold', (hold) => ({
    ...common(order, at),
    amountMinor: BigInt(hold.amount_minor),
    effectKey: EFFECT_KEYS.resolve(holdId),
    kind: 'release',
    debitAccount: hold.credit_account,
    creditAccount: hold.debit_account,
    refersTo: holdId,
  }));
}

/** A debit goes back to the customer, by a further posting that refers to it. */
export function reverse(
  tx: pg.PoolClient,
  order: BookableOrder,
  postingId: string,
  at: Date,
): Promise<Booked> {
  return followUp(tx, order, postingId, 'debit', (posting) => ({
    ...common(order, at),
    amountMinor: BigInt(posting.amount_minor),
    effectKey: EFFECT_KEYS.reversal(postingId),
    kind: 'reversal',
    debitAccount: posting.credit_account,
    creditAccount: posting.debit_account,
    refersTo: postingId,
  }));
}

/** Money that was there before the first order: equity to customer. */
export function open(
  tx: pg.PoolClient,
  account: { accountNo: string; currency: string; amountMinor: bigint },
  at: Date,
): Promise<Booked> {
  return book(tx, account.accountNo, {
    effectKey: EFFECT_KEYS.opening(account.accountNo),
    kind: 'opening',
    debitAccount: systemAccount('EQUITY', account.currency),
    creditAccount: account.accountNo,
    amountMinor: account.amountMinor,
    currency: account.currency,
    orderNo: null,
    refersTo: null,
    bookedAt: at,
  });
}

function common(
  order: BookableOrder,
  at: Date,
): Pick<NewPosting, 'amountMinor' | 'currency' | 'orderNo' | 'bookedAt'> {
  const { amountMinor, currency, orderNo } = order;
  return { amountMinor, currency, orderNo, bookedAt: at };
}

/**
 * People book under keys of their own, which do not collide with the effect's. Under the lock of the account, for
 * which every booking waits, one that names the order is seen: it is the booking, or nobody knows what it is.
 */
async function bookedByHand(
  tx: pg.PoolClient,
  order: BookableOrder,
  side: 'credit_account' | 'debit_account',
): Promise<'exists' | 'conflict' | null> {
  await lockAccount(tx, order.accountNo);
  const [first, ...more] = await readManualPostings(tx, order.orderNo);
  if (first === undefined) return null;
  const same =
    more.length === 0 &&
    !first.reversed &&
    first[side] === order.accountNo &&
    BigInt(first.amount_minor) === order.amountMinor &&
    first.currency === order.currency;
  return same ? 'exists' : 'conflict';
}

/** Books what answers an earlier posting, which must be this order's and of the right kind. */
async function followUp(
  tx: pg.PoolClient,
  order: BookableOrder,
  postingId: string,
  kind: PostingRow['kind'],
  make: (original: PostingRow) => NewPosting,
): Promise<Booked> {
  if (!/^[1-9][0-9]{0,18}$/.test(postingId)) return 'conflict';
  const original = await readPosting(tx, postingId);
  if (original === null || original.order_no !== order.orderNo || original.kind !== kind) return 'conflict';
  if (original.currency !== order.currency) return 'conflict';
  return book(tx, original.debit_account, make(original));
}

/** @param accountNo the customer's account, which is locked first, so that its bookings follow one another. */
async function book(tx: pg.PoolClient, accountNo: string, posting: NewPosting): Promise<Booked> {
  const account = await lockAccount(tx, accountNo);
  if (account === null) return 'conflict';
  const earlier = await readPostingByKey(tx, posting.effectKey);
  if (earlier !== null) return isSame(earlier, posting) ? 'exists' : 'conflict';
  const deltaMinor = deltaFor(account, posting);
  // A settlement leaves the customer's account alone, so it may end on a closed one; nothing else may.
  if (deltaMinor !== 0n && account.status !== 'open') return 'conflict';
  if (account.currency !== posting.currency) return 'conflict';
  if (BigInt(account.balance_minor) + deltaMinor < 0n) return 'insufficient';
  if (!(await insertPosting(tx, posting))) return 'conflict';
  if (deltaMinor !== 0n) await addToBalance(tx, accountNo, deltaMinor);
  return 'booked';
}

function deltaFor(account: LockedAccount, posting: NewPosting): bigint {
  if (posting.creditAccount === account.account_no) return posting.amountMinor;
  return posting.debitAccount === account.account_no ? -posting.amountMinor : 0n;
}

function isSame(row: PostingRow, posting: NewPosting): boolean {
  return (
    row.kind === posting.kind &&
    BigInt(row.amount_minor) === posting.amountMinor &&
    row.currency === posting.currency &&
    row.debit_account === posting.debitAccount &&
    row.credit_account === posting.creditAccount
  );
}
