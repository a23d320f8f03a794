/** The pass of each solution's tick over its pending problems, kept in the solutions table. */
import type { ExecutionMode, Level, SolutionStatus } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Executor, Tx } from './database.ts';

/** A problem waits for a tick where this holds. Kept in step with the index-free walk of the claims. */
export const WAITS_FOR_TICK = sql`p.state = 'pending' AND NOT p.reopened AND p.handling = 'fix'`;

export interface TickRow {
  readonly solutionId: string;
  readonly sysCode: string;
  readonly fixCode: string;
  readonly retryCron: string;
  readonly timeZone: string;
  readonly executionMode: ExecutionMode;
  readonly status: SolutionStatus;
  readonly tickAt: Date | null;
  readonly tickDone: boolean;
  /** The pass has not claimed anything yet. */
  readonly untouched: boolean;
}

/** Every solution that is there. There are few: some per system. */
export async function solutionTicks(db: Executor): Promise<TickRow[]> {
  const found = await sql<TickRow>`
    SELECT s.id AS "solutionId", s.sys_code AS "sysCode", s.fix_code AS "fixCode", v.retry_cron AS "retryCron",
      v.time_zone AS "timeZone", v.execution_mode AS "executionMode", v.status, s.tick_at AS "tickAt",
      s.tick_done AS "tickDone", s.tick_cursor < s.tick_floor AS untouched
    FROM piculus.solutions s
    JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
    WHERE s.deleted_at IS NULL ORDER BY s.id`.execute(db);
  return found.rows;
}

/**
 * Opens a pass, unless another node did. Call under the system's lock, so that no report inserts a lower id
 * meanwhile.
 * @returns whether problems wait for it; null where the tick was not the expected one any more.
 */
export async function openTick(
  tx: Tx,
  tick: { solutionId: string; from: Date; to: Date },
): Promise<boolean | null> {
  const opened = await sql<{ waiting: boolean }>`
    WITH floor AS (
      SELECT (SELECT p.id FROM piculus.problems p
              WHERE p.sys_code = s.sys_code AND p.fix_code = s.fix_code AND p.id >= s.tick_floor AND ${WAITS_FOR_TICK}
              ORDER BY p.id LIMIT 1) AS first_waiting,
             (SELECT p.id FROM piculus.problems p WHERE p.sys_code = s.sys_code AND p.fix_code = s.fix_code
              ORDER BY p.sys_code DESC, p.fix_code DESC, p.id DESC LIMIT 1) AS last
      FROM piculus.solutions s WHERE s.id = ${tick.solutionId})
    UPDATE piculus.solutions s SET
      tick_at = ${tick.to},
      tick_floor = coalesce(floor.first_waiting, floor.last + 1, s.tick_floor),
      tick_cursor = coalesce(floor.first_waiting, floor.last + 1, s.tick_floor) - 1,
      tick_done = floor.first_waiting IS NULL
    FROM floor
    WHERE s.id = ${tick.solutionId} AND s.deleted_at IS NULL AND s.tick_at = ${tick.from}::timestamptz
    RETURNING floor.first_waiting IS NOT NULL AS waiting`.execute(tx);
  return opened.rows[0]?.waiting ?? null;
}

/** Where a solution without a tick begins: only later ticks count. */
export async function beginTicks(tx: Tx, solutionId: string, at: Date): Promise<void> {
  await sql`UPDATE piculus.solutions SET tick_at = ${at} WHERE id = ${solutionId} AND tick_at IS NULL`.execute(
    tx,
  );
}

/** Drops what is left of a pass of a solution that is not automatic now, whatever the caller has read before. */
export async function endTick(tx: Tx, solutionId: string): Promise<void> {
  await sql`
    UPDATE piculus.solutions s SET tick_done = true
    FROM piculus.solution_versions v
    WHERE s.id = ${solutionId} AND NOT s.tick_done AND v.solution_id = s.id AND v.version = s.version
      AND (v.status <> 'enabled' OR v.execution_mode <> 'automatic')`.execute(tx);
}

export async function moveTickCursor(
  tx: Tx,
  solutionId: string,
  cursor: string,
  done: boolean,
): Promise<void> {
  await sql`
    UPDATE piculus.solutions SET tick_cursor = greatest(tick_cursor, ${cursor}::bigint), tick_done = ${done}
    WHERE id = ${solutionId}`.execute(tx);
}

/**
 * Lets the pass come by these problems once more, because their lease was given back. Those that were executed
 * meanwhile became ready after the tick, so going back too far does no harm.
 */
export async function rewindTick(tx: Tx, solutionId: string, firstId: string): Promise<void> {
  await sql`
    UPDATE piculus.solutions SET tick_cursor = least(tick_cursor, ${firstId}::bigint - 1), tick_done = false
    WHERE id = ${solutionId} AND tick_at IS NOT NULL`.execute(tx);
}

/** A problem below the floor waits for a tick again. */
export async function lowerTickFloor(tx: Tx, sysCode: string, fixCode: string, id: string): Promise<void> {
  await sql`
    UPDATE piculus.solutions SET tick_floor = ${id}::bigint
    WHERE sys_code = ${sysCode} AND fix_code = ${fixCode} AND deleted_at IS NULL AND tick_floor > ${id}::bigint
  `.execute(tx);
}

/** Systems for which a claim may find something: a click or an open pass. */
export async function systemsWithWork(db: Executor): Promise<string[]> {
  const found = await sql<{ code: string }>`
    SELECT sys.sys_code AS code FROM piculus.systems sys
    WHERE sys.enabled AND (
      EXISTS (SELECT 1 FROM piculus.run_requests r WHERE r.sys_code = sys.sys_code)
      OR EXISTS (SELECT 1 FROM piculus.solutions s
        WHERE s.sys_code = sys.sys_code AND s.deleted_at IS NULL AND NOT s.tick_done))`.execute(db);
  return found.rows.map(({ code }) => code);
}

/** A solution by which a claim may take problems now. */
export interface DueSolution {
  readonly id: string;
  readonly fixCode: string;
  readonly version: number;
  readonly maxRetries: number;
  readonly level: Level;
  readonly clicked: boolean;
  /** The open tick of an automatic solution. */
  readonly tickAt: Date | null;
  readonly tickCursor: string;
}

/** Enabled solutions with something to do for one of these fix codes that does not stand still, very important first. */
export async function dueSolutions(
  db: Executor,
  sysCode: string,
  fixCodes: readonly string[],
): Promise<DueSolution[]> {
  const found = await sql<DueSolution>`
    SELECT * FROM (
      SELECT s.id, s.fix_code AS "fixCode", s.version, v.max_retries AS "maxRetries", v.level,
        NOT paused.clicks_paused AND EXISTS (
          SELECT 1 FROM piculus.run_requests r WHERE r.sys_code = s.sys_code AND r.fix_code = s.fix_code) AS clicked,
        CASE WHEN v.execution_mode = 'automatic' AND NOT s.tick_done AND NOT paused.ticks_paused
          THEN s.tick_at END AS "tickAt",
        s.tick_cursor AS "tickCursor"
      FROM piculus.solutions s
      JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
      JOIN piculus.paused_solutions paused ON paused.solution_id = s.id
      WHERE s.sys_code = ${sysCode} AND s.deleted_at IS NULL AND v.status = 'enabled'
        AND s.fix_code = ANY(${[...fixCodes]}::text[])) AS due
    WHERE clicked OR "tickAt" IS NOT NULL
    ORDER BY array_position(ARRAY['very-important', 'important', 'normal', 'unimportant'], level), id`.execute(
    db,
  );
  return found.rows;
}
