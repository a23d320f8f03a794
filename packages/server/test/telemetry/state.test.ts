import { CompiledQuery, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type OpenTestDatabase, TEST_ENGINES } from '../../../../test/support/database.ts';
import { createLabelLimit, OTHER } from '../../src/telemetry/labels.ts';
import { createRegistry } from '../../src/telemetry/registry.ts';
import { readStateFigures } from '../../src/store/telemetry.ts';
import { readWaiting } from '../../src/store/stats.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const FRESH = new Date('2026-11-22T11:59:00Z');

describe.each(TEST_ENGINES)('figures of the database on %s', (engine) => {
  let test: OpenTestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase(engine);
    await test.pool.query(`INSERT INTO piculus.systems (sys_code, name, created_at) VALUES
      ('PBAP', 'Payments', now()), ('IDLE', 'Idle', now())`);
    await test.pool.query(`INSERT INTO piculus.problem_counts
      SELECT 'PBAP', 'fixServiceImpl', s, state, 'nobody', 'CNY', n, 0
      FROM (VALUES ('C1', 'pending', 3), ('C2', 'pending', 4), ('C2', 'fixed', 5)) AS given(s, state, n)`);
    await test.pool.query(`INSERT INTO piculus.run_requests
      (problem_id, sys_code, fix_code, trigger, requested_by, requested_at)
      VALUES (1, 'PBAP', 'fixServiceImpl', 'click', 'operator', '2026-11-22T11:50:00Z')`);
    await test.pool.query(`INSERT INTO piculus.leases (id, sys_code, fix_code, solution_id, solution_version,
      max_retries, client_id, node_id, trigger, problem_ids, business_keys, answered_ids, leased_at, expires_at)
      VALUES ('one', 'PBAP', 'fixServiceImpl', 1, 1, 3, 'c', 'n', 'click', '{1,2,3}', '{a,b,c}', '{2}',
        '2026-11-22T11:59:00Z', '2026-11-22T11:59:30Z')`);
  });
  afterAll(() => test.drop());

  it('are those that are there, with a 0 for a system that has none', async () => {
    const figures = await readStateFigures(test.db, { now: NOW, freshSince: FRESH });
    const all = new Map(figures.map(({ name, labels, value }) => [[name, ...labels].join(' '), value]));
    expect(Object.fromEntries(all)).toMatchObject({
      'piculus_problems PBAP pending': 7,
      'piculus_problems PBAP fixed': 5,
      'piculus_clicks_waiting PBAP': 1,
      'piculus_oldest_click_seconds PBAP': 600,
      'piculus_clicks_waiting IDLE': 0,
      'piculus_oldest_click_seconds IDLE': 0,
      'piculus_leases_open PBAP': 1,
      'piculus_problems_executing PBAP': 2,
      'piculus_oldest_lease_seconds PBAP': 60,
      'piculus_lease_overdue_seconds PBAP': 30,
      'piculus_lease_overdue_seconds IDLE': 0,
      'piculus_collect_commands PBAP waiting': 0,
      'piculus_collect_commands PBAP running': 0,
      'piculus_clients PBAP': 0,
      'piculus_halts_open switch': 0,
      piculus_approvals_open: 0,
      piculus_audit_checkpoint_age_seconds: 0,
    });
  });

  it('are read without looking at a problem', async () => {
    const asked: CompiledQuery[] = [];
    const spied = test.db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => result,
    });
    const executor = spied.getExecutor();
    const execute = executor.executeQuery.bind(executor);
    Object.defineProperty(executor, 'executeQuery', {
      value: (query: CompiledQuery, ...rest: []) => {
        asked.push(query);
        return execute(query, ...rest);
      },
    });
    Object.defineProperty(spied, 'getExecutor', { value: () => executor });
    await readStateFigures(spied, { now: NOW, freshSince: FRESH });
    await readWaiting(spied, 'all', NOW, { asking: false });
    expect(asked.length).toBe(2);
    for (const query of asked) {
      const explained = await test.db.executeQuery<{ 'QUERY PLAN': string }>(
        CompiledQuery.raw(`EXPLAIN ${query.sql}`, [...query.parameters]),
      );
      const plan = explained.rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).not.toMatch(/ on (piculus\.)?problems /);
      expect(plan).toMatch(/ on problem_counts/);
    }
    await sql`SELECT 1`.execute(test.db);
  });
});

it('labels take few values, whatever comes from outside', () => {
  const limit = createLabelLimit(2);
  expect(['a', 'b', 'c', 'a', 'd'].map((value) => limit('m', 'l', value))).toEqual([
    'a',
    'b',
    OTHER,
    'a',
    OTHER,
  ]);
  expect(limit('m', 'other-label', 'c')).toBe('c');
});

it('a source that fails leaves its gauges out, and two scrapes at once do not mix', async () => {
  const registry = createRegistry();
  let fails = false;
  registry.source(['piculus_halts_open', 'piculus_state_up'], async (set) => {
    set('piculus_halts_open', { kind: 'switch' }, 1);
    await Promise.resolve();
    if (fails) throw new Error('away');
    set('piculus_state_up', {}, 1);
  });
  const both = await Promise.all([registry.text(() => {}), registry.text(() => {})]);
  for (const text of both) expect(text).toMatch(/^piculus_halts_open\{kind="switch"\} 1$/m);
  fails = true;
  const errors: unknown[] = [];
  const text = await registry.text((error) => errors.push(error));
  expect(errors).toHaveLength(1);
  expect(text).not.toMatch(/^piculus_state_up /m);
});
