/**
 * Books the plan as the history of a system and its bank, in bulk, as the normal path would have left it
 * behind: every order succeeded, every account is right.
 */
import type pg from 'pg';
import type { Executor } from '../shared/database.ts';
import { ensureSystemAccounts } from '../pbap/store/accounts.ts';
import type { Plan, PlannedOrder } from './plan.ts';
import { expectedBalances } from './expect.ts';

const ROWS_PER_STATEMENT = 2_000;

interface OrderRow {
  readonly order_no: string;
  readonly account_no: string;
  readonly type: string;
  readonly booking: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly counterparty: string;
  readonly created_at: string;
}

const ORDER_COLUMNS = `order_no text, account_no text, type text, booking text, amount_minor bigint, currency text,
  counterparty text, created_at timestamptz`;

/** What is linked to an account; the bank's side of every one of its payments. */
const counterpartyOf = (accountNo: string): string => `bank account of ${accountNo}`;

const toRow = (order: PlannedOrder): OrderRow => ({
  order_no: order.orderNo,
  account_no: order.accountNo,
  type: order.type,
  booking: order.booking,
  amount_minor: order.amountMinor.toString(),
  currency: order.currency,
  counterparty: counterpartyOf(order.accountNo),
  created_at: order.createdAt.toISOString(),
});

async function inBatches<T>(rows: readonly T[], run: (json: string) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    await run(JSON.stringify(rows.slice(from, from + ROWS_PER_STATEMENT)));
  }
}

/** The system's side: accounts, orders, postings, outbox. */
export async function bookSystemHistory(tx: pg.PoolClient, plan: Plan): Promise<void> {
  await bookAccounts(tx, plan);
  await inBatches(plan.orders.map(toRow), (json) => bookOrders(tx, json));
  // The settlement of a hold refers to the hold, whose number the database gave.
  await tx.query(
    `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
       refers_to, booked_at)
     select 'resolve:' || h.posting_id, 'settle', h.credit_account, 'SYS:BANK:' || h.currency, h.amount_minor,
       h.currency, h.order_no, h.posting_id, h.booked_at + interval '2 seconds'
     from pbap.postings h where h.kind = 'hold'`,
  );
}

async function bookAccounts(tx: pg.PoolClient, plan: Plan): Promise<void> {
  const currencies = new Set(plan.accounts.map((account) => account.currency));
  for (const currency of currencies) await ensureSystemAccounts(tx, currency);
  const balances = expectedBalances(
    { ...plan, orders: plan.orders.map((o) => ({ ...o, scenario: null })) },
    'repaired',
  );
  const openedAt = new Date((plan.orders[0]?.createdAt.getTime() ?? 0) - 3_600_000).toISOString();
  const rows = plan.accounts.map((account) => ({
    account_no: account.accountNo,
    currency: account.currency,
    counterparty: counterpartyOf(account.accountNo),
    opening_minor: account.openingMinor.toString(),
    balance_minor: (balances.get(account.accountNo) ?? 0n).toString(),
  }));
  await inBatches(rows, async (json) => {
    await tx.query(
      `insert into pbap.accounts (account_no, owner, currency, counterparty, balance_minor, opened_at)
       select account_no, 'owner of ' || account_no, currency, counterparty, balance_minor, $2
       from jsonb_to_recordset($1::text::jsonb)
         as r(account_no text, currency text, counterparty text, balance_minor bigint)`,
      [json, openedAt],
    );
    await tx.query(
      `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, booked_at)
       select 'opening:' || account_no, 'opening', 'SYS:EQUITY:' || currency, account_no, opening_minor, currency, $2
       from jsonb_to_recordset($1::text::jsonb) as r(account_no text, currency text, opening_minor bigint)
       where opening_minor > 0`,
      [json, openedAt],
    );
  });
}

async function bookOrders(tx: Executor, json: string): Promise<void> {
  await tx.query(
    `insert into pbap.orders (order_no, type, booking, account_no, amount_minor, currency, status, version,
       counterparty, created_at, updated_at)
     select order_no, type, booking, account_no, amount_minor, currency, 'SUCCESS', 2, counterparty, created_at,
       created_at + interval '3 seconds'
     from jsonb_to_recordset($1::text::jsonb) as r(${ORDER_COLUMNS})`,
    [json],
  );
  await tx.query(
    `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
       booked_at)
     select k.kind || ':' || order_no, k.kind,
       case k.kind when 'credit' then 'SYS:BANK:' || currency else account_no end,
       case k.kind when 'credit' then account_no when 'debit' then 'SYS:BANK:' || currency
         else 'SYS:HOLDS:' || currency end,
       amount_minor, currency, order_no,
       created_at + case k.kind when 'credit' then interval '3 seconds' else interval '1 second' end
     from jsonb_to_recordset($1::text::jsonb) as r(${ORDER_COLUMNS}),
       lateral (select case when type = 'recharge' then 'credit' when booking = 'staged' then 'hold'
         else 'debit' end as kind) k
     order by created_at, order_no`,
    [json],
  );
  await tx.query(
    `insert into pbap.outbox (request_no, order_no, attempt, kind, amount_minor, currency, counterparty, state,
       answer, queued_at, sent_at, answered_at)
     select order_no || '-1', order_no, 1, case type when 'recharge' then 'collect' else 'payout' end, amount_minor,
       currency, counterparty, 'sent', 'PAID', created_at, created_at + interval '1 second',
       created_at + interval '2 seconds'
     from jsonb_to_recordset($1::text::jsonb) as r(${ORDER_COLUMNS})`,
    [json],
  );
}

/** The bank's side: requests and movements of money. */
export async function bookBankHistory(tx: pg.PoolClient, plan: Plan): Promise<void> {
  await inBatches(plan.orders.map(toRow), async (json) => {
    await tx.query(
      `insert into bank.requests (request_no, order_no, kind, amount_minor, currency, counterparty, state,
         received_at, settled_at)
       select order_no || '-1', order_no, case type when 'recharge' then 'collect' else 'payout' end, amount_minor,
         currency, counterparty, 'settled', created_at + interval '1 second', created_at + interval '2 seconds'
       from jsonb_to_recordset($1::text::jsonb) as r(${ORDER_COLUMNS})`,
      [json],
    );
    await tx.query(
      `insert into bank.movements (request_no, order_no, kind, amount_minor, currency, booked_at)
       select order_no || '-1', order_no, case type when 'recharge' then 'collect' else 'payout' end, amount_minor,
         currency, created_at + interval '2 seconds'
       from jsonb_to_recordset($1::text::jsonb) as r(${ORDER_COLUMNS})
       order by created_at, order_no`,
      [json],
    );
  });
}
