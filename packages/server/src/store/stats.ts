/** What the stats page shows, from counters and narrow tables: the problems themselves are never scanned. */
import type { ExecutionMode, SolutionStatus } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Scope } from '../base/access.ts';
import { ASKS_PERSON } from './approvals.ts';
import type { Executor } from './database.ts';
import { hasClient } from './problem-filters.ts';
import { within } from './scope.ts';

export interface ProblemCountRow {
  readonly sys_code: string;
  readonly fix_code: string;
  readonly scenario: string;
  readonly state: string;
  readonly out_of_pocket: string;
  readonly currency: string;
  readonly problems: string;
  readonly amount_minor: string;
}

export async function readProblemCounts(db: Executor, scope: Scope): Promise<ProblemCountRow[]> {
  const result = await sql<ProblemCountRow>`
    SELECT sys_code, fix_code, scenario, state, out_of_pocket, currency, problems, amount_minor
    FROM piculus.problem_counts WHERE problems <> 0 AND ${within(sql`sys_code`, scope)}
    ORDER BY sys_code, fix_code, scenario, state, out_of_pocket, currency`.execute(db);
  return result.rows;
}

/** Problems under open leases that have no answer yet. */
export async function countExecuting(db: Executor, scope: Scope): Promise<number> {
  const result = await sql<{ executing: string }>`
    SELECT coalesce(sum(cardinality(problem_ids) - cardinality(answered_ids)), 0) AS executing
    FROM piculus.leases WHERE closed_at IS NULL AND ${within(sql`sys_code`, scope)}`.execute(db);
  return Number(result.rows[0]?.executing ?? 0);
}

/** What one fix's open problems wait for, as far as narrow tables know; the solution is as it is now. */
export interface WaitingRow {
  /** Pending by their stored state, the reopened ones among them. */
  readonly pending: number;
  readonly reopened: number;
  /** By their own state: exhausted, needs-human, reopened. */
  readonly withPerson: number;
  /** Clicks on pending problems that wait for a client or an answer: not reopened, and reopened. */
  readonly clicked: number;
  readonly reopenedClicked: number;
  /** Pending, neither reopened nor clicked, that the approval policy lets no tick run. */
  readonly askingPerson: number;
  readonly status: SolutionStatus | null;
  readonly executionMode: ExecutionMode | null;
  readonly ticksPaused: boolean;
  readonly clicksPaused: boolean;
  readonly clientConnected: boolean;
}

const ASKING_NOT = sql`SELECT NULL::text AS sys_code, NULL::text AS fix_code, 0::bigint AS asking WHERE false`;

/**
 * Pending, neither reopened nor clicked, that the policy lets no tick run: from the book of their sizes, less those few
 * that were reopened or clicked. A limit that is no round amount may divide a step of the book; then the problems
 * themselves are counted.
 */
const ASKING = (scope: Scope) => sql`
  SELECT sys_code, fix_code, sum(asking) AS asking FROM (
    SELECT p.sys_code, p.fix_code, p.problems AS asking
    FROM (SELECT *, amount_step AS amount_minor FROM piculus.pending_amounts) AS p
    WHERE ${within(sql`p.sys_code`, scope)} AND ${ASKS_PERSON} AND NOT ${DIVIDES_A_STEP}
    UNION ALL
    SELECT p.sys_code, p.fix_code, -1
    FROM (SELECT problem_id FROM piculus.attention WHERE state = 'pending'
      UNION SELECT problem_id FROM piculus.run_requests) AS other
    JOIN piculus.problems p ON p.id = other.problem_id
    WHERE ${within(sql`p.sys_code`, scope)} AND p.state = 'pending' AND ${ASKS_PERSON} AND NOT ${DIVIDES_A_STEP}
    UNION ALL
    SELECT p.sys_code, p.fix_code, 1 FROM piculus.problems p
    WHERE ${DIVIDES_A_STEP} AND p.state = 'pending' AND NOT p.reopened
      AND ${within(sql`p.sys_code`, scope)} AND ${ASKS_PERSON}
      AND NOT EXISTS (SELECT FROM piculus.run_requests r WHERE r.problem_id = p.id)) AS found
  GROUP BY 1, 2`;
const DIVIDES_A_STEP = sql`EXISTS (
  SELECT FROM piculus.unattended_rules u WHERE piculus.amount_step(u.amount_minor) <> u.amount_minor)`;

/**
 * One statement, so that its figures are of one moment. A row per fix that has open problems.
 * @param how without `asking` no problem is read, and `askingPerson` is 0.
 */
export async function readWaiting(
  db: Executor,
  scope: Scope,
  now: Date,
  how: { readonly asking: boolean } = { asking: true },
): Promise<WaitingRow[]> {
  const found = await sql<WaitingRow>`
    WITH counted AS (
      SELECT sys_code, fix_code, sum(problems) AS pending FROM piculus.problem_counts
      WHERE state = 'pending' AND problems <> 0 AND ${within(sql`sys_code`, scope)} GROUP BY 1, 2),
    held AS (
      SELECT sys_code, fix_code, count(*) AS with_person, count(*) FILTER (WHERE state = 'pending') AS reopened
      FROM piculus.attention WHERE ${within(sql`sys_code`, scope)} GROUP BY 1, 2),
    -- Only open problems have a click that waits, so one that is not with a person by its state is pending.
    clicks AS (
      SELECT r.sys_code, r.fix_code, count(*) FILTER (WHERE a.problem_id IS NULL) AS clicked,
        count(*) FILTER (WHERE a.state = 'pending') AS reopened_clicked
      FROM piculus.run_requests r LEFT JOIN piculus.attention a ON a.problem_id = r.problem_id
      WHERE ${within(sql`r.sys_code`, scope)} GROUP BY 1, 2),
    asking AS (${how.asking ? ASKING(scope) : ASKING_NOT})
    SELECT coalesce(counted.pending, 0)::integer AS pending, coalesce(held.reopened, 0)::integer AS reopened,
      coalesce(held.with_person, 0)::integer AS "withPerson", coalesce(clicks.clicked, 0)::integer AS clicked,
      coalesce(clicks.reopened_clicked, 0)::integer AS "reopenedClicked",
      coalesce(asking.asking, 0)::integer AS "askingPerson",
      coalesce(paused.ticks_paused, false) AS "ticksPaused", coalesce(paused.clicks_paused, false) AS "clicksPaused",
      v.status, v.execution_mode AS "executionMode", ${hasClient(now)} AS "clientConnected"
    FROM (SELECT sys_code, fix_code FROM counted UNION SELECT sys_code, fix_code FROM held) AS p
    LEFT JOIN counted USING (sys_code, fix_code)
    LEFT JOIN held USING (sys_code, fix_code)
    LEFT JOIN clicks USING (sys_code, fix_code)
    LEFT JOIN asking USING (sys_code, fix_code)
    LEFT JOIN piculus.solutions s ON s.sys_code = p.sys_code AND s.fix_code = p.fix_code AND s.deleted_at IS NULL
    LEFT JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
    LEFT JOIN piculus.paused_solutions paused ON paused.solution_id = s.id
    ORDER BY p.sys_code, p.fix_code`.execute(db);
  return found.rows;
}
