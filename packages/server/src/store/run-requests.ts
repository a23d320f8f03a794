/** Clicks that wait for a client. They stay until their problem was answered, so that nothing is lost on the way. */
import type { Outcome, Trigger } from '@piculus/protocol';
import { type RawBuilder, sql } from 'kysely';
import { actingOf } from '../base/acting.ts';
import type { Scope } from '../base/access.ts';
import { gated } from './approval-gate.ts';
import { countSettled, finishBulkRuns, settleBulkItems } from './bulk-runs.ts';
import type { AuditRow } from './audit.ts';
import type { Tx } from './database.ts';
import { storableText, toJson } from './json.ts';
import { leasedItems } from './leases.ts';
import { within } from './scope.ts';

export interface RunRequest {
  readonly problemId: string;
  readonly sysCode: string;
  readonly fixCode: string;
}

export interface RunClick {
  readonly trigger: Exclude<Trigger, 'tick'>;
  readonly actor: string;
  readonly reason: string | null;
  readonly at: Date;
  /** Null for a click on one problem. */
  readonly bulkRunId: string | null;
  /** What a second person has agreed to; null where nobody had to. */
  readonly approvalId: string | null;
}

/**
 * Where a problem has an open request already, a second one adds nothing, and is no act of its own either.
 * @param told the act of each that is added.
 * @throws PiculusError `approval-required`.
 */
export async function insertRunRequests(
  tx: Tx,
  click: RunClick,
  requests: readonly RunRequest[],
  told: AuditRow,
): Promise<void> {
  if (requests.length === 0) return;
  const reason = click.reason === null ? null : storableText(click.reason);
  const rows = JSON.stringify(
    requests.map(({ problemId, sysCode, fixCode }) => ({ p: problemId, s: sysCode, f: fixCode })),
  );
  await gated(
    sql`
    WITH made AS (
      INSERT INTO piculus.run_requests (problem_id, sys_code, fix_code, trigger, requested_by, reason, requested_at,
        bulk_run_id, approval_id)
      SELECT p, s, f, ${click.trigger}, ${click.actor}, ${reason}, ${click.at}::timestamptz,
        ${click.bulkRunId}::bigint, ${click.approvalId}::bigint
      FROM jsonb_to_recordset(${rows}::text::jsonb) AS given(p bigint, s text, f text)
      ON CONFLICT (problem_id) DO NOTHING RETURNING problem_id, sys_code)
    INSERT INTO piculus.audit (at, actor, act, sys_code, problem_id, reason, detail, via, from_address, request_id)
    SELECT ${told.at}::timestamptz, ${told.actor}, ${told.act}, sys_code, problem_id, ${reason},
      ${toJson(told.detail ?? {})}::text::jsonb, ${told.via ?? null}, ${told.from ?? null}, ${told.requestId ?? null}
    FROM made ORDER BY problem_id
  `.execute(tx),
  );
}

export interface AnsweredProblem {
  readonly problemId: string;
  readonly outcome: Outcome;
  readonly reason: string;
  /** Nobody answered and a retry is left: the click goes to the next client. */
  readonly goesOn?: boolean;
}

/** The bulk run of a click `r` was cancelled while a client worked on it. */
const IS_CANCELLED = sql`EXISTS (
  SELECT FROM piculus.bulk_run_items i
  WHERE i.bulk_run_id = r.bulk_run_id AND i.problem_id = r.problem_id AND i.code = 'run-cancelled')`;

/**
 * Ends the clicks on these problems, and tells the bulk runs that they belong to what came of them. One that goes on
 * ends all the same where two people agreed to its problem, which is not as it was then, and where its bulk run was
 * cancelled: after that nothing of it begins anew.
 * @returns those bulk runs.
 */
export async function answerRunRequests(
  tx: Tx,
  answered: readonly AnsweredProblem[],
  at: Date,
): Promise<string[]> {
  const going = answered.filter(({ goesOn }) => goesOn === true);
  const ended = await sql<{ problemId: string; bulkRunId: string | null }>`
    DELETE FROM piculus.run_requests r
    WHERE r.problem_id = ANY(${answered.map(({ problemId }) => problemId)}::bigint[])
      AND (r.problem_id <> ALL (${going.map(({ problemId }) => problemId)}::bigint[])
        OR r.approval_id IS NOT NULL
        OR ${IS_CANCELLED})
    RETURNING problem_id AS "problemId", bulk_run_id AS "bulkRunId"`.execute(tx);
  const bulkRuns = new Map(ended.rows.map(({ problemId, bulkRunId }) => [problemId, bulkRunId]));
  const items = answered.flatMap(({ problemId, outcome, reason }) => {
    const bulkRunId = bulkRuns.get(problemId) ?? null;
    return bulkRunId === null ? [] : { bulkRunId, problemId, result: outcome, note: reason };
  });
  await settleBulkItems(tx, items, at);
  return [...new Set(items.map(({ bulkRunId }) => bulkRunId))];
}

/** Whose clicks end. */
export type Dropped =
  | { readonly sysCode: string; readonly fixCode: string }
  | { readonly problemId: string }
  | { readonly problemIds: readonly string[] }
  | { readonly bulkRunId: string; readonly scope: Scope }
  /** Of these problems, those whose bulk run was cancelled. */
  | { readonly cancelled: readonly string[] };

export interface Drop {
  /** A cause of the bulk runs' words. */
  readonly cause: string;
  /** What the person said; null where the cause says it all. */
  readonly note: string | null;
  readonly at: Date;
  /** For an act in the history of each problem; null where another act tells it already. */
  readonly told: { readonly actor: string; readonly reason: string } | null;
}

export interface DroppedClicks {
  readonly problems: { readonly sysCode: string; readonly id: string }[];
  readonly bulkRunIds: string[];
}

/**
 * Ends clicks that wait for a client. Those that a client works on stay until their answer. Call under the locks of
 * their systems, so that no click and no claim comes in between.
 */
export async function dropRunRequests(tx: Tx, which: Dropped, drop: Drop): Promise<DroppedClicks> {
  const { at, told } = drop;
  const acting = told === null ? null : actingOf(told.actor);
  const tellEach =
    told === null
      ? sql``
      : sql`, told AS (
      INSERT INTO piculus.audit (at, actor, act, sys_code, problem_id, reason, via, from_address, request_id)
      SELECT ${at}::timestamptz, ${told.actor}, 'run-dropped', sys_code, problem_id, ${storableText(told.reason)},
        ${acting?.via ?? null}, ${acting?.from ?? null}, ${acting?.requestId ?? null}
      FROM dropped ORDER BY problem_id)`;
  const note = drop.note === null ? null : storableText(drop.note);
  const dropped = await sql<{ sysCode: string; id: string; bulkRunId: string | null }>`
    WITH dropped AS (
      DELETE FROM piculus.run_requests r
      WHERE ${conditionOf(which)} AND r.problem_id NOT IN (SELECT leased.id FROM ${leasedItems(null)} AS leased)
      RETURNING r.problem_id, r.sys_code, r.bulk_run_id),
    settled AS (
      UPDATE piculus.bulk_run_items i SET result = 'dropped', code = ${drop.cause}, note = ${note}
      FROM dropped d
      WHERE i.bulk_run_id = d.bulk_run_id AND i.problem_id = d.problem_id AND i.result = 'waiting'
      RETURNING i.bulk_run_id, i.result),
    counted AS (${countSettled(sql`settled`)}) ${tellEach}
    SELECT sys_code AS "sysCode", problem_id AS id, bulk_run_id AS "bulkRunId" FROM dropped`.execute(tx);
  const bulkRunIds = new Set<string>();
  for (const { bulkRunId } of dropped.rows) if (bulkRunId !== null) bulkRunIds.add(bulkRunId);
  await finishBulkRuns(tx, [...bulkRunIds], at);
  return { problems: dropped.rows.map(({ sysCode, id }) => ({ sysCode, id })), bulkRunIds: [...bulkRunIds] };
}

function conditionOf(which: Dropped): RawBuilder<unknown> {
  if ('problemId' in which) return sql`r.problem_id = ${which.problemId}::bigint`;
  if ('problemIds' in which) return sql`r.problem_id = ANY(${[...which.problemIds]}::bigint[])`;
  if ('cancelled' in which)
    return sql`r.problem_id = ANY(${[...which.cancelled]}::bigint[]) AND ${IS_CANCELLED}`;
  if ('bulkRunId' in which)
    return sql`r.bulk_run_id = ${which.bulkRunId}::bigint AND ${within(sql`r.sys_code`, which.scope)}`;
  return sql`r.sys_code = ${which.sysCode} AND r.fix_code = ${which.fixCode}`;
}

/**
 * Marks what clients work on as cancelled: it ends with its answer, whatever that is. Call under the locks of their
 * systems, after the others were dropped.
 * @returns how many were not marked before.
 */
export async function markCancelled(tx: Tx, bulkRunId: string, scope: Scope): Promise<number> {
  const marked = await sql`
    UPDATE piculus.bulk_run_items i SET code = 'run-cancelled'
    FROM piculus.run_requests r
    WHERE r.bulk_run_id = ${bulkRunId}::bigint AND ${within(sql`r.sys_code`, scope)} AND i.bulk_run_id = r.bulk_run_id
      AND i.problem_id = r.problem_id AND i.result = 'waiting' AND i.code IS NULL`.execute(tx);
  return Number(marked.numAffectedRows ?? 0n);
}

/** Systems of the scope in which clicks of a bulk run wait. */
export async function systemsOfBulkRun(tx: Tx, bulkRunId: string, scope: Scope): Promise<string[]> {
  const found = await sql<{ sysCode: string }>`
    SELECT DISTINCT sys_code AS "sysCode" FROM piculus.run_requests
    WHERE bulk_run_id = ${bulkRunId}::bigint AND ${within(sql`sys_code`, scope)}`.execute(tx);
  return found.rows.map(({ sysCode }) => sysCode);
}

/** @returns whether there is a solution for this fix, enabled. */
export async function canBeRun(tx: Tx, sysCode: string, fixCode: string): Promise<boolean> {
  const found = await sql`
    SELECT FROM piculus.solutions s
    JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
    WHERE s.sys_code = ${sysCode} AND s.fix_code = ${fixCode} AND s.deleted_at IS NULL AND v.status = 'enabled'
  `.execute(tx);
  return found.rows.length > 0;
}
