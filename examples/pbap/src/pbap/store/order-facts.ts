/**
 * Reads orders with all that this system holds about them: account, latest request, postings, statement lines
 * and decision. One set-based statement, for a whole batch of a scan or for one order, so that a scan and a
 * single read can never tell different stories.
 */
import type pg from 'pg';
import type { Executor } from '../../shared/database.ts';
import type { OrderPosting } from '../ledger-facts.ts';

export interface StatementLine {
  readonly request_no: string;
  readonly kind: 'collect' | 'payout' | 'return' | 'refund';
  readonly amount_minor: string;
  readonly currency: string;
}

export interface OrderFactsRow {
  readonly order_no: string;
  readonly type: 'recharge' | 'withdraw';
  readonly booking: 'one-shot' | 'staged';
  readonly status: string;
  readonly version: number;
  readonly account_no: string;
  readonly account_status: 'open' | 'closed';
  readonly amount_minor: string;
  readonly currency: string;
  readonly counterparty: string;
  readonly current_counterparty: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly request_no: string | null;
  readonly attempt: number | null;
  readonly postings: readonly OrderPosting[];
  readonly hand_booked: string | null;
  readonly lines: readonly StatementLine[];
  readonly decision: string | null;
  readonly decision_command: string | null;
}

/** @param orders a subquery named `o` that yields rows of pbap.orders; written in this file only. */
const select = (orders: string): string => `
  select o.order_no, o.type, o.booking, o.status, o.version, o.account_no, a.status as account_status,
    o.amount_minor, o.currency, o.counterparty, a.counterparty as current_counterparty, o.created_at, o.updated_at,
    b.request_no, b.attempt, coalesce(p.postings, '[]') as postings, h.posting_id as hand_booked,
    coalesce(s.lines, '[]') as lines, d.decision, d.command_key as decision_command
  from ${orders} o
  join pbap.accounts a on a.account_no = o.account_no
  left join lateral (
    select request_no, attempt from pbap.outbox where order_no = o.order_no order by attempt desc limit 1
  ) b on true
  left join lateral (
    select jsonb_agg(jsonb_build_object(
      'posting_id', posting_id::text, 'kind', kind, 'debit_account', debit_account,
      'credit_account', credit_account, 'amount_minor', amount_minor::text, 'currency', currency,
      'refers_to', refers_to::text) order by posting_id) as postings
    from pbap.postings where order_no = o.order_no
  ) p on true
  left join lateral (
    -- From the order's day (UTC) on, without an end: whoever books by hand may do so days later, and a candidate
    -- too many only leaves the decision to a person.
    select min(posting_id)::text as posting_id from pbap.postings
    where kind = 'manual' and order_no is null and amount_minor = o.amount_minor and currency = o.currency
      and booked_at >= date_trunc('day', o.created_at at time zone 'UTC') at time zone 'UTC'
      and case o.type when 'recharge' then credit_account else debit_account end = o.account_no
  ) h on true
  left join lateral (
    select jsonb_agg(jsonb_build_object('request_no', request_no, 'kind', kind,
      'amount_minor', amount_minor::text, 'currency', currency) order by line_no) as lines
    from (
      select line_no, request_no, kind, amount_minor, currency from pbap.statement_lines where order_no = o.order_no
      union
      select line_no, request_no, kind, amount_minor, currency from pbap.statement_lines where request_no = b.request_no
    ) line
  ) s on true
  left join pbap.repair_decisions d on d.order_no = o.order_no`;

const READ_ONE = select('(select * from pbap.orders where order_no = $1)');

const SCAN = `${select(`(
    select * from pbap.orders
    where type = $1 and (status = any($2::text[]) or ($3::boolean and status <> all($4::text[])))
      and (created_at, order_no) > ($5::timestamptz, $6::text) and created_at < $7
    order by created_at, order_no limit $8)`)}
  order by o.created_at, o.order_no`;

export async function readOrderFacts(db: Executor, orderNo: string): Promise<OrderFactsRow | null> {
  const result = await db.query<OrderFactsRow>(READ_ONE, [orderNo]);
  return result.rows[0] ?? null;
}

const READ_MANY = `${select('(select * from pbap.orders where order_no = any($1::text[]))')}
  order by o.created_at, o.order_no`;

/** Of these orders, by creation and number; held to the indexes as a scan is. */
export async function readManyOrderFacts(
  tx: pg.PoolClient,
  orderNos: readonly string[],
): Promise<readonly OrderFactsRow[]> {
  await tx.query(HELD_TO_THE_INDEXES);
  return (await tx.query<OrderFactsRow>(READ_MANY, [orderNos])).rows;
}

export interface ScanQuery {
  readonly type: string;
  readonly statuses: readonly string[];
  /** Besides those, every status that is not among the known ones. */
  readonly unknownToo: boolean;
  readonly knownStatuses: readonly string[];
  readonly from: Date;
  readonly to: Date;
  readonly after: { readonly createdAt: Date; readonly orderNo: string } | null;
  readonly limit: number;
}

// Sorting stays allowed: the few postings of one order are sorted at once, and without it the planner would read
// all postings in the order of their key instead.
const HELD_TO_THE_INDEXES = `set local enable_seqscan = off; set local enable_bitmapscan = off;
  set local enable_mergejoin = off; set local enable_hashjoin = off; set local jit = off`;

/**
 * One batch of a scan. A batch must cost the same wherever it lies in the window, also before the database has
 * any statistics (after a bulk load, or on an embedded one, which gathers none by itself): so the planner is held
 * to the indexes, for this transaction only.
 */
export async function scanOrderFacts(tx: pg.PoolClient, query: ScanQuery): Promise<readonly OrderFactsRow[]> {
  // No number sorts before the empty text, so the start of the window is a cursor like any other.
  const after = query.after ?? { createdAt: query.from, orderNo: '' };
  await tx.query(HELD_TO_THE_INDEXES);
  const result = await tx.query<OrderFactsRow>(SCAN, [
    query.type,
    query.statuses,
    query.unknownToo,
    query.knownStatuses,
    after.createdAt,
    after.orderNo,
    query.to,
    query.limit,
  ]);
  return result.rows;
}
