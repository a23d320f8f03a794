/** What the tables hold at the end: a figure counts only where all of the work was done. */
import { withClient } from '../support/databases.ts';

export interface Planned {
  readonly tasks: number;
  readonly executions: number;
  /** Executions that were there before. */
  readonly executionsBefore?: number;
  /** Problems that nobody asked for. */
  readonly waiting?: number;
}

/** @returns what is not as planned; the tasks all end as cleared. */
export async function whatIsNotStored(databaseUrl: string, planned: Planned): Promise<readonly string[]> {
  const { tasks, executions, executionsBefore = 0, waiting = 0 } = planned;
  return withClient(databaseUrl, async (db) => {
    const { rows } = await db.query<{
      problems: number;
      attempts: number;
      executions: number;
      waiting: number;
    }>(`
      select count(*) filter (where state = 'cleared')::int as problems,
        count(*) filter (where state = 'pending')::int as waiting,
        coalesce(sum(attempts) filter (where state = 'cleared'), 0)::int as attempts,
        (select count(*)::int from piculus.executions) as executions
      from piculus.problems`);
    const [found] = rows;
    const stored = (found?.executions ?? 0) - executionsBefore;
    return [
      ...(found?.problems === tasks ? [] : [`${found?.problems} of ${tasks} problems are cleared`]),
      ...(found?.waiting === waiting ? [] : [`${found?.waiting} problems wait, ${waiting} planned`]),
      ...(found?.attempts === executions ? [] : [`${found?.attempts} tries are told, ${executions} planned`]),
      ...(stored === executions ? [] : [`${stored} executions are stored, ${executions} planned`]),
    ];
  });
}
