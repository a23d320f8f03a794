/** The same rows once more, made by PostgreSQL itself: what no program outside of it can reach. */
import type pg from 'pg';
import { FIX, problemOf, SYS_CODE } from '../work/tasks.ts';

const BATCH = 1_000;

const FACTS = (): string => JSON.stringify(problemOf('', '2026-01-01T00:00:00.000Z').facts);

/** @returns ms. */
export async function ingestInside(db: pg.Client, tasks: number): Promise<number> {
  return timed(
    db,
    `do $body$ declare batch integer; begin
      for batch in 0 .. ${Math.ceil(tasks / BATCH) - 1} loop
        insert into piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
          out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, last_command_id,
          first_seen_at, last_seen_at, book)
        select '${SYS_CODE}', '${FIX}', 'P:' || n, 'C1', 'fix', 1250, 'CNY', 'customer', now(), '${FACTS()}',
          array['order.status', 'ledger.state'], 'pending', now(), now(), 1, now(), now(), 2
        from generate_series(batch * ${BATCH}, least((batch + 1) * ${BATCH}, ${tasks}) - 1) as n;
        insert into piculus.reports (command_id, epoch, sequence, client_id, received_at, inserted, seen_again, reopened)
        values (1, 1, batch + 1, 'inside', now(), ${BATCH}, 0, 0);
        commit;
      end loop;
    end $body$`,
  );
}

/** Each tenth fails in the first pass. @returns ms. */
export async function drainInside(db: pg.Client): Promise<number> {
  return timed(
    db,
    `do $body$ declare
      passed bigint; last bigint; ids bigint[]; moved bigint; lease text;
    begin
      loop
        passed := 0; last := 0;
        loop
          select array_agg(id order by id), max(id) into ids, moved from (
            select id from piculus.problems where sys_code = '${SYS_CODE}' and fix_code = '${FIX}' and id > last
              and state = 'pending' order by id limit ${BATCH}) as next;
          exit when ids is null;
          last := moved; passed := passed + 1; lease := gen_random_uuid()::text;
          insert into piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id,
            node_id, trigger, problem_ids, business_keys, leased_at, expires_at)
          values (lease, '${SYS_CODE}', '${FIX}', 1, 1, 5, 'inside', 'inside', 'tick', ids, '{}', now(), now());
          commit;
          with given as materialized (
            select p.id, p.business_key, p.attempts + 1 as attempt,
              p.attempts > 0 or substr(p.business_key, 3)::integer % 10 <> 0 as ok
            from piculus.problems p where p.id = any(ids)),
          told as (
            insert into piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger,
              solution_version, lease_id, client_id, command_key, outcome, state_before, state_after, reason, effects,
              moved_minor, replayed, verified, facts, dispatched_at, started_at, finished_at)
            select id, '${SYS_CODE}', '${FIX}', business_key, attempt, 'tick', 1, lease, 'inside', 'cmd/' || business_key,
              case when ok then 'already-right' else 'failed' end, 'pending',
              case when ok then 'cleared' else 'pending' end, 'nothing to do', '[]', 0, false, false,
              case when ok then '${FACTS()}'::jsonb end, now(), now(), now() from given)
          update piculus.problems p set state = case when given.ok then 'cleared' else 'pending' end,
            state_changed_at = now(), ready_at = now(), attempts = given.attempt,
            retries_used = p.retries_used + case when given.ok then 0 else 1 end,
            last_outcome = case when given.ok then 'already-right' else 'failed' end, last_reason = 'nothing to do',
            book = 5 - p.book
          from given where p.id = given.id;
          update piculus.leases set answered_ids = ids, closed_at = now() where id = lease;
          commit;
        end loop;
        exit when passed = 0;
      end loop;
    end $body$`,
  );
}

async function timed(db: pg.Client, statement: string): Promise<number> {
  const started = performance.now();
  await db.query(statement);
  return performance.now() - started;
}
