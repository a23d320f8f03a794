/** The tables of solutions and of their versions. */
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import type { Executor, Tx } from './database.ts';
import { within } from './scope.ts';

export interface SolutionRow {
  readonly id: string;
  readonly sys_code: string;
  readonly fix_code: string;
  readonly version: number;
  readonly max_retries: number;
  readonly retry_cron: string;
  readonly time_zone: string;
  readonly execution_mode: string;
  readonly status: string;
  readonly level: string;
  readonly description: string;
  readonly changed_at: Date;
  readonly changed_by: string;
}

const COLUMNS = sql`s.id, s.sys_code, s.fix_code, v.version, v.max_retries, v.retry_cron, v.time_zone,
  v.execution_mode, v.status, v.level, v.description, v.changed_at, v.changed_by`;

/** Solutions that are not deleted, by system and fix code. */
export async function readSolutions(
  db: Executor,
  filter: { readonly sysCode?: string | undefined; readonly id?: string; readonly scope: Scope },
): Promise<SolutionRow[]> {
  const system = filter.sysCode === undefined ? sql`true` : sql`s.sys_code = ${filter.sysCode}`;
  const id = filter.id === undefined ? sql`true` : sql`s.id = ${filter.id}`;
  const result = await sql<SolutionRow>`
    SELECT ${COLUMNS} FROM piculus.solutions s
    JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
    WHERE s.deleted_at IS NULL AND ${system} AND ${id} AND ${within(sql`s.sys_code`, filter.scope)}
    ORDER BY s.sys_code, s.fix_code`.execute(db);
  return result.rows;
}

/** The solution as it is now, locked until the end of the transaction; null where there is none or it is deleted. */
export async function lockSolution(tx: Tx, id: string): Promise<SolutionRow | null> {
  const locked = await sql`
    SELECT id FROM piculus.solutions WHERE id = ${id} AND deleted_at IS NULL FOR UPDATE`.execute(tx);
  if (locked.rows.length === 0) return null;
  const [row] = await readSolutions(tx, { id, scope: 'all' });
  return row ?? null;
}

/** @returns the new id; null where the system has a solution for this fix code. Only ticks after `at` count. */
export async function insertSolution(
  tx: Tx,
  solution: { sysCode: string; fixCode: string; at: Date },
): Promise<string | null> {
  const result = await sql<{ id: string }>`
    INSERT INTO piculus.solutions (sys_code, fix_code, version, tick_at)
    VALUES (${solution.sysCode}, ${solution.fixCode}, 1, ${solution.at})
    ON CONFLICT (sys_code, fix_code) WHERE deleted_at IS NULL DO NOTHING
    RETURNING id`.execute(tx);
  return result.rows[0]?.id ?? null;
}

export type VersionValues = Omit<SolutionRow, 'sys_code' | 'fix_code'>;

export async function insertVersion(tx: Tx, v: VersionValues): Promise<void> {
  await sql`
    INSERT INTO piculus.solution_versions (solution_id, version, max_retries, retry_cron, time_zone, execution_mode,
      status, level, description, changed_at, changed_by)
    VALUES (${v.id}, ${v.version}, ${v.max_retries}, ${v.retry_cron}, ${v.time_zone}, ${v.execution_mode},
      ${v.status}, ${v.level}, ${v.description}, ${v.changed_at}, ${v.changed_by})`.execute(tx);
}

/**
 * Makes a version the current one. With `ticksFrom` the pass under way ends and only later ticks count, because
 * the ticks of before belong to the schedule of before.
 */
export async function setVersion(tx: Tx, id: string, version: number, ticksFrom: Date | null): Promise<void> {
  const ticks = ticksFrom === null ? sql`` : sql`, tick_at = ${ticksFrom}, tick_cursor = 0, tick_done = true`;
  await sql`UPDATE piculus.solutions SET version = ${version}${ticks} WHERE id = ${id}`.execute(tx);
}

export async function markSolutionDeleted(tx: Tx, id: string, at: Date): Promise<void> {
  await sql`UPDATE piculus.solutions SET deleted_at = ${at}, tick_done = true WHERE id = ${id}`.execute(tx);
}

/** All versions, newest first, also of a deleted solution; empty where there never was one. */
export async function readVersions(db: Executor, id: string, scope: Scope): Promise<SolutionRow[]> {
  const result = await sql<SolutionRow>`
    SELECT ${COLUMNS} FROM piculus.solutions s JOIN piculus.solution_versions v ON v.solution_id = s.id
    WHERE s.id = ${id} AND ${within(sql`s.sys_code`, scope)} ORDER BY v.version DESC`.execute(db);
  return result.rows;
}

/** All versions of all solutions that there ever were for this fix, also of deleted ones, oldest first. */
export async function readVersionsOfFix(
  db: Executor,
  sysCode: string,
  fixCode: string,
): Promise<SolutionRow[]> {
  const result = await sql<SolutionRow>`
    SELECT ${COLUMNS} FROM piculus.solutions s JOIN piculus.solution_versions v ON v.solution_id = s.id
    WHERE s.sys_code = ${sysCode} AND s.fix_code = ${fixCode} ORDER BY s.id, v.version`.execute(db);
  return result.rows;
}
