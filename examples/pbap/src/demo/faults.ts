/**
 * Breaks payments the way real faults do: a booking that was lost, a status that was set too early or never, a
 * request that never reached the bank. Only SQL on the two databases; balances stay what the postings say.
 */
import type pg from 'pg';
import type { Plan } from './plan.ts';
import { brokenState } from './plan.ts';
import { DEMO_SCENARIOS, type DemoScenario } from './scenarios.ts';

type Act = (tx: pg.PoolClient, orderNos: readonly string[]) => Promise<void>;

/** The process died between the bank's "paid" and the credit. */
const loseCredit: Act = async (tx, orderNos) => {
  await tx.query(
    `with gone as (
       delete from pbap.postings where order_no = any($1::text[]) and kind = 'credit'
       returning credit_account as account_no, amount_minor
     ), lost as (select account_no, sum(amount_minor)::bigint as amount from gone group by account_no)
     update pbap.accounts a set balance_minor = a.balance_minor - lost.amount
     from lost where lost.account_no = a.account_no`,
    [orderNos],
  );
};

/** The order was announced before anything was booked. */
const loseDebit: Act = async (tx, orderNos) => {
  await tx.query(
    `with gone as (
       delete from pbap.postings where order_no = any($1::text[]) and kind in ('debit', 'hold', 'settle')
       returning kind, debit_account as account_no, amount_minor
     ), lost as (
       select account_no, sum(amount_minor)::bigint as amount from gone where kind in ('debit', 'hold')
       group by account_no)
     update pbap.accounts a set balance_minor = a.balance_minor + lost.amount
     from lost where lost.account_no = a.account_no`,
    [orderNos],
  );
};

/** The second half of a staged booking never ran; one-shot bookings have no second half. */
const loseSettlement: Act = async (tx, orderNos) => {
  await tx.query(`delete from pbap.postings where order_no = any($1::text[]) and kind = 'settle'`, [
    orderNos,
  ]);
};

/** The process died before the request was even written down. */
const neverQueued: Act = async (tx, orderNos) => {
  await tx.query('delete from pbap.outbox where order_no = any($1::text[])', [orderNos]);
};

/** The request was given to the network, and nothing ever came back. */
const noAnswer: Act = async (tx, orderNos) => {
  await tx.query(
    'update pbap.outbox set answer = null, answered_at = null where order_no = any($1::text[])',
    [orderNos],
  );
};

/** What the system's side lost; the bank's side follows from {@link brokenState}. */
const SYSTEM_FAULTS: Readonly<Record<DemoScenario, readonly Act[]>> = {
  C1: [loseCredit],
  C2: [loseDebit, neverQueued],
  C3: [noAnswer],
  C4: [loseCredit, noAnswer],
  C5: [loseCredit, noAnswer],
  C6: [loseCredit, noAnswer],
  C7a: [noAnswer],
  C7b: [loseSettlement, noAnswer],
  C8: [loseSettlement, noAnswer],
  C9: [loseSettlement, noAnswer],
};

/** Interferes with orders, postings and outbox of the orders that the plan breaks. */
export async function breakSystem(tx: pg.PoolClient, plan: Plan): Promise<void> {
  for (const scenario of DEMO_SCENARIOS) {
    const broken = plan.orders.filter((order) => order.scenario === scenario);
    const orderNos = broken.map((order) => order.orderNo);
    for (const act of SYSTEM_FAULTS[scenario]) await act(tx, orderNos);
    const first = broken[0];
    if (first === undefined) continue;
    await tx.query('update pbap.orders set status = $2 where order_no = any($1::text[])', [
      orderNos,
      brokenState(first).status,
    ]);
  }
}

/** The bank never heard of the payments that did not reach it. */
export async function breakBank(tx: pg.PoolClient, plan: Plan): Promise<void> {
  const orderNos = plan.orders.filter((order) => !brokenState(order).moved).map((order) => order.orderNo);
  await tx.query('delete from bank.movements where order_no = any($1::text[])', [orderNos]);
  await tx.query('delete from bank.requests where order_no = any($1::text[])', [orderNos]);
}
