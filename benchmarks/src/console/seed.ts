/**
 * Problems of the last ninety days, stored with a few set-based statements as months of work would have left them: most
 * of them cleared or fixed, the pending ones among the youngest, a few that somebody closed spread over all.
 */
import type pg from 'pg';

export const SYSTEMS = ['ALPHA', 'BETA', 'GAMMA', 'DELTA'] as const;
/** Two solutions of each system, of eight, are manual. */
export const FIXES = Array.from({ length: 8 }, (_, n) => `benchFix${n}`);
export const MANUAL_FIXES: readonly string[] = FIXES.slice(0, 2);
/** So many problems were closed, whatever the number of all. */
export const CLOSED = 60;
/** One system has so few problems that its page is not full. */
export const RARE_SYSTEM = { sysCode: 'OMEGA', problems: 40 } as const;

const SCENARIOS = `array['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7a', 'C7b', 'C8', 'C9']`;

/** As one report after another of 200 problems of one system and fix would have stored them. */
const PROBLEMS = `
  insert into piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
    out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, attempts, reopened,
    last_outcome, last_reason, first_seen_at, last_seen_at, book)
  select case when i % ($1::bigint / $2::int) = 7 and i / ($1::bigint / $2::int) < $2::int then $3::text else ($4::text[])[1 + batch % 4] end,
    ($5::text[])[1 + batch / 4 % 8], 'B' || lpad(i::text, 10, '0'), (${SCENARIOS})[1 + batch % 10], 'fix',
    100 + i * 7919 % 1000000, case when batch % 11 = 0 then 'USD' else 'CNY' end,
    (array['customer', 'company', 'nobody'])[1 + batch % 3], at - interval '2 hours',
    jsonb_build_object('order', side, 'ledger', side, 'bank', side), array['order.status', 'ledger.state'],
    state, at + interval '10 minutes', at + interval '10 minutes', case when state = 'pending' then 0 else 1 end, false,
    case state when 'fixed' then 'fixed' when 'cleared' then 'not-this-problem' when 'exhausted' then 'failed' end,
    case when state <> 'pending' then 'as it was planned' end, at, at, 2
  from generate_series(0, $1::bigint - 1) as i,
    lateral (select (i / 200)::int as batch, now() - interval '90 days' * (1 - i::float8 / $1::bigint) as at) as t,
    lateral (select jsonb_build_object('state', 'SUCCESS', 'source', 'books', 'observedAt', at, 'fields',
      jsonb_build_object('orderNo', 'B' || i, 'amountMinor', '70000', 'currency', 'CNY', 'channel', 'inter')) as side) as f,
    lateral (select case when i % ($1::bigint / ${CLOSED}) = 3 and i / ($1::bigint / ${CLOSED}) < ${CLOSED} then 'closed'
      when i > $1::bigint * 0.98 or i % 1000 = 1 then 'pending'
      when i % 500 = 2 then 'exhausted' when i % 700 = 4 then 'needs-human'
      when batch % 3 = 0 then 'cleared' else 'fixed' end as state) as s
  order by i`;

const slotOf = (column: string): string =>
  `date_bin('5 minutes', ${column}, timestamptz '1970-01-01 00:00:00Z')`;

/** The books that every batch keeps, made from what is stored. */
const BOOKS = [
  `insert into piculus.problem_counts (sys_code, fix_code, scenario, state, out_of_pocket, currency, problems, amount_minor)
   select sys_code, fix_code, scenario, state, out_of_pocket, currency, count(*), sum(amount_minor)
   from piculus.problems group by 1, 2, 3, 4, 5, 6`,
  `insert into piculus.problem_ages (slot, sys_code, currency, problems, amount_minor)
   select ${slotOf('first_seen_at')}, sys_code, currency, count(*), sum(amount_minor)
   from piculus.problems where state in ('pending', 'exhausted', 'needs-human') group by 1, 2, 3`,
  `insert into piculus.attention (problem_id, sys_code, fix_code, state)
   select id, sys_code, fix_code, state from piculus.problems where state in ('exhausted', 'needs-human') order by id`,
  `insert into piculus.problem_blocks (block, sys_code, fix_code, scenario, state, problems, first_seen_from, first_seen_to)
   select id / 256, sys_code, fix_code, scenario, state, count(*), min(first_seen_at), max(first_seen_at)
   from piculus.problems group by 1, 2, 3, 4, 5`,
  `insert into piculus.pending_amounts (sys_code, fix_code, scenario, currency, amount_step, problems)
   select sys_code, fix_code, scenario, currency, piculus.amount_step(abs(amount_minor)), count(*)
   from piculus.problems where state = 'pending' group by 1, 2, 3, 4, 5`,
  `insert into piculus.execution_counts (slot, sys_code, fix_code, outcome, executions, to_person, retries_used)
   select ${slotOf('state_changed_at')}, sys_code, fix_code, last_outcome, count(*), 0, 0
   from piculus.problems where last_outcome is not null and state_changed_at < now() group by 1, 2, 3, 4`,
];

/** A day of messages that had to do with them, one for each ten problems. */
const MESSAGES = `
  insert into piculus.messages (at, message_id, direction, type, sys_code, client_id, state, size_bytes, latency_ms)
  select at, 'bench-' || i, case i % 2 when 0 then 'in' else 'out' end, case i % 2 when 0 then 'problems' else 'ack' end,
    ($2::text[])[1 + i % 4], 'client-' || i % 4, case when i % 997 = 0 then 'lost' else 'acknowledged' end,
    200 + i * 31 % 5000, case when i % 3 > 0 then 1 + i * 7 % 250 / 3.0 end
  from generate_series(0, $1::int - 1) as i, lateral (select now() - interval '24 hours' * (1 - i::float8 / $1::int) as at) as t
  order by i`;

/** @param db a superuser's connection to a server's database that holds no problems yet. */
export async function seedProblems(
  db: pg.Client,
  problems: number,
  say: (what: string) => void,
): Promise<void> {
  say('problems');
  await db.query(PROBLEMS, [problems, RARE_SYSTEM.problems, RARE_SYSTEM.sysCode, [...SYSTEMS], FIXES]);
  say('books');
  for (const book of BOOKS) await db.query(book);
  say('messages');
  await db.query(MESSAGES, [Math.ceil(problems / 10), [...SYSTEMS]]);
  say('statistics');
  // As autovacuum does in a system that is not a minute old.
  await db.query('vacuum (analyze)');
  await db.query('checkpoint');
}
