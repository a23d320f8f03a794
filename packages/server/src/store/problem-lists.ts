/** Problems as lists and pages show them: with their solution as it is now and whether a client works on them. */
import type { ExecutionMode, Facts, SolutionStatus } from '@piculus/protocol';
import type { ProblemFilter } from '@piculus/protocol/http';
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import { ASKS_PERSON } from './approvals.ts';
import type { Executor } from './database.ts';
import { leasedItems } from './leases.ts';
import {
  CLICKS_PAUSED,
  hasClient,
  IS_EXECUTING,
  IS_REQUESTED,
  oneOf,
  plainConditions,
  problemConditions,
  TICKS_PAUSED,
  type ScopedFilter,
  WITH_SOLUTION,
} from './problem-filters.ts';
import { foundFromNarrow, narrowSource, type NarrowSearch } from './problem-queue.ts';
import { foundByBlocks, knowsBlocks } from './problem-search.ts';
import type { ProblemRow } from './problems.ts';
import { within } from './scope.ts';

export interface ListedProblem extends Omit<ProblemRow, 'notYetSince' | 'lastCommandId'> {
  readonly executing: boolean;
  readonly requested: boolean;
  readonly clientConnected: boolean;
  readonly occurredAt: Date;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly seenCount: number;
  readonly lastReason: string | null;
  readonly confirmedAt: Date | null;
  /** Of the solution as it is now; null where there is none. */
  readonly status: SolutionStatus | null;
  readonly executionMode: ExecutionMode | null;
  readonly maxRetries: number | null;
  readonly retryCron: string | null;
  readonly timeZone: string | null;
  readonly ticksPaused: boolean;
  readonly clicksPaused: boolean;
  readonly asksPerson: boolean;
  /** The open request for a second person that names it; null where there is none. */
  readonly approvalId: string | null;
}

const columns = (now: Date): RawBuilder<unknown> => sql`
  p.id, p.sys_code AS "sysCode", p.fix_code AS "fixCode", p.business_key AS "businessKey", p.scenario, p.handling,
  p.amount_minor AS "amountMinor", p.currency, p.out_of_pocket AS "outOfPocket", p.state,
  p.state_changed_at AS "stateChangedAt", p.attempts, p.retries_used AS "retriesUsed",
  p.reopen_count AS "reopenCount", p.reopened, p.seen_since_closed AS "seenSinceClosed",
  p.last_outcome AS "lastOutcome", p.last_reason AS "lastReason", p.occurred_at AS "occurredAt",
  p.first_seen_at AS "firstSeenAt", p.last_seen_at AS "lastSeenAt", p.seen_count AS "seenCount",
  p.confirmed_at AS "confirmedAt", v.status, v.execution_mode AS "executionMode", v.max_retries AS "maxRetries",
  v.retry_cron AS "retryCron", v.time_zone AS "timeZone", ${TICKS_PAUSED} AS "ticksPaused",
  ${CLICKS_PAUSED} AS "clicksPaused", ${ASKS_PERSON} AS "asksPerson",
  (SELECT max(a.id) FROM piculus.approval_problems ap JOIN piculus.approvals a ON a.id = ap.approval_id
    WHERE ap.problem_id = p.id AND a.state = 'open' AND a.expires_at > ${now}::timestamptz) AS "approvalId",
  ${IS_EXECUTING} AS executing, ${IS_REQUESTED} AS requested, ${hasClient(now)} AS "clientConnected"`;

export interface ListPage extends ScopedFilter {
  readonly before: string | null;
  readonly limit: number;
  readonly now: Date;
}

/** Newest first, below the id `before` where one is given. */
export async function listProblems(db: Executor, page: ListPage): Promise<ListedProblem[]> {
  const ids = foundIds(page);
  if (ids !== null) return listFound(db, page, ids);
  const below = page.before === null ? sql`` : sql`AND p.id < ${page.before}::bigint`;
  const found = await sql<ListedProblem>`
    SELECT ${columns(page.now)} FROM ${WITH_SOLUTION}
    WHERE ${problemConditions(page, page.now)} ${below}
    ORDER BY p.id DESC LIMIT ${page.limit}`.execute(db);
  return found.rows;
}

/** The CTE `found` where something narrower than the hot table knows what can match. */
function foundIds(search: NarrowSearch): RawBuilder<unknown> | null {
  if (narrowSource(search.filter) !== null) return foundFromNarrow(search);
  return knowsBlocks(search) ? foundByBlocks(search) : null;
}

/** The ids first, then the rows of one page. */
async function listFound(db: Executor, page: ListPage, ids: RawBuilder<unknown>): Promise<ListedProblem[]> {
  const found = await sql<ListedProblem>`
    WITH ${ids}
    SELECT ${columns(page.now)} FROM ${WITH_SOLUTION}
    WHERE p.id = ANY(ARRAY(SELECT id FROM found ORDER BY id DESC LIMIT ${page.limit}))
    ORDER BY p.id DESC`.execute(db);
  return found.rows;
}

export async function listedByIds(
  db: Executor,
  ids: readonly string[],
  scope: Scope,
  now: Date,
): Promise<ListedProblem[]> {
  const found = await sql<ListedProblem>`
    SELECT ${columns(now)} FROM ${WITH_SOLUTION}
    WHERE p.id = ANY(${[...ids]}::bigint[]) AND ${within(sql`p.sys_code`, scope)} ORDER BY p.id`.execute(db);
  return found.rows;
}

/** As much of a listed problem as decides whether it may run: a person who clicks waits for this question. */
export type RunnableProblem = Pick<
  ListedProblem,
  'id' | 'sysCode' | 'fixCode' | 'state' | 'executing' | 'requested' | 'status' | 'executionMode'
>;

export async function runnableByIds(
  db: Executor,
  ids: readonly string[],
  scope: Scope,
): Promise<RunnableProblem[]> {
  const found = await sql<RunnableProblem>`
    SELECT p.id, p.sys_code AS "sysCode", p.fix_code AS "fixCode", p.state, v.status,
      v.execution_mode AS "executionMode", ${IS_EXECUTING} AS executing, ${IS_REQUESTED} AS requested
    FROM piculus.problems p
    LEFT JOIN piculus.solutions s ON s.sys_code = p.sys_code AND s.fix_code = p.fix_code AND s.deleted_at IS NULL
    LEFT JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
    WHERE p.id = ANY(${[...ids]}::bigint[]) AND ${within(sql`p.sys_code`, scope)} ORDER BY p.id`.execute(db);
  return found.rows;
}

/** Whether there is such a problem in these systems. */
export async function hasProblem(db: Executor, id: string, scope: Scope): Promise<boolean> {
  const found = await sql`
    SELECT FROM piculus.problems WHERE id = ${id}::bigint AND ${within(sql`sys_code`, scope)}`.execute(db);
  return found.rows.length > 0;
}

export interface ProblemFacts {
  readonly facts: Facts;
  readonly contradictions: string[];
}
export async function factsOf(db: Executor, id: string): Promise<ProblemFacts | null> {
  const found = await sql<ProblemFacts>`
    SELECT facts, contradictions FROM piculus.problems WHERE id = ${id}::bigint`.execute(db);
  return found.rows[0] ?? null;
}

/** Exact, for a bulk action. */
export async function countProblems(
  db: Executor,
  search: ScopedFilter,
  now: Date,
): Promise<{ problems: number; amounts: { currency: string; amountMinor: string }[] }> {
  const found = await sql<{ currency: string; problems: string; amountMinor: string }>`
    ${isCounted(search.filter) ? fromCounts(search) : byCounting(search, now)}`.execute(db);
  return {
    problems: found.rows.reduce((sum, { problems }) => sum + Number(problems), 0),
    amounts: found.rows.map(({ currency, amountMinor }) => ({ currency, amountMinor })),
  };
}

function byCounting(search: ScopedFilter, now: Date): RawBuilder<unknown> {
  const ids = foundIds({ ...search, now, before: null, limit: null });
  const from =
    ids === null
      ? sql`${WITH_SOLUTION} WHERE ${problemConditions(search, now)}`
      : sql`found JOIN piculus.problems p ON p.id = found.id`;
  return sql`${ids === null ? sql`` : sql`WITH ${ids}`}
    SELECT p.currency, count(*) AS problems, sum(p.amount_minor) AS "amountMinor" FROM ${from}
    GROUP BY p.currency ORDER BY p.currency`;
}

/** What problem_counts tells apart. */
const COUNTED: ReadonlySet<string> = new Set([
  'sysCode',
  'fixCode',
  'scenario',
  'state',
  'outOfPocket',
  'currency',
] satisfies (keyof ProblemFilter)[]);

const isCounted = (filter: ProblemFilter): boolean =>
  Object.entries(filter).every(([field, value]) => value === undefined || COUNTED.has(field));

/** From the counts by stored state, put right by the few problems that are executing at the moment. */
function fromCounts({ filter: { state, ...filter }, scope }: ScopedFilter): RawBuilder<unknown> {
  const kind = sql`${within(sql`p.sys_code`, scope)} AND ${sql.join(plainConditions(filter), sql` AND `)}`;
  const asked = sql`(${state === undefined} OR ${oneOf(sql`p.state`, state ?? [])})`;
  // With a state asked for, an executing problem counts by that and not by the stored one.
  const executing = sql`CASE WHEN ${state === undefined} THEN 0
    ELSE ${state?.includes('executing') === true ? 1 : 0} - (${asked})::integer END`;
  return sql`
    SELECT currency, sum(problems) AS problems, sum(amount) AS "amountMinor" FROM (
      SELECT p.currency, p.problems, p.amount_minor AS amount FROM piculus.problem_counts p WHERE ${kind} AND ${asked}
      UNION ALL
      SELECT p.currency, ${executing}, ${executing} * p.amount_minor
      FROM (SELECT DISTINCT leased.id FROM ${leasedItems(null)} AS leased) AS leased
      JOIN piculus.problems p ON p.id = leased.id WHERE ${kind}) AS counted
    GROUP BY currency HAVING sum(problems) <> 0 ORDER BY currency`;
}
