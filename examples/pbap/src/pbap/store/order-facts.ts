/**
 * Reads orders with all that this system holds about them: account, latest request, postings, statement lines
 * and decision. One set-based statement for a whole batch of a scan, and one for each side of a single order, made of
 * the same pieces, so that a scan and a single read can never tell different stories.
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

/** The order, with its account as it is now and the latest number under which the bank was asked. */
export interface OrderRow {
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
}

type OrderKind = Pick<OrderRow, 'type' | 'booking' | 'account_no'>;

export interface LedgerRow extends OrderKind {
  readonly postings: readonly OrderPosting[];
  readonly hand_booked: string | null;
}

export interface StatementRow extends Pick<OrderRow, 'order_no' | 'type' | 'request_no' | 'attempt'> {
  readonly lines: readonly StatementLine[];
}

export interface OrderFactsRow extends OrderRow, LedgerRow, StatementRow {
  readonly decision: string | null;
  readonly decision_command: string | null;
}

// Each side is one piece of SQL on an order `o`, whoever reads it: a scan reads all of them, a repair one after another.
const LATEST_REQUEST = `
  left join lateral (
    select request_no, attempt from pbap.outbox where order_no = o.order_no order by attempt desc limit 1
  ) b on true`;
const ORDER_COLUMNS = `o.order_no, o.type, o.booking, o.status, o.version, o.account_no, a.status as account_status,
    o.amount_minor, o.currency, o.counterparty, a.counterparty as current_counterparty, o.created_at, o.updated_at,
    b.request_no, b.attempt`;
const ORDER_SIDE = `
  join pbap.accounts a on a.account_no = o.account_no${LATEST_REQUEST}`;

const LEDGER_COLUMNS = `coalesce(p.postings, '[]') as postings, h.posting_id as hand_booked`;
const LEDGER_SIDE = `
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
  ) h on true`;

const STATEMENT_COLUMNS = `coalesce(s.lines, '[]') as lines`;
/** After the latest request. */
const STATEMENT_SIDE = `
  left join lateral (
    select jsonb_agg(jsonb_build_object('request_no', request_no, 'kind', kind,
      'amount_minor', amount_minor::text, 'currency', currency) order by line_no) as lines
    from (
      select line_no, request_no, kind, amount_minor, currency from pbap.statement_lines where order_no = o.order_no
      union
      select line_no, request_no, kind, amount_minor, currency from pbap.statement_lines where request_no = b.request_no
    ) line
  ) s on true`;

/** @param orders a subquery that yields rows of pbap.orders; written in this file only. */
const select = (orders: string): string => `
  select ${ORDER_COLUMNS}, ${LEDGER_COLUMNS}, ${STATEMENT_COLUMNS},
    d.decision, d.command_key as decision_command
  from ${orders} o${ORDER_SIDE}${LEDGER_SIDE}${STATEMENT_SIDE}
  left join pbap.repair_decisions d on d.order_no = o.order_no`;

const ONE = 'from pbap.orders o';
const THIS = '\n  where o.order_no = $1';
const READ_ORDER = `select ${ORDER_COLUMNS} ${ONE}${ORDER_SIDE}${THIS}`;
const READ_LEDGER = `select o.type, o.booking, o.account_no, ${LEDGER_COLUMNS} ${ONE}${LEDGER_SIDE}${THIS}`;
const READ_STATEMENT = `select o.order_no, o.type, b.request_no, b.attempt, ${STATEMENT_COLUMNS}
  ${ONE}${LATEST_REQUEST}${STATEMENT_SIDE}${THIS}`;

// One side at a time: planning a statement that reads them all takes ten times as long as running it.
export const readOrderSide = (db: Executor, orderNo: string): Promise<OrderRow | null> =>
  readOne<OrderRow>(db, READ_ORDER, orderNo);
export const readLedgerSide = (db: Executor, orderNo: string): Promise<LedgerRow | null> =>
  readOne<LedgerRow>(db, READ_LEDGER, orderNo);
export const readStatementSide = (db: Executor, orderNo: string): Promise<StatementRow | null> =>
  readOne<StatementRow>(db, READ_STATEMENT, orderNo);

async function readOne<Row extends pg.QueryResultRow>(
  db: Executor,
  text: string,
  orderNo: string,
): Promise<Row | null> {
  const result = await db.query<Row>(text, [orderNo]);
  return result.rows[0] ?? null;
}

const SCAN = `${select(`(
    select * from pbap.orders
    where type = $1 and (status = any($2::text[]) or ($3::boolean and status <> all($4::text[])))
      and (created_at, order_no) > ($5::timestamptz, $6::text) and created_at < $7
    order by created_at, order_no limit $8)`)}
  order by o.created_at, o.order_no`;

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
