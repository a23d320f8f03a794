/** Open problems by the slot in which they were first seen, kept by the deltas of each batch. */
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import type { Deletion } from './retention.ts';
import { within } from './scope.ts';

/** @param rows ordered by key. */
export async function keepProblemAges(tx: Tx, rows: readonly Record<string, string>[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    INSERT INTO piculus.problem_ages AS a (slot, sys_code, currency, problems, amount_minor)
    SELECT slot, sys_code, currency, problems, amount_minor
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS (
      slot timestamptz, sys_code text, currency char(3), problems bigint, amount_minor numeric(30)))
      WITH ORDINALITY AS given(slot, sys_code, currency, problems, amount_minor, place)
    ORDER BY place
    ON CONFLICT (slot, sys_code, currency) DO UPDATE SET
      problems = a.problems + excluded.problems, amount_minor = a.amount_minor + excluded.amount_minor
  `.execute(tx);
}

export interface AgeRow {
  /** The place of the first edge at or below the slot; the number of edges where there is none. */
  readonly bucket: number;
  readonly currency: string;
  readonly problems: string;
  readonly amountMinor: string;
}

/** @param edges beginnings of slots, latest first. */
export async function readProblemAges(db: Executor, scope: Scope, edges: readonly Date[]): Promise<AgeRow[]> {
  // The built-in counts the edges at or below a value, and wants the earliest first.
  const earliestFirst = [...edges].reverse().map((edge) => edge.toISOString());
  const found = await sql<AgeRow>`
    SELECT ${edges.length}::integer - width_bucket(a.slot, ${earliestFirst}::timestamptz[]) AS bucket,
      a.currency, sum(a.problems) AS problems, sum(a.amount_minor) AS "amountMinor"
    FROM piculus.problem_ages a WHERE a.problems <> 0 AND ${within(sql`a.sys_code`, scope)} GROUP BY 1, 2 ORDER BY 1, 2`.execute(
    db,
  );
  return found.rows;
}

/** Slots that nothing is left of. Those that a batch is changing just now are passed over, so nobody waits. */
export const deleteEmptyAges: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.problem_ages WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.problem_ages
      WHERE problems = 0 AND amount_minor = 0 AND slot < ${before} LIMIT ${limit} FOR UPDATE SKIP LOCKED))`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0);
};
