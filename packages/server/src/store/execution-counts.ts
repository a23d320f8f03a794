/** What executions came to by the slot in which they finished, kept by the deltas of each batch. */
import type { Outcome } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import type { Deletion } from './retention.ts';
import { within } from './scope.ts';

/** @param rows ordered by key. */
export async function keepExecutionCounts(tx: Tx, rows: readonly Record<string, string>[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    INSERT INTO piculus.execution_counts AS c
      (slot, sys_code, fix_code, outcome, executions, to_person, retries_used)
    SELECT slot, sys_code, fix_code, outcome, executions, to_person, retries_used
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS (
      slot timestamptz, sys_code text, fix_code text, outcome text, executions bigint, to_person bigint,
      retries_used bigint)) WITH ORDINALITY AS given(
      slot, sys_code, fix_code, outcome, executions, to_person, retries_used, place)
    ORDER BY place
    ON CONFLICT (slot, sys_code, fix_code, outcome) DO UPDATE SET executions = c.executions + excluded.executions,
      to_person = c.to_person + excluded.to_person, retries_used = c.retries_used + excluded.retries_used
  `.execute(tx);
}

export interface HourRow {
  readonly hour: Date;
  readonly outcome: Outcome;
  readonly executions: string;
  readonly toPerson: string;
  readonly retriesUsed: string;
}

/** By hour of UTC and outcome, from the slot that begins at `from` on. */
export async function readExecutionHours(db: Executor, scope: Scope, from: Date): Promise<HourRow[]> {
  const found = await sql<HourRow>`
    SELECT date_bin('1 hour', slot, timestamptz '1970-01-01 00:00:00Z') AS hour, outcome,
      sum(executions) AS executions, sum(to_person) AS "toPerson", sum(retries_used) AS "retriesUsed"
    FROM piculus.execution_counts WHERE slot >= ${from}::timestamptz AND ${within(sql`sys_code`, scope)}
    GROUP BY 1, 2 ORDER BY 1, 2`.execute(db);
  return found.rows;
}

/** From the slot that begins at `from` on. */
export async function readOutcomes(
  db: Executor,
  scope: Scope,
  from: Date,
): Promise<{ outcome: Outcome; executions: string }[]> {
  const found = await sql<{ outcome: Outcome; executions: string }>`
    SELECT outcome, sum(executions) AS executions FROM piculus.execution_counts
    WHERE slot >= ${from}::timestamptz AND ${within(sql`sys_code`, scope)} GROUP BY outcome ORDER BY outcome`.execute(
    db,
  );
  return found.rows;
}

export const deleteOldExecutionCounts: Deletion = async (db, before, limit) => {
  const result = await sql`
    DELETE FROM piculus.execution_counts WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM piculus.execution_counts WHERE slot < ${before} LIMIT ${limit}))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
};
