/** A filter of problems as SQL conditions; only what is asked for becomes one. */
import { LIMITS } from '@piculus/protocol';
import type { ProblemFilter } from '@piculus/protocol/http';
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import { ASKS_PERSON } from './approvals.ts';
import { IS_TOO_LARGE } from './claims.ts';
import { leasedItems } from './leases.ts';
import { within } from './scope.ts';

type Condition = RawBuilder<unknown>;

/** The problem is under an open lease and not answered. */
export const IS_EXECUTING = sql`p.id IN (SELECT leased.id FROM ${leasedItems(null)} AS leased)`;
/** A click waits for a client to take it. */
export const IS_REQUESTED = sql`EXISTS (SELECT 1 FROM piculus.run_requests r WHERE r.problem_id = p.id)`;

/**
 * A connected client of the system announced this fix. Asked of the table and not of this node's sessions,
 * because the client may be another node's.
 */
export function hasClient(now: Date): Condition {
  const aliveSince = new Date(now.getTime() - LIMITS.silenceMs);
  return sql`EXISTS (SELECT 1 FROM piculus.clients c WHERE c.sys_code = p.sys_code AND c.disconnected_at IS NULL
    AND greatest(c.last_heartbeat_at, c.connected_at) > ${aliveSince}::timestamptz AND c.hello -> 'fixes' ? p.fix_code)`;
}

/** The solution as it is now, beside the problem `p`. */
export const SOLUTION_OF_PROBLEM = sql`
  LEFT JOIN piculus.solutions s ON s.sys_code = p.sys_code AND s.fix_code = p.fix_code AND s.deleted_at IS NULL
  LEFT JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
  LEFT JOIN piculus.paused_solutions paused ON paused.solution_id = s.id`;
export const WITH_SOLUTION = sql`piculus.problems p ${SOLUTION_OF_PROBLEM}`;
/** A halt, a limit or a canary keeps ticks from it, or it is more than a limit allows in an hour. */
export const TICKS_PAUSED = sql`(coalesce(paused.ticks_paused, false) OR ${IS_TOO_LARGE})`;
export const CLICKS_PAUSED = sql`coalesce(paused.clicks_paused, false)`;

/** The same answer as `waitReason` of the rules, for filters; a test holds the two together. */
function waitReasonSql(now: Date): Condition {
  return sql`CASE
    WHEN p.state <> 'pending' OR ${IS_EXECUTING} THEN NULL
    WHEN s.id IS NULL THEN 'no-solution'
    WHEN v.status = 'disabled' THEN 'disabled'
    WHEN p.reopened AND NOT ${IS_REQUESTED} THEN 'reopened'
    WHEN v.execution_mode = 'manual' AND NOT ${IS_REQUESTED} THEN 'manual'
    WHEN ${ASKS_PERSON} AND NOT ${IS_REQUESTED} THEN 'approval'
    WHEN CASE WHEN ${IS_REQUESTED} THEN ${CLICKS_PAUSED} ELSE ${TICKS_PAUSED} END THEN 'paused'
    WHEN ${hasClient(now)} THEN 'scheduled'
    ELSE 'no-client' END`;
}

/** A pending problem that only a click can run, as the solutions are now. */
const WAITS_FOR_CLICK = sql`p.state = 'pending' AND v.status = 'enabled' AND v.execution_mode = 'manual'`;
/** The problems of the table `attention` are those of the first two. */
const WAITS_FOR_PERSON = sql`(p.state IN ('exhausted', 'needs-human') OR p.reopened OR (${WAITS_FOR_CLICK}) IS TRUE)`;

export const oneOf = (column: Condition, values: readonly string[]): Condition =>
  sql`${column} = ANY(${[...values]}::text[])`;

function stateCondition(states: readonly string[]): Condition {
  const stored = states.filter((state) => state !== 'executing');
  const among = sql`(${oneOf(sql`p.state`, stored)} AND NOT ${IS_EXECUTING})`;
  if (stored.length === states.length) return among;
  return stored.length === 0 ? IS_EXECUTING : sql`(${IS_EXECUTING} OR ${among})`;
}

/** Conditions that never involve the solution or a lease. */
export function plainConditions(filter: ProblemFilter): Condition[] {
  const conditions: Condition[] = [sql`true`];
  const list = (column: Condition, values: readonly string[] | undefined): void => {
    if (values !== undefined) conditions.push(oneOf(column, values));
  };
  list(sql`p.sys_code`, filter.sysCode);
  list(sql`p.fix_code`, filter.fixCode);
  list(sql`p.scenario`, filter.scenario);
  list(sql`p.handling`, filter.handling);
  list(sql`p.currency::text`, filter.currency);
  list(sql`p.out_of_pocket`, filter.outOfPocket);
  list(sql`p.last_outcome`, filter.lastOutcome);
  const compare = (value: unknown, condition: Condition): void => {
    if (value !== undefined) conditions.push(condition);
  };
  compare(filter.businessKey, sql`p.business_key = ${filter.businessKey}`);
  compare(filter.amountMinorFrom, sql`p.amount_minor >= ${filter.amountMinorFrom}::numeric`);
  compare(filter.amountMinorTo, sql`p.amount_minor < ${filter.amountMinorTo}::numeric`);
  compare(filter.occurredFrom, sql`p.occurred_at >= ${filter.occurredFrom}::timestamptz`);
  compare(filter.occurredTo, sql`p.occurred_at < ${filter.occurredTo}::timestamptz`);
  compare(filter.firstSeenFrom, sql`p.first_seen_at >= ${filter.firstSeenFrom}::timestamptz`);
  compare(filter.firstSeenTo, sql`p.first_seen_at < ${filter.firstSeenTo}::timestamptz`);
  compare(filter.retriesUsedFrom, sql`p.retries_used >= ${filter.retriesUsedFrom}::integer`);
  compare(filter.reopened, sql`p.reopened = ${filter.reopened}::boolean`);
  compare(filter.lastSeenFrom, sql`p.last_seen_at >= ${filter.lastSeenFrom}::timestamptz`);
  compare(filter.lastSeenTo, sql`p.last_seen_at < ${filter.lastSeenTo}::timestamptz`);
  compare(filter.seenCountFrom, sql`p.seen_count >= ${filter.seenCountFrom}::integer`);
  compare(filter.confirmed, sql`(p.confirmed_at IS NOT NULL) = ${filter.confirmed}::boolean`);
  compare(filter.seenSinceClosed, sql`p.seen_since_closed = ${filter.seenSinceClosed}::boolean`);
  return conditions;
}

/** What is asked for, and the systems that who asks may see. */
export interface ScopedFilter {
  readonly filter: ProblemFilter;
  readonly scope: Scope;
}

/** @returns one condition over `p`, `s` and `v` of {@link WITH_SOLUTION}. */
export function problemConditions({ filter, scope }: ScopedFilter, now: Date): Condition {
  const conditions = [within(sql`p.sys_code`, scope), ...plainConditions(filter)];
  if (filter.state !== undefined) conditions.push(stateCondition(filter.state));
  if (filter.waitsForPerson !== undefined)
    conditions.push(sql`${WAITS_FOR_PERSON} = ${filter.waitsForPerson}::boolean`);
  if (filter.waitReason !== undefined) conditions.push(oneOf(waitReasonSql(now), filter.waitReason));
  return sql.join(conditions, sql` AND `);
}
