/**
 * What both ways of repairing begin with: PBAP's books with broken orders, and a bank that has long decided about every
 * number. Made once and copied for every round.
 */
import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import type { CellContext } from '../cell.ts';
import { bookHistory } from '../collect/history.ts';
import { copyTables } from '../limit/tables.ts';
import { makeDatabase, withClient } from '../support/databases.ts';
import { fromRoot } from '../support/paths.ts';
import { ObservedProcess } from '../support/process.ts';
import { addressIn } from '../support/stage.ts';

/**
 * The repairs that a bank which has decided lets end at once: credits, reversals, releases, settlements and changes of
 * status. Those that send money again wait for the bank's settlement, which is its work, not theirs.
 */
export const FIX_CODES: readonly string[] = [
  'interRechargeFixServiceImpl',
  'rechargeFailedFixServiceImpl',
  'rechargeTimeoutFixServiceImpl',
  'withdrawFailedFixServiceImpl',
  'withdrawFailedAccFixServiceImpl',
  'withdrawTimeoutFixServiceImpl',
];

/** What was sent and moved is settled at the bank; what was sent and did not move, it refused. */
const REQUESTS = `
  insert into bank.requests (request_no, order_no, kind, amount_minor, currency, counterparty, state, received_at, settled_at)
  select * from jsonb_to_recordset($1::text::jsonb) as given(request_no text, order_no text, kind text, amount_minor bigint,
    currency text, counterparty text, state text, received_at timestamptz, settled_at timestamptz)`;
const MOVEMENTS = `
  insert into bank.movements (request_no, order_no, kind, amount_minor, currency, booked_at)
  select request_no, order_no, kind, amount_minor, currency, settled_at from bank.requests where state = 'settled'
  order by request_no`;
const SENT = `
  select o.request_no, o.order_no, o.kind, o.amount_minor::text, o.currency, o.counterparty, o.sent_at as received_at,
    case when l.line_no is null then 'failed' else 'settled' end as state, o.sent_at as settled_at
  from pbap.outbox o left join pbap.statement_lines l using (request_no) order by o.request_no`;
const PAGE = 10_000;

/** Addresses of databases: templates, or a round's own. */
export interface Books {
  readonly pbap: string;
  readonly bank: string;
}

export async function makeBooks(
  context: CellContext,
  size: { readonly orders: number; readonly problems: number },
): Promise<Books> {
  const books = { pbap: await makeDatabase(context, 'pbap'), bank: await makeDatabase(context, 'bank') };
  const sent = await withClient(books.pbap, async (db) => {
    await bookHistory(db, size, (what) => context.say(`booking ${size.orders} orders: ${what}`));
    return (await db.query<Record<string, unknown>>(SENT)).rows;
  });
  await withClient(books.bank, async (db) => {
    await db.query(await readFile(fromRoot('examples/pbap/sql/bank.sql'), 'utf8'));
    for (let from = 0; from < sent.length; from += PAGE)
      await db.query(REQUESTS, [JSON.stringify(sent.slice(from, from + PAGE))]);
    await db.query(MOVEMENTS);
    await db.query('vacuum (analyze)');
  });
  return books;
}

export async function copyBooks(context: CellContext, { pbap, bank }: Books): Promise<Books> {
  return { pbap: await copyTables(context, pbap), bank: await copyTables(context, bank) };
}

/** @returns the address of a bank that answers at once. */
export async function startDecidedBank(context: CellContext, databaseUrl: string): Promise<string> {
  const env = { BANK_DATABASE_URL: databaseUrl, BANK_PORT: '0', BANK_SETTLE_DELAY_MS: '0' };
  const { ready } = await ObservedProcess.start(
    { name: 'bank', script: 'examples/pbap/dist/bank/main.js', env },
    context,
  );
  return addressIn(ready, 'url');
}

/** What is in the books when a round ends: both ways must leave the same. */
export interface Left {
  readonly postings: number;
  readonly statuses: string;
  /** Minor units that do not add up. */
  readonly minorOff: number;
}

export async function leftIn(db: pg.Client): Promise<Left> {
  const { rows } = await db.query<Left>(
    `select (select count(*)::int from pbap.postings) as postings,
       (select string_agg(status || ' ' || orders, ', ' order by status)
         from (select status, count(*) as orders from pbap.orders group by status) as s) as statuses,
       (select (sum(off_minor) + sum(abs(sum_minor)))::int from pbap.books) as "minorOff"`,
  );
  return rows[0] ?? { postings: 0, statuses: '', minorOff: Number.NaN };
}
