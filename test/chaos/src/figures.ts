/** What a run measured, by SQL on what it left behind. */
import type pg from 'pg';

export interface Figures {
  readonly problems: number;
  readonly executions: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Executions that moved money or changed an order. */
  readonly fixed: number;
  readonly reportsStored: number;
  /** Leases that ran out because nobody renewed them, and how long until their work was free again, at worst. */
  readonly leasesRescued: number;
  readonly worstRescueMs: number | null;
  /** Longest time between two results during the faults. */
  readonly worstGapMs: number | null;
  readonly collectsTakenOver: number;
}

export async function readFigures(admin: pg.Client, from: Date, to: Date): Promise<Figures> {
  const one = async <T extends pg.QueryResultRow>(
    text: string,
    values: unknown[] = [],
  ): Promise<T | undefined> => (await admin.query<T>(text, values)).rows[0];
  const outcomes = await admin.query<{ outcome: string; count: number }>(
    'select outcome, count(*)::int as count from piculus.executions group by outcome order by outcome',
  );
  const counts = await one<{ problems: number; executions: number; reports: number; again: number }>(
    `select (select count(*)::int from piculus.problems) as problems,
       (select count(*)::int from piculus.executions) as executions,
       (select count(*)::int from piculus.reports) as reports,
       (select count(*)::int from piculus.collect_commands where epoch > 1) as again`,
  );
  const gap = await one<{ ms: number | null }>(
    `select max(extract(epoch from at - before) * 1000)::int as ms from (
       select finished_at as at, lag(finished_at) over (order by finished_at) as before
       from piculus.executions where finished_at between $1 and $2) gaps`,
    [from, to],
  );
  const rescued = await one<{ leases: number; ms: number | null }>(
    `select count(*)::int as leases, max(extract(epoch from closed_at - expires_at) * 1000)::int as ms
     from piculus.leases where closed_at > expires_at`,
  );
  const byName = Object.fromEntries(outcomes.rows.map(({ outcome, count }) => [outcome, count]));
  return {
    problems: counts?.problems ?? 0,
    executions: counts?.executions ?? 0,
    outcomes: byName,
    fixed: byName['fixed'] ?? 0,
    reportsStored: counts?.reports ?? 0,
    leasesRescued: rescued?.leases ?? 0,
    worstRescueMs: rescued?.ms ?? null,
    worstGapMs: gap?.ms ?? null,
    collectsTakenOver: counts?.again ?? 0,
  };
}
