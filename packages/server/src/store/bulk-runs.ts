/** Bulk runs as they are made: the run, one item per problem, and the counts of results. */
import type { ErrorCode } from '@piculus/protocol';
import type { ProblemFilter } from '@piculus/protocol/http';
import { type RawBuilder, sql } from 'kysely';
import { actingOf } from '../base/acting.ts';
import type { Scope } from '../base/access.ts';
import { gated } from './approval-gate.ts';
import type { Tx } from './database.ts';
import { storableText, toJson } from './json.ts';
import {
  IS_EXECUTING,
  IS_REQUESTED,
  problemConditions,
  type ScopedFilter,
  WITH_SOLUTION,
} from './problem-filters.ts';
import { within } from './scope.ts';

export interface NewBulkRun {
  readonly actor: string;
  readonly at: Date;
  readonly reason: string | null;
  /** Null where the problems were named. */
  readonly filter: ProblemFilter | null;
}

export async function insertBulkRun(tx: Tx, run: NewBulkRun): Promise<string> {
  const { actor, at, filter } = run;
  const made = await sql<{ id: string }>`
    INSERT INTO piculus.bulk_runs (requested_by, requested_at, reason, scope, filter)
    VALUES (${actor}, ${at}::timestamptz, ${run.reason === null ? null : storableText(run.reason)},
      ${filter === null ? 'ids' : 'filter'}, ${filter === null ? null : toJson(filter)}::text::jsonb)
    RETURNING id`.execute(tx);
  // An insert of one row returns one row.
  return made.rows[0]?.id ?? '';
}

export interface NewBulkItem {
  readonly problemId: string;
  /** Null: it waits for a client. */
  readonly refused: ErrorCode | null;
}

export async function insertBulkItems(
  tx: Tx,
  bulkRunId: string,
  items: readonly NewBulkItem[],
): Promise<void> {
  if (items.length === 0) return;
  const rows = JSON.stringify(items.map(({ problemId, refused }) => ({ p: problemId, c: refused })));
  await sql`
    INSERT INTO piculus.bulk_run_items (bulk_run_id, problem_id, sys_code, fix_code, business_key, amount_minor,
      currency, result, code)
    SELECT ${bulkRunId}::bigint, p.id, p.sys_code, p.fix_code, p.business_key, p.amount_minor, p.currency,
      CASE WHEN given.c IS NULL THEN 'waiting' ELSE 'not-eligible' END, given.c
    FROM jsonb_to_recordset(${rows}::text::jsonb) AS given(p bigint, c text)
    JOIN piculus.problems p ON p.id = given.p`.execute(tx);
}

/**
 * The same answer as `refusesRun` of the rules with a reason given, and one run at a time; a test holds them
 * together. What the person may see and not run is told before everything else.
 */
export const whyRefused = (runnable: Scope): RawBuilder<unknown> => sql`CASE
  WHEN NOT (${within(sql`p.sys_code`, runnable)}) THEN 'not-allowed'
  WHEN ${IS_EXECUTING} THEN 'already-executing'
  WHEN p.state NOT IN ('pending', 'exhausted', 'needs-human') THEN 'wrong-state'
  WHEN s.id IS NULL THEN 'no-solution'
  WHEN v.status = 'disabled' THEN 'solution-disabled'
  WHEN ${IS_REQUESTED} THEN 'already-requested' END`;

/**
 * Everything that matches becomes an item; what can run is requested, with an act per problem for its history.
 * Call under the locks of all systems that may match.
 * @throws PiculusError `approval-required`. @returns the problems that were requested.
 */
export async function insertMatching(
  tx: Tx,
  bulkRunId: string,
  click: ScopedFilter & {
    actor: string;
    reason: string;
    at: Date;
    runnable: Scope;
    approvalId: string | null;
  },
): Promise<{ sysCode: string; id: string }[]> {
  const { via, from, requestId } = actingOf(click.actor);
  const approved = JSON.stringify(click.approvalId === null ? {} : { approvalId: click.approvalId });
  const made = await gated(
    sql<{ sysCode: string; id: string }>`
    WITH matched AS MATERIALIZED (
      SELECT p.id, p.sys_code, p.fix_code, p.business_key, p.amount_minor, p.currency, ${whyRefused(click.runnable)} AS code
      FROM ${WITH_SOLUTION} WHERE ${problemConditions(click, click.at)}),
    items AS (
      INSERT INTO piculus.bulk_run_items (bulk_run_id, problem_id, sys_code, fix_code, business_key, amount_minor,
        currency, result, code)
      SELECT ${bulkRunId}::bigint, id, sys_code, fix_code, business_key, amount_minor, currency,
        CASE WHEN code IS NULL THEN 'waiting' ELSE 'not-eligible' END, code
      FROM matched ORDER BY id),
    made AS (
      INSERT INTO piculus.run_requests (problem_id, sys_code, fix_code, trigger, requested_by, reason, requested_at,
        bulk_run_id, approval_id)
      SELECT id, sys_code, fix_code, 'bulk', ${click.actor}, ${click.reason}, ${click.at}::timestamptz,
        ${bulkRunId}::bigint, ${click.approvalId}::bigint
      FROM matched WHERE code IS NULL ORDER BY id
      RETURNING problem_id, sys_code),
    told AS (
      INSERT INTO piculus.audit (at, actor, act, sys_code, problem_id, reason, detail, via, from_address, request_id)
      SELECT ${click.at}::timestamptz, ${click.actor}, 'run', sys_code, problem_id, ${click.reason},
        jsonb_build_object('trigger', 'bulk', 'bulkRunId', ${bulkRunId}::text) || ${approved}::text::jsonb, ${via}, ${from}, ${requestId}
      FROM made)
    SELECT sys_code AS "sysCode", problem_id AS id FROM made`.execute(tx),
  );
  return made.rows;
}

/** Adds the items up, once they are all there. @returns how many items the run has. */
export async function sumUpBulkRun(tx: Tx, id: string, at: Date): Promise<number> {
  const done = await sql<{ problems: number }>`
    WITH items AS MATERIALIZED (
      SELECT result, currency, amount_minor FROM piculus.bulk_run_items WHERE bulk_run_id = ${id}::bigint),
    counted AS (
      INSERT INTO piculus.bulk_run_results (bulk_run_id, result, problems)
      SELECT ${id}::bigint, result, count(*) FROM items GROUP BY result),
    amounts AS (
      SELECT coalesce(jsonb_agg(jsonb_build_object('currency', currency, 'amountMinor', amount::text)
        ORDER BY currency), '[]') AS list
      FROM (SELECT currency, sum(amount_minor) AS amount FROM items GROUP BY currency) AS by_currency)
    UPDATE piculus.bulk_runs SET problems = (SELECT count(*) FROM items), amounts = (SELECT list FROM amounts),
      finished_at = CASE WHEN NOT EXISTS (SELECT FROM items WHERE result = 'waiting') THEN ${at}::timestamptz END
    WHERE id = ${id}::bigint RETURNING problems`.execute(tx);
  return done.rows[0]?.problems ?? 0;
}

/**
 * Moves counts by the items that another part of the statement has settled, in the order of the key, so that two
 * batches lock the same counts in the same order.
 * @param settled a CTE with `bulk_run_id` and the new `result` of each.
 */
export function countSettled(settled: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    INSERT INTO piculus.bulk_run_results AS c (bulk_run_id, result, problems)
    SELECT bulk_run_id, result, change FROM (
      SELECT bulk_run_id, result, count(*) AS change FROM ${settled} GROUP BY bulk_run_id, result
      UNION ALL
      SELECT bulk_run_id, 'waiting', -count(*) FROM ${settled} GROUP BY bulk_run_id) AS changes
    ORDER BY bulk_run_id, result
    ON CONFLICT (bulk_run_id, result) DO UPDATE SET problems = c.problems + excluded.problems`;
}

export interface SettledItem {
  readonly bulkRunId: string;
  readonly problemId: string;
  readonly result: string;
  readonly note: string;
}

/** What came of items that waited; one that was settled before stays as it was. */
export async function settleBulkItems(tx: Tx, items: readonly SettledItem[], at: Date): Promise<void> {
  if (items.length === 0) return;
  const rows = toJson(
    items.map(({ bulkRunId, problemId, result, note }) => ({
      b: bulkRunId,
      p: problemId,
      r: result,
      n: note,
    })),
  );
  await sql`
    WITH settled AS (
      UPDATE piculus.bulk_run_items i SET result = given.r, code = NULL, note = given.n
      FROM jsonb_to_recordset(${rows}::text::jsonb) AS given(b bigint, p bigint, r text, n text)
      WHERE i.bulk_run_id = given.b AND i.problem_id = given.p AND i.result = 'waiting'
      RETURNING i.bulk_run_id, i.result)
    ${countSettled(sql`settled`)}`.execute(tx);
  await finishBulkRuns(tx, [...new Set(items.map(({ bulkRunId }) => bulkRunId))], at);
}

/**
 * Ends the runs in which nothing waits any more. Call after their counts were moved, whose rows are locked then:
 * of two batches that settle the last items, the second one sees what the first one did.
 */
export async function finishBulkRuns(tx: Tx, ids: readonly string[], at: Date): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    UPDATE piculus.bulk_runs b SET finished_at = ${at}::timestamptz
    WHERE b.id = ANY(${[...ids]}::bigint[]) AND b.finished_at IS NULL AND NOT EXISTS (
      SELECT FROM piculus.bulk_run_results c
      WHERE c.bulk_run_id = b.id AND c.result = 'waiting' AND c.problems > 0)`.execute(tx);
}
