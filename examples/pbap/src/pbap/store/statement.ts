/** SQL of pbap.statement_lines and pbap.statement_watermark. */
import type pg from 'pg';
import type { StatementPage } from '../../bank/words.ts';
import type { Executor } from '../../shared/database.ts';

export interface Watermark {
  readonly cursor: string;
  readonly reaches_to: Date | null;
}

const START: Watermark = { cursor: '0', reaches_to: null };

export async function readWatermark(db: Executor, bank: string): Promise<Watermark> {
  const result = await db.query<Watermark>(
    'select cursor, reaches_to from pbap.statement_watermark where bank = $1',
    [bank],
  );
  return result.rows[0] ?? START;
}

/** Locks the watermark, so that one importer stores at a time; makes it where it is missing. */
export async function lockWatermark(tx: pg.PoolClient, bank: string, now: Date): Promise<Watermark> {
  await tx.query(
    `insert into pbap.statement_watermark (bank, cursor, updated_at) values ($1, 0, $2) on conflict (bank) do nothing`,
    [bank, now],
  );
  const result = await tx.query<Watermark>(
    'select cursor, reaches_to from pbap.statement_watermark where bank = $1 for update',
    [bank],
  );
  return result.rows[0] ?? START;
}

/** Stores a page's lines. @returns how many were new. */
export async function insertLines(tx: pg.PoolClient, lines: StatementPage['lines']): Promise<number> {
  if (lines.length === 0) return 0;
  const result = await tx.query(
    `insert into pbap.statement_lines (line_no, request_no, order_no, kind, amount_minor, currency, booked_at)
     select "lineNo"::bigint, "requestNo", "orderNo", kind, "amountMinor"::bigint, currency, "bookedAt"
     from jsonb_to_recordset($1::text::jsonb) as line("lineNo" text, "requestNo" text, "orderNo" text, kind text,
       "amountMinor" text, currency text, "bookedAt" timestamptz)
     on conflict (line_no) do nothing`,
    [JSON.stringify(lines)],
  );
  return result.rowCount ?? 0;
}

export async function moveWatermark(
  tx: pg.PoolClient,
  bank: string,
  cursor: string,
  reachesTo: Date | null,
  now: Date,
): Promise<void> {
  await tx.query(
    `update pbap.statement_watermark
     set cursor = greatest(cursor, $2::bigint), reaches_to = greatest(reaches_to, $3::timestamptz), updated_at = $4
     where bank = $1`,
    [bank, cursor, reachesTo, now],
  );
}

/** Numbers that the statement shows as settled and not given back, latest first, the given order's aside. */
export async function readSettledNumbers(
  db: Executor,
  kind: 'collect' | 'payout',
  exceptOrderNo: string,
  limit: number,
): Promise<readonly string[]> {
  const result = await db.query<{ request_no: string }>(
    `select l.request_no from pbap.statement_lines l
     where l.kind = $1 and l.order_no <> $2
       and exists (select 1 from pbap.orders o where o.order_no = l.order_no and o.status = 'SUCCESS')
       and not exists (select 1 from pbap.statement_lines g
                       where g.request_no = l.request_no and g.kind in ('return', 'refund'))
     order by l.line_no desc limit $3`,
    [kind, exceptOrderNo, limit],
  );
  return result.rows.map((row) => row.request_no);
}

/**
 * Of the latest orders in the window that are settled by status and postings, how many does the statement
 * show? A sample, because the answer must not cost a walk over millions of orders.
 */
export async function countShown(
  db: Executor,
  window: { readonly from: Date; readonly to: Date },
  sample: number,
): Promise<{ readonly settled: number; readonly shown: number }> {
  const result = await db.query<{ settled: number; shown: number }>(
    `with settled as (
       select o.order_no from pbap.orders o
       where o.created_at >= $1 and o.created_at < $2 and o.status = 'SUCCESS'
         and exists (select 1 from pbap.postings p
                     where p.order_no = o.order_no and p.kind in ('credit', 'debit', 'settle'))
       order by o.created_at desc, o.order_no desc limit $3)
     select count(*)::int as settled,
       (count(*) filter (where exists (
          select 1 from pbap.statement_lines l
          where l.order_no = settled.order_no and l.kind in ('collect', 'payout'))))::int as shown
     from settled`,
    [window.from, window.to, sample],
  );
  return result.rows[0] ?? { settled: 0, shown: 0 };
}
