/** What is open under one solution, from the kept counts, and what of it waits for a person all the same. */
import { sql } from 'kysely';
import type { Executor } from './database.ts';
import { hasClient } from './problem-filters.ts';

interface Identity {
  readonly sysCode: string;
  readonly fixCode: string;
}

export interface OpenCount {
  readonly state: 'pending' | 'exhausted' | 'needs-human';
  readonly currency: string;
  readonly problems: number;
  readonly amountMinor: string;
}

export async function openCounts(db: Executor, { sysCode, fixCode }: Identity): Promise<OpenCount[]> {
  const found = await sql<Omit<OpenCount, 'problems'> & { problems: string }>`
    SELECT state, currency, sum(problems) AS problems, sum(amount_minor) AS "amountMinor"
    FROM piculus.problem_counts
    WHERE sys_code = ${sysCode} AND fix_code = ${fixCode} AND state IN ('pending', 'exhausted', 'needs-human')
    GROUP BY state, currency HAVING sum(problems) <> 0 ORDER BY currency`.execute(db);
  return found.rows.map((row) => ({ ...row, problems: Number(row.problems) }));
}

/** Pending problems that were fixed or closed once, by currency; there are few, and a narrow table names them. */
export async function reopenedCounts(
  db: Executor,
  { sysCode, fixCode }: Identity,
): Promise<{ currency: string; problems: number; amountMinor: string }[]> {
  const found = await sql<{ currency: string; problems: string; amountMinor: string }>`
    SELECT p.currency, count(*) AS problems, sum(p.amount_minor) AS "amountMinor" FROM piculus.attention a
    JOIN piculus.problems p ON p.id = a.problem_id
    WHERE a.sys_code = ${sysCode} AND a.fix_code = ${fixCode} AND a.state = 'pending'
    GROUP BY p.currency`.execute(db);
  return found.rows.map((row) => ({ ...row, problems: Number(row.problems) }));
}

/** Whether ticks and clicks of the solution wait now, whatever it says; what is not there yet waits for nothing. */
export async function solutionPaused(
  db: Executor,
  { sysCode, fixCode }: Identity,
): Promise<{ ticks: boolean; clicks: boolean }> {
  const found = await sql<{ ticks: boolean; clicks: boolean }>`
    SELECT paused.ticks_paused AS ticks, paused.clicks_paused AS clicks
    FROM piculus.solutions s JOIN piculus.paused_solutions paused ON paused.solution_id = s.id
    WHERE s.sys_code = ${sysCode} AND s.fix_code = ${fixCode} AND s.deleted_at IS NULL`.execute(db);
  return found.rows[0] ?? { ticks: false, clicks: false };
}

/** A client of the system that has this fix is connected. */
export async function clientConnected(
  db: Executor,
  { sysCode, fixCode }: Identity,
  now: Date,
): Promise<boolean> {
  const found = await sql`
    SELECT FROM (SELECT ${sysCode}::text AS sys_code, ${fixCode}::text AS fix_code) AS p
    WHERE ${hasClient(now)}`.execute(db);
  return found.rows.length > 0;
}
