/**
 * Finds the problems that wait for a person without a walk over the hot table: those that wait by their own state
 * stand in `attention`, the others are pending under a manual solution.
 */
import type { ProblemFilter } from '@piculus/protocol/http';
import { type RawBuilder, sql } from 'kysely';
import { leasedItems } from './leases.ts';
import {
  oneOf,
  problemConditions,
  type ScopedFilter,
  SOLUTION_OF_PROBLEM,
  WITH_SOLUTION,
} from './problem-filters.ts';
import { within } from './scope.ts';

const PERSON_STATES: readonly string[] = ['exhausted', 'needs-human'];

/**
 * Where everything that can match is found: in `attention`, there and under the manual solutions (`queue`), or under
 * the open leases. Null where it may be anywhere.
 */
export function narrowSource(filter: ProblemFilter): 'attention' | 'queue' | 'leases' | null {
  const states = filter.state ?? [];
  const reasons = filter.waitReason ?? [];
  if (filter.reopened === true) return 'attention';
  if (reasons.length > 0 && reasons.every((reason) => reason === 'reopened')) return 'attention';
  if (states.length > 0 && states.every((state) => state === 'executing')) return 'leases';
  if (states.length > 0 && states.every((state) => PERSON_STATES.includes(state))) return 'attention';
  return filter.waitsForPerson === true ? 'queue' : null;
}

export interface NarrowSearch extends ScopedFilter {
  /** Only ids below this one. */
  readonly before: string | null;
  /** Enough of the newest; null finds all. */
  readonly limit: number | null;
  readonly now: Date;
}

/** The CTE `found` with ids of problems that match, at least the newest `limit` ones; for `WITH`. */
export function foundFromNarrow(search: NarrowSearch): RawBuilder<unknown> {
  const source = narrowSource(search.filter);
  if (source === 'leases') return sql`found AS MATERIALIZED (${fromLeases(search)})`;
  if (source !== 'queue') return sql`found AS MATERIALIZED (${fromAttention(search)})`;
  return sql`manual AS MATERIALIZED (${manualSolutions(search)}),
    found AS MATERIALIZED (${fromAttention(search)} UNION ALL ${fromManual(search)})`;
}

function fromAttention({ before, limit, now, ...search }: NarrowSearch): RawBuilder<unknown> {
  const below = before === null ? sql`` : sql`AND t.problem_id < ${before}::bigint`;
  // The limit of one and the offset of none, which change nothing, keep the planner from joining over the whole table,
  // and to the order of the page, so that the walk ends with it.
  return sql`(
    SELECT t.problem_id AS id FROM (
      SELECT t.problem_id FROM piculus.attention t WHERE ${ofSystemsAndFixes(search)} ${below}
      ORDER BY t.problem_id DESC OFFSET 0) AS t
    CROSS JOIN LATERAL (SELECT * FROM piculus.problems WHERE id = t.problem_id LIMIT 1) AS p ${SOLUTION_OF_PROBLEM}
    WHERE ${besideWaiting(search, now)}
    ORDER BY t.problem_id DESC LIMIT ${limit}::bigint)`;
}

/**
 * The conditions without the one that everything in these sources meets: the planner, who cannot know that, would take
 * it for a rare one and not believe that a walk may end early.
 */
function besideWaiting({ filter, scope }: ScopedFilter, now: Date): RawBuilder<unknown> {
  const { waitsForPerson, ...others } = filter;
  return problemConditions({ filter: waitsForPerson === true ? others : filter, scope }, now);
}

function fromLeases({ before, limit, now, ...search }: NarrowSearch): RawBuilder<unknown> {
  const below = before === null ? sql`` : sql`AND t.id < ${before}::bigint`;
  return sql`(
    SELECT t.id FROM ${leasedItems(null)} AS t
    CROSS JOIN LATERAL (SELECT * FROM piculus.problems WHERE id = t.id LIMIT 1) AS p ${SOLUTION_OF_PROBLEM}
    WHERE ${within(sql`t.sys_code`, search.scope)} AND ${problemConditions(search, now)} ${below}
    ORDER BY t.id DESC LIMIT ${limit}::bigint)`;
}

/** Manual solutions that problems are pending under, with how many there are at most. */
function manualSolutions(search: ScopedFilter): RawBuilder<unknown> {
  return sql`
    SELECT t.sys_code, t.fix_code, sum(c.problems)::bigint AS pending
    FROM piculus.solutions t
    JOIN piculus.solution_versions v ON v.solution_id = t.id AND v.version = t.version
    JOIN piculus.problem_counts c ON c.sys_code = t.sys_code AND c.fix_code = t.fix_code AND c.state = 'pending'
    WHERE t.deleted_at IS NULL AND v.status = 'enabled' AND v.execution_mode = 'manual' AND c.problems > 0
      AND ${ofSystemsAndFixes(search)}
    GROUP BY t.sys_code, t.fix_code`;
}

/**
 * Reopened problems are in `attention`. The walk for a page ends where all that are pending were found; an exact
 * search does not rely on that. The order names the
 * columns of the index by solution, so that the planner walks that one and not all ids.
 */
function fromManual({ before, limit, now, ...search }: NarrowSearch): RawBuilder<unknown> {
  const below = before === null ? sql`` : sql`AND p.id < ${before}::bigint`;
  return sql`(
    SELECT waiting.id FROM manual CROSS JOIN LATERAL (
      SELECT p.id FROM ${WITH_SOLUTION}
      WHERE p.sys_code = manual.sys_code AND p.fix_code = manual.fix_code AND p.state = 'pending' AND NOT p.reopened
        AND ${besideWaiting(search, now)} ${below}
      ORDER BY p.sys_code DESC, p.fix_code DESC, p.id DESC
      LIMIT ${limit === null ? sql`NULL` : sql`least(${limit}::bigint, manual.pending)`}) AS waiting)`;
}

/** The systems and fixes that are asked for, over a narrow table `t` that names them. */
function ofSystemsAndFixes({ filter, scope }: ScopedFilter): RawBuilder<unknown> {
  const { sysCode, fixCode } = filter;
  const conditions = [within(sql`t.sys_code`, scope)];
  if (sysCode !== undefined) conditions.push(oneOf(sql`t.sys_code`, sysCode));
  if (fixCode !== undefined) conditions.push(oneOf(sql`t.fix_code`, fixCode));
  return sql.join(conditions, sql` AND `);
}
