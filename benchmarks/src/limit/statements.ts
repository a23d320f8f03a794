/**
 * What Piculus has to write for a batch, each as one statement that commits by itself: the problems of a report with its
 * own row and the counts; a lease; the results with the problems they move, the end of the lease, and the counts. Parameters
 * are one JSON text, as the server's are.
 */
import { FIX, SYS_CODE } from '../work/tasks.ts';

const OF_SOLUTION = `sys_code = '${SYS_CODE}' and fix_code = '${FIX}'`;
const COUNT_KEY = `(sys_code, fix_code, scenario, state, out_of_pocket, currency)`;

/** $1: problems; $2: number of the report. */
export const REPORT = `
  with made as (
    insert into piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
      out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, last_command_id,
      first_seen_at, last_seen_at, book)
    select '${SYS_CODE}', '${FIX}', "businessKey", scenario, handling, "amountMinor", currency, "outOfPocket",
      "occurredAt", facts, contradictions, 'pending', now(), now(), 1, now(), now(), 2
    from jsonb_to_recordset($1::text::jsonb) as given("businessKey" text, scenario text, handling text,
      "amountMinor" numeric(20), currency char(3), "outOfPocket" text, "occurredAt" timestamptz, facts jsonb,
      contradictions text[])
    returning scenario, out_of_pocket, currency, amount_minor),
  counted as (
    insert into piculus.problem_counts as c ${COUNT_KEY.replace(')', ', problems, amount_minor)')}
    select '${SYS_CODE}', '${FIX}', scenario, 'pending', out_of_pocket, currency, count(*), sum(amount_minor)
    from made group by scenario, out_of_pocket, currency
    on conflict ${COUNT_KEY} do update
      set problems = c.problems + excluded.problems, amount_minor = c.amount_minor + excluded.amount_minor)
  insert into piculus.reports (command_id, epoch, sequence, client_id, received_at, inserted, seen_again, reopened)
  select 1, 1, $2::integer, 'plain', now(), count(*), 0, 0 from made`;

/** $1: cursor, $2: how many, $3: id of the lease, $4: a hash for each of them. @returns what was leased. */
export const LEASE = `
  with waiting as (
    select id, business_key, attempts from piculus.problems
    where ${OF_SOLUTION} and id > $1::bigint and state = 'pending' and not reopened and handling = 'fix'
    order by id limit $2::integer),
  leased as (
    insert into piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id, node_id,
      trigger, problem_ids, business_keys, evidence_hashes, leased_at, expires_at)
    select $3, '${SYS_CODE}', '${FIX}', 1, 1, 5, 'plain', 'plain', 'tick', array_agg(id order by id),
      array_agg(business_key order by id), array_fill($4::text, array[count(*)::integer]), now(), now() + interval '1 minute'
    from waiting having count(*) > 0)
  select id, business_key as "businessKey", attempts from waiting order by id`;

/** $1: results; $2: id of the lease; $3: reason of those that went well. */
export const RESULTS = `
  with given as materialized (
    select * from jsonb_to_recordset($1::text::jsonb) as given(id bigint, key text, attempt integer, ok boolean,
      facts jsonb, reason text)),
  moved as (
    update piculus.problems p set state = case when given.ok then 'cleared' else 'pending' end,
      state_changed_at = case when given.ok then now() else p.state_changed_at end, ready_at = now(),
      not_yet_since = null, attempts = given.attempt, retries_used = p.retries_used + case when given.ok then 0 else 1 end,
      seen_since_closed = false, confirmed_at = null,
      last_outcome = case when given.ok then 'already-right' else 'failed' end, last_reason = given.reason, book = 5 - p.book
    from given where p.id = given.id and p.state = 'pending'
    returning given.ok, p.scenario, p.out_of_pocket, p.currency, p.amount_minor),
  told as (
    insert into piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger, solution_version,
      lease_id, client_id, command_key, outcome, state_before, state_after, reason, effects, moved_minor, replayed,
      verified, facts, dispatched_at, started_at, finished_at)
    select id, '${SYS_CODE}', '${FIX}', key, attempt, 'tick', 1, $2, 'plain',
      'cmd/${SYS_CODE}/${FIX}/' || key || '/0', case when ok then 'already-right' else 'failed' end, 'pending',
      case when ok then 'cleared' else 'pending' end, reason, '[]', 0, false, false, facts, now(), now(), now()
    from given),
  closed as (
    update piculus.leases set answered_ids = (select array_agg(id order by id) from given), closed_at = now()
    where id = $2),
  change as (
    select scenario, state, out_of_pocket, currency, sum(problems) as problems, sum(amount) as amount
    from moved cross join lateral (values ('pending', -1, -amount_minor), ('cleared', 1, amount_minor)) as by(state, problems, amount)
    where ok group by 1, 2, 3, 4)
  insert into piculus.problem_counts as c ${COUNT_KEY.replace(')', ', problems, amount_minor)')}
  select '${SYS_CODE}', '${FIX}', scenario, state, out_of_pocket, currency, problems, amount from change order by state
  on conflict ${COUNT_KEY} do update
    set problems = c.problems + excluded.problems, amount_minor = c.amount_minor + excluded.amount_minor`;
