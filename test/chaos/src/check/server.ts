/** What the server keeps: whether it agrees with itself, with the truth, and has come to an end with everything. */
import { readSides } from './money.ts';
import type { Check, Found, Sources } from './sources.ts';

interface Line {
  readonly line: string;
}

/** @param statement gives one row with a `line` for each thing that is wrong. */
async function lines({ piculus }: Sources, of: string, statement: string): Promise<Found> {
  const { rows } = await piculus.query<Line>(statement);
  const all = await piculus.query<{ count: number }>(`select count(*)::int as count from ${of}`);
  return { looked: all.rows[0]?.count ?? 0, wrong: rows.map(({ line }) => line) };
}

const oneLease: Check = {
  name: 'no record is under two open leases',
  when: 'safety',
  run: (sources) =>
    lines(
      sources,
      'piculus.leases',
      `select sys_code || ' ' || key || ': ' || count(*) || ' leases' as line
       from piculus.leases l, unnest(l.problem_ids, l.business_keys) as item(problem_id, key)
       where l.closed_at is null and not item.problem_id = any(l.answered_ids)
       group by sys_code, key having count(*) > 1`,
    ),
};

const attempts: Check = {
  name: 'attempts and retries are counted as executed',
  when: 'end',
  run: (sources) =>
    lines(
      sources,
      'piculus.executions',
      `select p.business_key || ' (' || p.fix_code || '): ' || p.attempts || ' attempts, ' || count(e.id)
         || ' executions numbered to ' || coalesce(max(e.attempt), 0) || '; ' || p.retries_used || ' retries' as line
       from piculus.problems p left join piculus.executions e on e.problem_id = p.id
       group by p.id
       having p.attempts <> count(e.id) or p.attempts <> coalesce(max(e.attempt), 0)
         or count(distinct e.attempt) <> count(e.id)
         or (p.state not in ('fixed', 'cleared')
             and p.retries_used <> count(*) filter (where e.outcome in ('failed', 'unknown')))`,
    ),
};

const counts: Check = {
  name: 'counts that are kept are the counts',
  when: 'end',
  run: (sources) =>
    lines(
      sources,
      'piculus.problem_counts',
      `with counted as (
         select sys_code, fix_code, scenario, state, out_of_pocket, currency, count(*) as problems,
           sum(amount_minor) as amount
         from piculus.problems group by 1, 2, 3, 4, 5, 6)
       select coalesce(k.fix_code, c.fix_code) || ' ' || coalesce(k.state, c.state) || ': kept '
         || coalesce(k.problems, 0) || ', counted ' || coalesce(c.problems, 0) as line
       from piculus.problem_counts k full join counted c using (sys_code, fix_code, scenario, state, out_of_pocket, currency)
       where coalesce(k.problems, 0) <> coalesce(c.problems, 0) or coalesce(k.amount_minor, 0) <> coalesce(c.amount, 0)`,
    ),
};

const ended: Check = {
  name: 'everything has ended',
  when: 'end',
  run: (sources) =>
    lines(
      sources,
      'piculus.problems',
      `select p.sys_code || ' ' || p.business_key || ' (' || p.scenario || ', ' || p.fix_code || ') is ' || p.state
         || ' after ' || p.attempts || ': ' || coalesce(p.last_outcome, 'never tried') || ', '
         || coalesce(left(p.last_reason, 200), '-') as line
       from piculus.problems p where p.state not in ('fixed', 'cleared')
       union all select 'lease ' || id || ' of ' || client_id || ' is open' from piculus.leases where closed_at is null
       union all select 'the click on problem ' || problem_id || ' waits' from piculus.run_requests
       union all select 'collect ' || id || ' of ' || sys_code || ' is ' || state from piculus.collect_commands
         where finished_at is null
       union all select 'collection ' || id || ' is not finished' from piculus.collections where finished_at is null
       union all select 'bulk run ' || id || ' is not finished' from piculus.bulk_runs where finished_at is null`,
    ),
};

const fixedIsRight: Check = {
  name: 'what is reported fixed is right on all three sides',
  when: 'end',
  run: async (sources) => {
    const { rows } = await sources.piculus.query<{ sys_code: string; business_key: string }>(
      `select sys_code, business_key from piculus.problems where state = 'fixed'`,
    );
    const wrong: string[] = [];
    for (const system of sources.systems) {
      const sides = new Map((await readSides(system)).map((side) => [side.orderNo, side.off]));
      for (const { sys_code, business_key } of rows) {
        if (sys_code !== system.sysCode) continue;
        const off = sides.get(business_key);
        if (off === undefined) wrong.push(`${sys_code}: ${business_key} is no order`);
        else if (off !== null) wrong.push(`${sys_code}: ${business_key} is told to be fixed: ${off}`);
      }
    }
    return { looked: rows.length, wrong };
  },
};

const reported: Check = {
  name: 'every broken order was reported',
  when: 'end',
  run: async (sources) => {
    const { rows } = await sources.piculus.query<{ sys_code: string; business_key: string }>(
      'select distinct sys_code, business_key from piculus.problems',
    );
    const known = new Set(rows.map((row) => `${row.sys_code} ${row.business_key}`));
    const all = sources.systems.flatMap(({ sysCode, endings }) =>
      [...endings.keys()].map((orderNo) => `${sysCode} ${orderNo}`),
    );
    return {
      looked: all.length,
      wrong: all.filter((name) => !known.has(name)).map((name) => `${name} never was`),
    };
  },
};

export const SERVER_CHECKS = [oneLease, attempts, counts, ended, fixedIsRight, reported];
