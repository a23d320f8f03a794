/**
 * Books a history into PBAP's schema with a few set-based statements: orders, postings, outbox and the imported
 * statement as the normal path would have left them, and some orders broken in the ten ways of docs/repairs.md.
 */
import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { fromRoot } from '../support/paths.ts';

export interface HistorySize {
  readonly orders: number;
  /** Broken orders, spread evenly over the time and over the ten scenarios. */
  readonly problems: number;
}

/** Ten broken orders lie in each block of orders, the last one at this offset. */
const BLOCK_ROWS_MIN = 12;

/** @returns why such a history cannot be made, or null. */
export function whyNot({ orders, problems }: HistorySize): string | null {
  const most = Math.floor(orders / BLOCK_ROWS_MIN) * 10;
  if (problems <= most) return null;
  return `${orders} orders have room for at most ${most} problems`;
}

/**
 * What is left of a payment when it breaks. `slot` is the order's place in its block: even ones are recharges,
 * of the odd ones every other is booked in two stages. `either`: odd blocks take the other booking.
 */
const SCENARIOS = `(values
  ('C1',  0, false, 'SUCCESS',    false, false, true,  true,  true),
  ('C2',  1, true,  'SUCCESS',    false, false, false, false, false),
  ('C3',  3, true,  'SUCCESS',    true,  true,  true,  false, false),
  ('C4',  2, false, 'FAILED',     false, false, true,  false, true),
  ('C5',  4, false, 'PROCESSING', false, false, true,  false, true),
  ('C6',  6, false, 'PROCESSING', false, false, true,  false, false),
  ('C7a', 9, false, 'FAILED',     true,  true,  true,  false, false),
  ('C7b', 11, false, 'FAILED',    true,  false, true,  false, false),
  ('C8',  5, true,  'PROCESSING', true,  false, true,  false, true),
  ('C9',  7, true,  'PROCESSING', true,  false, true,  false, false)
) as rule (scenario, slot, either, status, booked, settled, queued, answered, moved)`;

/** From the oldest to the youngest order: inside the collect window, older than every age gate. */
const FIRST = `now() - interval '60 hours'`;
const LAST = `now() - interval '3 hours'`;

const PLAN = `
  create unlogged table public.bench_plan as
  with broken as (
    select block * $2::int + case when either then slot # (block % 2 * 2) else slot end as i, rule.*
    from ${SCENARIOS}, generate_series(0, $3::int) as block
    order by block, slot limit $4::int
  )
  select i, 'B' || lpad(i::text, 10, '0') as order_no, 'A' || lpad((i / 4 % $5::int)::text, 7, '0') as account_no,
    case i % 2 when 0 then 'recharge' else 'withdraw' end as type,
    case i % 4 when 3 then 'staged' else 'one-shot' end as booking,
    (100 + i::bigint * 7919 % 100000) as amount_minor,
    date_trunc('milliseconds', ${FIRST} + (${LAST} - (${FIRST})) * i / $1::int) as created_at,
    coalesce(status, 'SUCCESS') as status, coalesce(booked, true) as booked, coalesce(settled, true) as settled,
    coalesce(queued, true) as queued, coalesce(answered, true) as answered, coalesce(moved, true) as moved
  from generate_series(0, $1::int - 1) as i left join broken using (i)`;

const CURRENCY = 'CZK';

/** In this order; each is one statement. */
const STATEMENTS: readonly (readonly [what: string, sql: string])[] = [
  [
    'accounts',
    `insert into pbap.accounts (account_no, kind, owner, currency, counterparty, balance_minor, opened_at)
     select 'SYS:' || name || ':${CURRENCY}', 'system', 'system', '${CURRENCY}', 'none', null::bigint, ${FIRST}
     from unnest(array['BANK', 'HOLDS', 'EQUITY']) as name
     union all
     select account_no, 'customer', 'owner of ' || account_no, '${CURRENCY}', 'bank account of ' || account_no,
       sum(case when type = 'withdraw' then amount_minor when booked then amount_minor else 0 end
         - case when type = 'withdraw' and booked then amount_minor else 0 end), ${FIRST}
     from public.bench_plan group by account_no`,
  ],
  [
    'orders',
    `insert into pbap.orders (order_no, type, booking, account_no, amount_minor, currency, status, version,
       counterparty, created_at, updated_at)
     select order_no, type, booking, account_no, amount_minor, '${CURRENCY}', status, 2,
       'bank account of ' || account_no, created_at, created_at + interval '3 seconds'
     from public.bench_plan order by i`,
  ],
  [
    'opening postings',
    `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, booked_at)
     select 'opening:' || account_no, 'opening', 'SYS:EQUITY:${CURRENCY}', account_no, sum(amount_minor),
       '${CURRENCY}', ${FIRST}
     from public.bench_plan where type = 'withdraw' group by account_no`,
  ],
  [
    'postings',
    `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
       booked_at)
     select kind || ':' || order_no, kind,
       case kind when 'credit' then 'SYS:BANK:${CURRENCY}' else account_no end,
       case kind when 'credit' then account_no when 'debit' then 'SYS:BANK:${CURRENCY}'
         else 'SYS:HOLDS:${CURRENCY}' end,
       amount_minor, '${CURRENCY}', order_no, created_at + interval '1 second'
     from public.bench_plan, lateral (select case when type = 'recharge' then 'credit'
       when booking = 'staged' then 'hold' else 'debit' end as kind) k
     where booked order by i`,
  ],
  [
    'settlements',
    `insert into pbap.postings (effect_key, kind, debit_account, credit_account, amount_minor, currency, order_no,
       refers_to, booked_at)
     select 'resolve:' || h.posting_id, 'settle', h.credit_account, 'SYS:BANK:${CURRENCY}', h.amount_minor,
       h.currency, h.order_no, h.posting_id, h.booked_at + interval '2 seconds'
     from pbap.postings h join public.bench_plan p using (order_no)
     where h.kind = 'hold' and p.settled order by h.posting_id`,
  ],
  [
    'outbox',
    `insert into pbap.outbox (request_no, order_no, attempt, kind, amount_minor, currency, counterparty, state,
       answer, queued_at, sent_at, answered_at)
     select order_no || '-1', order_no, 1, case type when 'recharge' then 'collect' else 'payout' end,
       amount_minor, '${CURRENCY}', 'bank account of ' || account_no, 'sent', case when answered then 'PAID' end,
       created_at, created_at + interval '1 second',
       case when answered then created_at + interval '2 seconds' end
     from public.bench_plan where queued order by i`,
  ],
  [
    'statement lines',
    `insert into pbap.statement_lines (line_no, request_no, order_no, kind, amount_minor, currency, booked_at)
     select i + 1, order_no || '-1', order_no, case type when 'recharge' then 'collect' else 'payout' end,
       amount_minor, '${CURRENCY}', created_at + interval '2 seconds'
     from public.bench_plan where moved order by i`,
  ],
  [
    'watermark',
    `insert into pbap.statement_watermark (bank, cursor, reaches_to, updated_at)
     select 'bank', max(line_no), now(), now() from pbap.statement_lines`,
  ],
  ['tidying up', 'drop table public.bench_plan'],
  // As autovacuum does in a system that is not a minute old.
  ['statistics', 'vacuum (analyze)'],
];

/** @param say told what is done next. */
export async function bookHistory(
  db: pg.Client,
  size: HistorySize,
  say: (what: string) => void,
): Promise<void> {
  await db.query(await readFile(fromRoot('examples/pbap/sql/pbap.sql'), 'utf8'));
  // References are right by construction, and checking them one by one takes most of the time. Only a superuser
  // may leave that out; for everybody else it takes longer.
  await db.query('set session_replication_role = replica').catch(() => {});
  const { orders, problems } = size;
  const blocks = Math.ceil(problems / 10);
  const blockRows = blocks === 0 ? orders : Math.floor(orders / blocks / 4) * 4;
  const accounts = Math.max(1, Math.floor(orders / 200));
  say('plan');
  await db.query(PLAN, [orders, blockRows, blocks - 1, problems, accounts]);
  for (const [what, sql] of STATEMENTS) {
    say(what);
    await db.query(sql);
  }
}

/**
 * What the three sides say of each order in the window, counted by one join: in it, all but two combinations are broken.
 * It pages over nothing, tells nobody, and knows nothing of age gates, reversals or bookings by hand.
 */
export const THREE_WAYS = `
  select o.status, coalesce(l.booked, 'no') as booked, b.order_no is not null as moved, count(*)::int as orders
  from pbap.orders o
  left join (
    select order_no, case when bool_or(kind in ('credit', 'debit', 'settle')) then 'yes' else 'held' end as booked
    from pbap.postings where order_no is not null group by order_no) l using (order_no)
  left join (select distinct order_no from pbap.statement_lines) b using (order_no)
  where o.created_at >= now() - interval '3 days'
  group by 1, 2, 3`;

/** @returns how many orders the three sides do not agree about. */
export async function countBroken(db: pg.Client): Promise<number> {
  const { rows } = await db.query<{
    status: string;
    booked: 'yes' | 'held' | 'no';
    moved: boolean;
    orders: number;
  }>(THREE_WAYS);
  const right = ({ status, booked, moved }: (typeof rows)[number]): boolean =>
    (status === 'SUCCESS' && booked === 'yes' && moved) || (status === 'FAILED' && booked === 'no' && !moved);
  return rows.filter((row) => !right(row)).reduce((sum, { orders }) => sum + orders, 0);
}

/** Rows by table, as the database has them. */
export async function countRows(db: pg.Client): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.query<Record<string, number>>(
    `select (select count(*)::int from pbap.orders) as orders, (select count(*)::int from pbap.postings) as postings,
       (select count(*)::int from pbap.outbox) as outbox,
       (select count(*)::int from pbap.statement_lines) as "statementLines",
       (select (sum(off_minor) + sum(abs(sum_minor)))::int from pbap.books) as "minorOff"`,
  );
  return rows[0] ?? {};
}
