/** Executions: appended, never changed. */
import {
  type Effect,
  type Facts,
  isoTime,
  type Outcome,
  type StoredProblemState,
  type Trigger,
} from '@piculus/protocol';
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import { writeTextList } from './arrays.ts';
import type { Executor, Tx } from './database.ts';
import { toJson } from './json.ts';
import { within } from './scope.ts';

/** What the executions of one lease that were answered together have in common. */
export interface ExecutionBatch {
  readonly sysCode: string;
  readonly fixCode: string;
  readonly trigger: Trigger;
  readonly solutionVersion: number;
  readonly leaseId: string;
  readonly clientId: string;
  readonly dispatchedAt: Date;
  readonly finishedAt: Date;
}

export interface NewExecution {
  readonly problemId: string;
  readonly businessKey: string;
  readonly attempt: number;
  readonly commandKey: string;
  readonly outcome: Outcome;
  readonly stateBefore: StoredProblemState;
  readonly stateAfter: StoredProblemState;
  readonly reason: string;
  readonly effects: readonly Effect[];
  /** Of the effects that no earlier execution of the problem has told. */
  readonly movedMinor: string;
  readonly replayed: boolean;
  readonly verified: boolean;
  readonly facts: Facts | null;
  readonly startedAt: Date | null;
}

export interface ExecutionRow extends ExecutionBatch, NewExecution {
  readonly id: string;
  /** Of the solution's version that it ran under; null where that is not known any more. */
  readonly maxRetries: number | null;
}

/** @returns the new ids. */
export async function insertExecutions(
  tx: Tx,
  batch: ExecutionBatch,
  executions: readonly NewExecution[],
): Promise<string[]> {
  if (executions.length === 0) return [];
  const list = (column: (one: NewExecution) => string | number | boolean | null): string =>
    writeTextList(executions.map(column));
  const made = await sql<{ id: string }>`
    INSERT INTO piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger, solution_version,
      lease_id, client_id, command_key, outcome, state_before, state_after, reason, effects, moved_minor, replayed,
      verified, facts, dispatched_at, started_at, finished_at)
    SELECT problem_id, ${batch.sysCode}, ${batch.fixCode}, business_key, attempt, ${batch.trigger},
      ${batch.solutionVersion}::integer, ${batch.leaseId}, ${batch.clientId}, command_key, outcome, state_before,
      state_after, reason, effects, moved_minor, replayed, verified, facts, ${batch.dispatchedAt}::timestamptz,
      started_at, ${batch.finishedAt}::timestamptz
    FROM ROWS FROM (
      unnest(${list((one) => one.problemId)}::bigint[], ${list((one) => one.businessKey)}::text[],
        ${list((one) => one.attempt)}::integer[], ${list((one) => one.commandKey)}::text[],
        ${list((one) => one.outcome)}::text[], ${list((one) => one.stateBefore)}::text[],
        ${list((one) => one.stateAfter)}::text[], ${list((one) => one.reason)}::text[],
        ${list((one) => one.movedMinor)}::numeric[], ${list((one) => one.replayed)}::boolean[],
        ${list((one) => one.verified)}::boolean[],
        ${list((one) => one.startedAt && isoTime(one.startedAt))}::timestamptz[]),
      jsonb_to_recordset(${toJson(executions.map(({ effects, facts }) => ({ effects, facts })))}::text::jsonb)
        AS (effects jsonb, facts jsonb))
      AS given(problem_id, business_key, attempt, command_key, outcome, state_before, state_after, reason, moved_minor,
        replayed, verified, started_at, effects, facts)
    RETURNING id`.execute(tx);
  return made.rows.map(({ id }) => id);
}

/** Keys of the effects that earlier executions of these problems have told, as `problemId key`. */
export async function toldEffects(tx: Tx, problemIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (problemIds.length === 0) return new Set();
  const found = await sql<{ told: string }>`
    SELECT DISTINCT e.problem_id || ' ' || (effect ->> 'key') AS told
    FROM piculus.executions e CROSS JOIN LATERAL jsonb_array_elements(e.effects) AS effect
    WHERE e.problem_id = ANY(${[...problemIds]}::bigint[])`.execute(tx);
  return new Set(found.rows.map(({ told }) => told));
}

// A solution that was deleted and made again begins at version 1 again: of two, the later one that was there
// when the execution was dispatched is the one it ran under.
const MAX_RETRIES = sql`(
  SELECT v.max_retries FROM piculus.solutions s
  JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = e.solution_version
  WHERE s.sys_code = e.sys_code AND s.fix_code = e.fix_code AND v.changed_at <= e.dispatched_at
  ORDER BY v.changed_at DESC, s.id DESC LIMIT 1)`;

const COLUMNS = sql`
  e.id, e.problem_id AS "problemId", e.sys_code AS "sysCode", e.fix_code AS "fixCode",
  e.business_key AS "businessKey", e.attempt, e.trigger, e.solution_version AS "solutionVersion",
  e.lease_id AS "leaseId", e.client_id AS "clientId", e.command_key AS "commandKey", e.outcome,
  e.state_before AS "stateBefore", e.state_after AS "stateAfter", e.reason, e.effects,
  e.moved_minor AS "movedMinor", e.replayed, e.verified, e.facts, e.dispatched_at AS "dispatchedAt",
  e.started_at AS "startedAt", e.finished_at AS "finishedAt", ${MAX_RETRIES} AS "maxRetries"`;

export interface ExecutionFilter {
  readonly problemId?: string | undefined;
  readonly sysCode?: string | undefined;
  readonly fixCode?: string | undefined;
  readonly outcome?: readonly Outcome[] | undefined;
  readonly trigger?: readonly Trigger[] | undefined;
  readonly clientId?: string | undefined;
  readonly businessKey?: string | undefined;
  readonly finishedFrom?: string | undefined;
  readonly finishedTo?: string | undefined;
}

/** Newest first, below the id `before` where one is given. */
export async function listExecutions(
  db: Executor,
  filter: ExecutionFilter,
  scope: Scope,
  before: string | null,
  limit: number,
): Promise<ExecutionRow[]> {
  const conditions = [within(sql`e.sys_code`, scope)];
  if (before !== null) conditions.push(sql`e.id < ${before}::bigint`);
  if (filter.sysCode !== undefined) conditions.push(sql`e.sys_code = ${filter.sysCode}`);
  if (filter.fixCode !== undefined) conditions.push(sql`e.fix_code = ${filter.fixCode}`);
  if (filter.outcome !== undefined) conditions.push(sql`e.outcome = ANY(${[...filter.outcome]}::text[])`);
  if (filter.trigger !== undefined) conditions.push(sql`e.trigger = ANY(${[...filter.trigger]}::text[])`);
  if (filter.clientId !== undefined) conditions.push(sql`e.client_id = ${filter.clientId}`);
  if (filter.finishedFrom !== undefined)
    conditions.push(sql`e.finished_at >= ${filter.finishedFrom}::timestamptz`);
  if (filter.finishedTo !== undefined)
    conditions.push(sql`e.finished_at < ${filter.finishedTo}::timestamptz`);
  const found = await sql<ExecutionRow>`
    SELECT ${COLUMNS} FROM ${executionsOf(filter)} e WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY e.id DESC LIMIT ${limit}`.execute(db);
  return found.rows;
}

/**
 * Executions have an index by problem and none by order number, which the problems have. The `MATERIALIZED` keeps
 * the planner from walking all executions backwards in the hope to meet the few of one problem soon.
 */
function executionsOf({ problemId, businessKey }: ExecutionFilter): RawBuilder<unknown> {
  const conditions: RawBuilder<unknown>[] = [];
  if (problemId !== undefined) conditions.push(sql`problem_id = ${problemId}::bigint`);
  if (businessKey !== undefined)
    conditions.push(
      sql`problem_id = ANY(ARRAY(SELECT id FROM piculus.problems WHERE business_key = ${businessKey}))`,
    );
  if (conditions.length === 0) return sql`piculus.executions`;
  return sql`(WITH few AS MATERIALIZED (
    SELECT * FROM piculus.executions WHERE ${sql.join(conditions, sql` AND `)}) SELECT * FROM few)`;
}
