/** What the breakers judge: reports and contradictions by the slot, and the outcomes beside them. */
import { sql } from 'kysely';
import { startOf } from '../base/slots.ts';
import type { Executor, Tx } from './database.ts';
import type { Deletion } from './retention.ts';

/** @param rows ordered by key. */
export async function keepReportCounts(tx: Tx, rows: readonly Record<string, string>[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    INSERT INTO piculus.report_counts AS c (slot, sys_code, fix_code, reports, contradictions)
    SELECT slot, sys_code, fix_code, reports, contradictions
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS (
      slot timestamptz, sys_code text, fix_code text, reports bigint, contradictions bigint)) WITH ORDINALITY AS given(
      slot, sys_code, fix_code, reports, contradictions, place)
    ORDER BY place
    ON CONFLICT (sys_code, slot, fix_code) DO UPDATE SET reports = c.reports + excluded.reports,
      contradictions = c.contradictions + excluded.contradictions`.execute(tx);
}

/**
 * Problems that this collect reported again though they were fixed, by fix. Only the reports of one command that
 * changed something are read.
 */
export async function contradictedByCollect(
  tx: Tx,
  commandId: string,
): Promise<{ fixCode: string; contradictions: number }[]> {
  const found = await sql<{ fixCode: string; contradictions: number }>`
    SELECT p.fix_code AS "fixCode", count(*)::integer AS contradictions
    FROM piculus.reports r CROSS JOIN LATERAL jsonb_to_recordset(r.changes) AS change("problemId" bigint, "from" text)
    JOIN piculus.problems p ON p.id = change."problemId"
    WHERE r.command_id = ${commandId}::bigint AND r.changes <> '[]' AND change."from" = 'fixed'
    GROUP BY p.fix_code ORDER BY 1`.execute(tx);
  return found.rows;
}

export interface BreakerFigures {
  readonly reports: number;
  /** Of an hour of the seven days before; null in the first day of a system. */
  readonly usualReports: number | null;
  readonly finished: number;
  readonly failed: number;
  readonly contradictions: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * @param since when a breaker of this place was last let go; nothing from before counts against it again. The slot
 * in which that was is left out.
 */
export async function readBreakerFigures(
  db: Executor,
  place: { readonly sysCode: string; readonly fixCode: string | null },
  now: Date,
  since: Date | null,
): Promise<BreakerFigures> {
  const hour = startOf(new Date(now.getTime() - HOUR_MS));
  const weekBefore = new Date(hour.getTime() - 7 * DAY_MS);
  const after = since ?? new Date(0);
  const ofFix = place.fixCode === null ? sql`` : sql`AND fix_code = ${place.fixCode}`;
  const found = await sql<{
    reports: string;
    before: string;
    registered: Date;
    contradictions: string;
    finished: string;
    failed: string;
  }>`
    SELECT r.*, e.*, s.created_at AS registered FROM piculus.systems s,
      (SELECT coalesce(sum(reports) FILTER (WHERE slot >= ${hour}::timestamptz AND slot > ${after}::timestamptz), 0) AS reports,
        coalesce(sum(reports) FILTER (WHERE slot < ${hour}::timestamptz), 0) AS before,
        coalesce(sum(contradictions) FILTER (WHERE slot > ${after}::timestamptz
          AND slot >= ${new Date(now.getTime() - DAY_MS)}::timestamptz), 0) AS contradictions
       FROM piculus.report_counts
       WHERE sys_code = ${place.sysCode} AND slot >= ${weekBefore}::timestamptz ${ofFix}) AS r,
      (SELECT coalesce(sum(executions), 0) AS finished,
        coalesce(sum(executions) FILTER (WHERE outcome IN ('failed', 'refused', 'unknown')), 0) AS failed
       FROM piculus.execution_counts
       WHERE slot >= ${hour}::timestamptz AND slot > ${after}::timestamptz AND sys_code = ${place.sysCode} ${ofFix}) AS e
    WHERE s.sys_code = ${place.sysCode}`.execute(db);
  const row = found.rows[0];
  if (row === undefined) throw new RangeError('figures of a system that is not there');
  const spanMs = Math.min(hour.getTime() - row.registered.getTime(), 7 * DAY_MS);
  return {
    reports: Number(row.reports),
    usualReports: spanMs < DAY_MS ? null : Number(row.before) / (spanMs / HOUR_MS),
    finished: Number(row.finished),
    failed: Number(row.failed),
    contradictions: Number(row.contradictions),
  };
}

/** When a breaker of exactly this place was ended last. */
export async function breakerEndedAt(
  db: Executor,
  place: { readonly sysCode: string; readonly fixCode: string | null },
): Promise<Date | null> {
  const found = await sql<{ at: Date | null }>`
    SELECT max(ended_at) AS at FROM piculus.halts
    WHERE kind = 'breaker' AND sys_code = ${place.sysCode} AND fix_code IS NOT DISTINCT FROM ${place.fixCode}::text
  `.execute(db);
  return found.rows[0]?.at ?? null;
}

export const deleteOldReportCounts: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.report_counts WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.report_counts WHERE slot < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};
