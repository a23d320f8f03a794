/** What the stats page shows, from counters and narrow tables: the problems themselves are never scanned. */
import { sql } from 'kysely';
import type { Executor } from './database.ts';

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

export async function readProblemCounts(db: Executor): Promise<ProblemCountRow[]> {
  const result = await sql<ProblemCountRow>`
    SELECT sys_code, fix_code, scenario, state, out_of_pocket, currency, problems, amount_minor
    FROM piculus.problem_counts WHERE problems <> 0
    ORDER BY sys_code, fix_code, scenario, state, out_of_pocket, currency`.execute(db);
  return result.rows;
}

/** Problems under open leases that have no answer yet. */
export async function countExecuting(db: Executor): Promise<number> {
  const result = await sql<{ executing: string }>`
    SELECT coalesce(sum(cardinality(problem_ids) - cardinality(answered_ids)), 0) AS executing
    FROM piculus.leases WHERE closed_at IS NULL`.execute(db);
  return Number(result.rows[0]?.executing ?? 0);
}

export async function countOutcomesSince(
  db: Executor,
  since: Date,
): Promise<{ outcome: string; executions: string }[]> {
  const result = await sql<{ outcome: string; executions: string }>`
    SELECT outcome, count(*) AS executions FROM piculus.executions
    WHERE finished_at > ${since} GROUP BY outcome ORDER BY outcome`.execute(db);
  return result.rows;
}
