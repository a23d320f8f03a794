/** What a server has done before: problems that are fixed and confirmed, with their executions, leases and reports. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FIX, problemOf, SYS_CODE } from '../work/tasks.ts';
import { withClient } from '../support/databases.ts';

/** Over how long it happened. */
const DAYS = 30;
/** Problems of one report, and of one lease. */
const BATCH = 500;
const POLL_MS = 50;

/** Where history ends; ids are those of the rows that come last in it. */
export interface EndOfHistory {
  readonly problemId: string;
  readonly executionId: string;
  readonly reportId: string;
}

/** Each tenth problem was fixed at the second try. Call once, when the system is there. */
export async function writeHistory(databaseUrl: string, problems: number): Promise<EndOfHistory> {
  const at = `now() - interval '${DAYS} days' * (1 - n::float8 / ${problems})`;
  const { facts } = problemOf('', '2026-01-01T00:00:00.000Z');
  return withClient(databaseUrl, async (db) => {
    await db.query(
      `insert into piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
         out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, attempts, retries_used,
         last_outcome, last_reason, last_command_id, first_seen_at, last_seen_at, confirmed_at, book)
       select '${SYS_CODE}', '${FIX}', 'H:' || n, 'C1', 'fix', 1250, 'CNY', 'customer', ${at}, $1::jsonb,
         array['order.status', 'ledger.state'], 'fixed', ${at}, ${at}, 1 + (n % 10 = 0)::integer, (n % 10 = 0)::integer,
         'fixed', 'booked', 1, ${at}, ${at}, ${at}, 2
       from generate_series(1, ${problems}) as n`,
      [JSON.stringify(facts)],
    );
    await db.query(
      `insert into piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger, solution_version,
         lease_id, client_id, command_key, outcome, state_before, state_after, reason, effects, moved_minor, replayed,
         verified, facts, dispatched_at, started_at, finished_at)
       select p.id, p.sys_code, p.fix_code, p.business_key, attempt, 'tick', 1,
         'history-' || attempt || '-' || p.id / ${BATCH}, 'history', 'cmd/' || p.business_key,
         case when attempt = p.attempts then 'fixed' else 'failed' end, 'pending',
         case when attempt = p.attempts then 'fixed' else 'pending' end, 'booked', '[]', 0, false, true,
         case when attempt = p.attempts then p.facts end, p.state_changed_at, p.state_changed_at, p.state_changed_at
       from piculus.problems p cross join lateral generate_series(1, p.attempts) as attempt order by p.id`,
    );
    await db.query(
      `insert into piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id, node_id,
         trigger, problem_ids, business_keys, answered_ids, leased_at, expires_at, closed_at)
       select lease_id, '${SYS_CODE}', '${FIX}', 1, 1, 5, 'history', 'history', 'tick', array_agg(problem_id),
         array_agg(business_key), array_agg(problem_id), min(dispatched_at), max(finished_at), max(finished_at)
       from piculus.executions group by lease_id`,
    );
    await db.query(
      `insert into piculus.reports (command_id, epoch, sequence, client_id, received_at, inserted, seen_again, reopened)
       select 0, 1, n, 'history', now() - interval '1 day', ${BATCH}, 0, 0
       from generate_series(1, ${Math.ceil(problems / BATCH)}) as n`,
    );
    await db.query(
      `insert into piculus.problem_counts (sys_code, fix_code, scenario, state, out_of_pocket, currency, problems, amount_minor)
       select sys_code, fix_code, scenario, state, out_of_pocket, currency, count(*), sum(amount_minor)
       from piculus.problems group by 1, 2, 3, 4, 5, 6`,
    );
    await db.query(
      `insert into piculus.problem_blocks (block, sys_code, fix_code, scenario, state, problems, first_seen_from, first_seen_to)
       select id / 256, sys_code, fix_code, scenario, state, count(*), min(first_seen_at), max(first_seen_at)
       from piculus.problems group by 1, 2, 3, 4, 5`,
    );
    await db.query(
      'update piculus.systems set confirmed_execution_id = (select max(id) from piculus.executions)',
    );
    await db.query('vacuum (analyze)');
    const { rows } = await db.query<EndOfHistory>(
      `select (select max(id) from piculus.problems) as "problemId", (select max(id) from piculus.executions) as "executionId",
         (select max(id) from piculus.reports) as "reportId"`,
    );
    const [end] = rows;
    if (end === undefined) throw new Error('no history was written');
    return end;
  });
}

/** Takes away what came after it, so that each round begins with the same history. */
export async function backToHistory(databaseUrl: string, end: EndOfHistory): Promise<void> {
  await withClient(databaseUrl, async (db) => {
    await db.query('delete from piculus.problems where id > $1', [end.problemId]);
    await db.query('delete from piculus.executions where id > $1', [end.executionId]);
    await db.query('delete from piculus.reports where id > $1', [end.reportId]);
    await db.query(`delete from piculus.leases where client_id <> 'history'`);
    await db.query(`delete from piculus.problem_counts where state <> 'fixed'`);
    await db.query(`delete from piculus.problem_blocks where block > $1::bigint / 256 or state <> 'fixed'`, [
      end.problemId,
    ]);
    await db.query('delete from piculus.pending_amounts');
    // What has changed since the last statistics is none again, or the upkeep of one round would fall into another.
    await db.query('vacuum (analyze)');
  });
}

/**
 * Until the chain of blocks covers all that is stored, which the server does by and by: otherwise a long history would be
 * paid for by the first work after it.
 */
export async function untilInChain(databaseUrl: string): Promise<void> {
  await untilTrue(
    databaseUrl,
    `select coalesce(max(up_to_id), 0) >= (select coalesce(max(id), 0) from piculus.executions) as done
     from piculus.audit_block_rows where source = 'executions'`,
  );
}

/** Lets the solution come by all that ended long ago, as it would have by now. */
export async function untilPassed(databaseUrl: string, { problemId }: EndOfHistory): Promise<void> {
  await untilTrue(
    databaseUrl,
    'select coalesce(max(tick_floor), 0) > $1::bigint as done from piculus.solutions',
    problemId,
  );
}

/** Asks until the answer is yes. */
async function untilTrue(databaseUrl: string, question: string, ...values: string[]): Promise<void> {
  await withClient(databaseUrl, async (db) => {
    for (;;) {
      const { rows } = await db.query<{ done: boolean }>(question, values);
      if (rows[0]?.done === true) return;
      await sleep(POLL_MS);
    }
  });
}
