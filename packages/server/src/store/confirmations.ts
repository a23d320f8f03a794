/** Which fixes a complete collect confirms. A low-water mark per system keeps it from looking at old ones again. */
import { sql } from 'kysely';
import type { Tx } from './database.ts';

export interface Coverage {
  readonly sysCode: string;
  readonly commandId: string;
  readonly windowFrom: Date;
  readonly windowTo: Date;
  /** How far the bank statement reaches: a fix after it is not covered. */
  readonly statementReachesTo: Date;
  readonly at: Date;
}

/**
 * Executions younger than this may stand beside others with lower ids that are not committed yet, so the mark
 * never passes them.
 */
const SETTLING_MS = 60_000;

/**
 * Marks the fixed problems that the collect covers and did not report again, and moves the mark to the last
 * execution below which nothing can be confirmed any more. Call under the system's lock.
 * @returns the ids of the confirmed problems.
 */
export async function confirmCovered(tx: Tx, c: Coverage): Promise<string[]> {
  const settled = new Date(c.at.getTime() - SETTLING_MS);
  const done = await sql<{ ids: string[] | null }>`
    WITH fixes AS MATERIALIZED (
      SELECT e.id, e.problem_id, e.finished_at, p.occurred_at,
        p.state = 'fixed' AND p.confirmed_at IS NULL AND p.state_changed_at = e.finished_at AS open,
        e.finished_at <= ${c.statementReachesTo}::timestamptz
          AND p.occurred_at >= ${c.windowFrom}::timestamptz AND p.occurred_at < ${c.windowTo}::timestamptz
          AND p.last_command_id IS DISTINCT FROM ${c.commandId}::bigint AS covered
      FROM piculus.systems s
      JOIN piculus.executions e ON e.id > s.confirmed_execution_id AND e.sys_code = s.sys_code
      JOIN piculus.problems p ON p.id = e.problem_id
      WHERE s.sys_code = ${c.sysCode}),
    confirmed AS (
      UPDATE piculus.problems p SET confirmed_at = ${c.at}::timestamptz
      FROM fixes WHERE fixes.open AND fixes.covered AND p.id = fixes.problem_id AND p.state = 'fixed'
      RETURNING p.id),
    -- What happened before the window is beyond the reach of the collects that follow as well.
    held AS (
      SELECT min(id) AS id FROM fixes
      WHERE finished_at > ${settled}::timestamptz
         OR (open AND NOT covered AND occurred_at >= ${c.windowFrom}::timestamptz)),
    moved AS (
      UPDATE piculus.systems s SET confirmed_execution_id =
        greatest(s.confirmed_execution_id, coalesce((SELECT id - 1 FROM held WHERE id IS NOT NULL), (SELECT max(id) FROM fixes), 0))
      WHERE s.sys_code = ${c.sysCode})
    SELECT array_agg(id) AS ids FROM confirmed`.execute(tx);
  return done.rows[0]?.ids ?? [];
}
