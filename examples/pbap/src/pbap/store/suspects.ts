/**
 * Which orders of a window may be broken. Set-based statements over a page of many orders leave out those that are
 * certainly right; only the numbers of the others leave the database. What may be left out is what the truth tables
 * call no problem, however far the statement reaches and however old the order is. Whoever changes the one changes the
 * other: suspects.test.ts compares both on random books.
 */
import type pg from 'pg';

export interface SuspectsQuery {
  readonly to: Date;
  readonly after: { readonly createdAt: Date; readonly orderNo: string };
  /** How many orders to look at. */
  readonly orders: number;
}

export interface SuspectsPage {
  /** In no order. */
  readonly orderNos: readonly string[];
  readonly looked: number;
  /** Where the next page begins; null at the end of the window. */
  readonly last: { readonly createdAt: Date; readonly orderNo: string } | null;
}

/** Where the page ends; walks the index alone. */
const PAGE_END = `
  select created_at, order_no from pbap.orders
  where (created_at, order_no) > ($1::timestamptz, $2::text) and created_at >= $1 and created_at < $3
  order by created_at, order_no offset $4 limit 1`;

const ON_PAGE = `o.created_at >= $1 and o.created_at <= $3
  and (o.created_at, o.order_no) > ($1::timestamptz, $2::text)
  and (o.created_at, o.order_no) <= ($3::timestamptz, $4::text)`;

interface Extent {
  readonly orders: number;
  readonly lowest: string | null;
  readonly highest: string | null;
}
const EXTENT = `
  select count(*)::int as orders, min(o.order_no) as lowest, max(o.order_no) as highest
  from pbap.orders o where ${ON_PAGE}`;

// Whether a posting or a line of the order is what the status says, of the order's own amount and currency.
const POSTING_FITS = `p.amount_minor = o.amount_minor and p.currency = o.currency and case
  when o.type = 'recharge' then o.status = 'SUCCESS' and p.kind = 'credit' and p.credit_account = o.account_no
  when p.refers_to is null then p.debit_account = o.account_no
    and p.kind = case o.booking when 'staged' then 'hold' else 'debit' end
  when o.booking = 'staged' then p.kind = case o.status when 'SUCCESS' then 'settle' else 'release' end
  else o.status = 'FAILED' and p.kind = 'reversal' end`;
const LINE_FITS = `l.amount_minor = o.amount_minor and l.currency = o.currency
  and l.kind = case o.type when 'recharge' then 'collect' else 'payout' end`;

/**
 * Orders that are certainly right: a success that was booked once and moved once, a failure of which nothing moved and
 * nothing is booked, or it was given back. There is one row for each pair of a posting and a line of an order, so that
 * the number of rows tells how many there are. Sides that are not there make a comparison null: that is not right.
 */
const RIGHT = `bool_and(coalesce(case o.status
    when 'SUCCESS' then ${LINE_FITS} and ${POSTING_FITS}
    when 'FAILED' then l.line_no is null and (p.posting_id is null or ${POSTING_FITS}) end, false))
  and case count(*)
    when 1 then case o.status when 'FAILED' then count(p.posting_id) = 0
      else o.type = 'recharge' or o.booking = 'one-shot' end
    when 2 then coalesce(min(p.posting_id) filter (where p.refers_to is null) = min(p.refers_to), false)
    else false end`;

// Numbers of orders mostly grow with time, so that the page's lowest and highest hold all its postings and lines close
// together. An order that came in between since the page's end was read is outside of them, and therefore a suspect.
const WRONG_BY_ORDER = `
  select o.order_no
  from pbap.orders o
  left join pbap.postings p on p.order_no = o.order_no and p.order_no between $5 and $6
  left join pbap.statement_lines l on l.order_no = o.order_no and l.order_no between $5 and $6
  where ${ON_PAGE}
  group by o.order_no
  having not (o.order_no between $5 and $6 and ${RIGHT})`;

// Lines that have a number of the order but name another one. A number of the usual form says itself whose it is, so
// only lines that do not fit theirs can be such, and all of an order that has a number of another form. Both are in
// indexes of their own, which are nearly empty.
const WRONG_BY_NUMBER = `
  select o.order_no
  from (
    select b.order_no
    from pbap.statement_lines l
    cross join lateral (
      select order_no from pbap.outbox where request_no = l.request_no and order_no <> l.order_no offset 0
    ) b
    where rtrim(l.request_no, '0123456789') <> l.order_no || '-'
    union
    select order_no from pbap.outbox where rtrim(request_no, '0123456789') <> order_no || '-'
  ) odd
  join pbap.orders o on o.order_no = odd.order_no
  where ${ON_PAGE}`;

// Room for a page's hash tables, so that nothing is written to disk; and no compiling of a statement this short.
const FOR_A_PAGE = "set local work_mem = '32MB'; set local jit = off";

// The planner takes those two indexes for as big as their tables, so it is held to them, and to beginning with them.
const FOR_THE_FEW = `set local enable_seqscan = off; set local enable_bitmapscan = off;
  set local enable_mergejoin = off; set local enable_hashjoin = off`;

export async function readSuspects(tx: pg.PoolClient, query: SuspectsQuery): Promise<SuspectsPage> {
  const { after, to, orders } = query;
  await tx.query(FOR_A_PAGE);
  const from = [after.createdAt, after.orderNo];
  const [end] = (await tx.query<Place>(PAGE_END, [...from, to, orders - 1])).rows;
  // No number sorts before the empty text, so the end of the window is a place like any other.
  const upTo = [...from, end?.created_at ?? to, end?.order_no ?? ''];
  const [extent] = (await tx.query<Extent>(EXTENT, upTo)).rows;
  if (extent === undefined || extent.orders === 0) return { orderNos: [], looked: 0, last: null };
  const byOrder = await tx.query<OrderNo>(WRONG_BY_ORDER, [...upTo, extent.lowest, extent.highest]);
  // Lines are only ever added, so what is read later misses none that the statement before could not know.
  await tx.query(FOR_THE_FEW);
  const byNumber = await tx.query<OrderNo>(WRONG_BY_NUMBER, upTo);
  return {
    orderNos: [...new Set([...byOrder.rows, ...byNumber.rows].map(({ order_no }) => order_no))],
    looked: extent.orders,
    last: end === undefined ? null : { createdAt: end.created_at, orderNo: end.order_no },
  };
}

interface Place extends OrderNo {
  readonly created_at: Date;
}
interface OrderNo {
  readonly order_no: string;
}
