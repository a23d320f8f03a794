/** What must hold of problems, executions and journal, whoever was killed when. Each names what is off. */
import type { Execution, Problem } from '@piculus/protocol/http';
import type pg from 'pg';
import type { Plan } from '../../examples/pbap/src/demo/plan.ts';

/** Every broken order was reported and fixed by us, no healthy one was reported, and none was reported as two. */
export function problemsOff(plan: Plan, problems: readonly Problem[]): string[] {
  const broken = new Set(plan.orders.flatMap(({ orderNo, scenario }) => (scenario === null ? [] : orderNo)));
  const keys = problems.map(({ businessKey }) => businessKey);
  const reported = new Set(keys);
  const twice = keys.filter((orderNo, index) => keys.indexOf(orderNo) !== index);
  const unreported = [...broken].filter((orderNo) => !reported.has(orderNo));
  const wrong = problems.filter(({ businessKey, state }) => !broken.has(businessKey) || state !== 'fixed');
  return [
    ...unreported.map((orderNo) => `${orderNo} was never reported`),
    ...twice.map((orderNo) => `${orderNo} was reported as two problems`),
    ...wrong.map(told),
  ];
}

/** The numbers that the server tells of its executions agree with each other and with the system's journal. */
export async function executionsOff(
  db: pg.Pool,
  problems: readonly Problem[],
  executions: readonly Execution[],
): Promise<string[]> {
  const byProblem = new Map<string, Execution[]>();
  for (const one of executions) byProblem.set(one.problemId, [...(byProblem.get(one.problemId) ?? []), one]);
  const journal = await movedByJournal(db);
  const off: string[] = [];
  for (const problem of problems) {
    const mine = (byProblem.get(problem.id) ?? []).sort((a, b) => a.attempt - b.attempt);
    const name = named(problem);
    const attempts = mine.map(({ attempt }) => attempt);
    if (attempts.join() !== attempts.map((_, index) => index + 1).join())
      off.push(`${name}: its attempts are ${attempts}`);
    if (problem.attempts !== mine.length)
      off.push(`${name}: ${mine.length} executions for ${problem.attempts} attempts`);
    const used = mine.filter(({ outcome }) => outcome === 'failed' || outcome === 'unknown').length;
    if (problem.state !== 'fixed' && problem.retriesUsed !== used)
      off.push(`${name}: ${problem.retriesUsed} retries used, ${used} executions used one`);
    const moved = mine.reduce((sum, one) => sum + BigInt(one.movedMinor), 0n);
    const told = mine[0] === undefined ? 0n : (journal.get(mine[0].commandKey) ?? 0n);
    if (moved !== told) off.push(`${name}: executions moved ${moved}, its journal says ${told}`);
  }
  return off;
}

async function movedByJournal(db: pg.Pool): Promise<Map<string, bigint>> {
  const { rows } = await db.query<{ command_key: string; moved: string }>(
    'select command_key, sum(amount_minor)::text as moved from piculus_client.effects group by command_key',
  );
  return new Map(rows.map(({ command_key, moved }) => [command_key, BigInt(moved)]));
}

/** An effect that two commands both say they committed was done twice, or claimed by one who did not do it. */
export async function effectsDoubled(db: pg.Pool): Promise<string[]> {
  const { rows } = await db.query<{ effect_key: string }>(
    'select effect_key from piculus_client.effects group by effect_key having count(*) > 1',
  );
  return rows.map(({ effect_key }) => effect_key);
}

const named = ({ businessKey, fixCode, scenario }: Problem): string =>
  `${businessKey} (${scenario}, ${fixCode})`;
const told = (problem: Problem): string =>
  `${named(problem)} is ${problem.state} after ${problem.attempts}: ${problem.lastOutcome}, ${problem.lastReason}`;
