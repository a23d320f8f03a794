/**
 * Finds problems of a kind, a state or a time by the blocks of ids that have any: the book of problem-blocks.ts says
 * which, and all others are never opened.
 */
import { STORED_PROBLEM_STATES, type WaitReason } from '@piculus/protocol';
import type { ProblemFilter } from '@piculus/protocol/http';
import { type RawBuilder, sql } from 'kysely';
import { BLOCK_IDS } from './problem-blocks.ts';
import { oneOf, problemConditions, type ScopedFilter, SOLUTION_OF_PROBLEM } from './problem-filters.ts';
import type { NarrowSearch } from './problem-queue.ts';
import { within } from './scope.ts';

type Condition = RawBuilder<unknown>;

/** An order number has an index of its own, and without one of the others every block may have a match. */
export function knowsBlocks({ filter, scope }: ScopedFilter): boolean {
  if (filter.businessKey !== undefined) return false;
  const { sysCode, fixCode, scenario, firstSeenFrom, firstSeenTo } = filter;
  const given = [sysCode, fixCode, scenario, firstSeenFrom, firstSeenTo, storedStates(filter)];
  return scope !== 'all' || given.some((one) => one !== undefined);
}

/** The CTE `found` with ids of problems that match, at least the newest `limit` ones; for `WITH`. */
export function foundByBlocks({ before, limit, now, ...search }: NarrowSearch): Condition {
  const belowBlock = before === null ? sql`` : sql`AND b.block <= ${before}::bigint / ${BLOCK_IDS}::bigint`;
  const below = before === null ? sql`` : sql`AND p.id < ${before}::bigint`;
  // The offsets of none change nothing and keep the planner to this order: blocks, newest first, and then inside of them,
  // so that the walk ends with the page.
  return sql`found AS MATERIALIZED (
    SELECT p.id FROM (
      SELECT b.block FROM piculus.problem_blocks b WHERE b.problems > 0 AND ${blockConditions(search)} ${belowBlock}
      GROUP BY b.block ORDER BY b.block DESC OFFSET 0) AS near
    CROSS JOIN LATERAL (
      SELECT * FROM piculus.problems
      WHERE id >= near.block * ${BLOCK_IDS}::bigint AND id < (near.block + 1) * ${BLOCK_IDS}::bigint OFFSET 0) AS p
    ${SOLUTION_OF_PROBLEM}
    WHERE ${problemConditions(search, now)} ${below}
    ORDER BY near.block DESC, p.id DESC LIMIT ${limit}::bigint)`;
}

function blockConditions({ filter, scope }: ScopedFilter): Condition {
  const { firstSeenFrom, firstSeenTo } = filter;
  const conditions = [within(sql`b.sys_code`, scope)];
  const list = (column: Condition, values: readonly string[] | undefined): void => {
    if (values !== undefined) conditions.push(oneOf(column, values));
  };
  list(sql`b.sys_code`, filter.sysCode);
  list(sql`b.fix_code`, filter.fixCode);
  list(sql`b.scenario`, filter.scenario);
  list(sql`b.state`, storedStates(filter));
  if (firstSeenFrom !== undefined) conditions.push(sql`b.first_seen_to >= ${firstSeenFrom}::timestamptz`);
  if (firstSeenTo !== undefined) conditions.push(sql`b.first_seen_from < ${firstSeenTo}::timestamptz`);
  if (filter.waitReason !== undefined) {
    const kinds = [...new Set(filter.waitReason.map((reason) => SOLUTIONS_THAT_MAKE[reason]))];
    conditions.push(sql`(${sql.join(kinds, sql` OR `)})`);
  }
  return sql.join(conditions, sql` AND `);
}

const solutions = (which: Condition): Condition => sql`(
  SELECT s.sys_code, s.fix_code FROM piculus.solutions s
  JOIN piculus.solution_versions v ON v.solution_id = s.id AND v.version = s.version
  WHERE s.deleted_at IS NULL AND ${which})`;
const under = (which: Condition): Condition => sql`(b.sys_code, b.fix_code) IN ${solutions(which)}`;
const UNDER_ENABLED = under(sql`v.status = 'enabled'`);
const UNDER_AUTOMATIC = under(sql`v.status = 'enabled' AND v.execution_mode = 'automatic'`);

/** A problem can wait for this reason only where its solution is like that. */
const SOLUTIONS_THAT_MAKE: Readonly<Record<WaitReason, Condition>> = {
  'no-solution': sql`(b.sys_code, b.fix_code) NOT IN ${solutions(sql`true`)}`,
  disabled: under(sql`v.status = 'disabled'`),
  manual: under(sql`v.status = 'enabled' AND v.execution_mode = 'manual'`),
  approval: UNDER_AUTOMATIC,
  reopened: UNDER_ENABLED,
  scheduled: UNDER_ENABLED,
  'no-client': UNDER_ENABLED,
  paused: UNDER_ENABLED,
};

const CAN_EXECUTE: readonly string[] = ['pending', 'exhausted', 'needs-human'];

/** The stored states that what is asked for can have; undefined where that is any. */
function storedStates({ state, waitReason }: ProblemFilter): readonly string[] | undefined {
  if (waitReason !== undefined) return ['pending'];
  if (state === undefined) return undefined;
  const executing = state.includes('executing') ? CAN_EXECUTE : [];
  const stored = new Set<string>([...state, ...executing]);
  return STORED_PROBLEM_STATES.filter((one) => stored.has(one));
}
