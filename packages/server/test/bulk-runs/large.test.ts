/** A bulk run of many problems: its progress is asked for all the time, so it must not look at its items. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBulkRuns } from '../../src/bulk-runs/index.ts';
import { answers, FIX, openWorld, START, SYSTEM, type World } from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const PROBLEMS = 50_000;

describe('a bulk run of 50,000 problems', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
    await world.solution({ executionMode: 'manual' });
    await sql`
      INSERT INTO piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
        out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, first_seen_at, last_seen_at,
        book)
      SELECT ${SYSTEM}, ${FIX}, 'R' || n, 'C1', 'fix', 100, 'CNY', 'customer', ${START}::timestamptz, '{}', '{}',
        'pending', ${START}::timestamptz, ${START}::timestamptz, ${START}::timestamptz, ${START}::timestamptz, 2
      FROM generate_series(1, ${PROBLEMS}) AS n`.execute(world.context.db);
    // The counts and the books, as batches of reports would have kept them.
    await sql`
      INSERT INTO piculus.problem_counts
      SELECT sys_code, fix_code, scenario, state, out_of_pocket, currency, count(*), sum(amount_minor)
      FROM piculus.problems GROUP BY 1, 2, 3, 4, 5, 6`.execute(world.context.db);
    await sql`
      INSERT INTO piculus.problem_blocks
      SELECT id / 256, sys_code, fix_code, scenario, state, count(*), min(first_seen_at), max(first_seen_at)
      FROM piculus.problems GROUP BY 1, 2, 3, 4, 5`.execute(world.context.db);
    await sql`
      INSERT INTO piculus.pending_amounts
      SELECT sys_code, fix_code, scenario, currency, piculus.amount_step(amount_minor), count(*)
      FROM piculus.problems GROUP BY 1, 2, 3, 4, 5`.execute(world.context.db);
    await sql`ANALYZE piculus.problems, piculus.problem_blocks`.execute(world.context.db);
  });
  afterAll(() => world.close());

  it('answers its progress and its rare items without reading the others, and is cancelled as a whole', async () => {
    const bulkRuns = createBulkRuns(world.context);
    await world.problems.close('77', person('operator'), 'x');
    const run = { filter: { sysCode: [SYSTEM] }, expectedCount: PROBLEMS, reason: 'all of them' };
    expect(await world.problems.runMatching(run, person('operator'))).toEqual({
      bulkRunId: '1',
      accepted: PROBLEMS - 1,
      skipped: 1,
    });
    const session = world.session();
    const command = await world.executions.claim(session, 500);
    if (command === null) throw new Error('nothing to claim');
    await world.executions.record(session, answers(world, command, 'fixed'));
    expect(await bulkRuns.get('1', ANYONE)).toMatchObject({
      problems: PROBLEMS,
      amounts: [{ currency: 'CNY', amountMinor: String(PROBLEMS * 100) }],
      results: { waiting: PROBLEMS - 501, fixed: 500, 'not-eligible': 1 },
      finishedAt: null,
    });
    expect((await bulkRuns.items('1', { limit: 50, result: ['not-eligible'] }, ANYONE)).items).toHaveLength(
      1,
    );
    const sumUp = sql`SELECT sum(amount_minor) FROM piculus.bulk_run_items`;
    expect(await itemsRead(() => sumUp.execute(world.context.db))).toBeGreaterThanOrEqual(PROBLEMS);
    // Counted in rows that were read and not in time, which a busy machine would make a lottery.
    expect(await itemsRead(() => bulkRuns.get('1', ANYONE))).toBe(0);
    expect(
      await itemsRead(() => bulkRuns.items('1', { limit: 50, result: ['not-eligible'] }, ANYONE)),
    ).toBeLessThan(10);
    expect(await itemsRead(() => bulkRuns.items('1', { limit: 50 }, ANYONE))).toBeLessThan(100);
    expect(await bulkRuns.cancel('1', person('operator'), 'enough')).toMatchObject({
      results: { dropped: PROBLEMS - 501, fixed: 500, 'not-eligible': 1 },
      finishedAt: world.clock.now().toISOString(),
    });
    const left = await sql`SELECT FROM piculus.run_requests`.execute(world.context.db);
    expect(left.rows).toHaveLength(0);
  });

  /** Rows of the items that the work reads, by the statistics of PostgreSQL, in one transaction of its own. */
  async function itemsRead(work: () => Promise<unknown>): Promise<number> {
    const before = await read();
    await work();
    return (await read()) - before;
  }
  async function read(): Promise<number> {
    // Each connection tells what it did at the end of a transaction at the earliest; asking all of them makes them.
    const { pool, db } = world.database;
    const clients = await Promise.all(Array.from({ length: 12 }, () => pool.connect()));
    await Promise.all(clients.map((client) => client.query('SELECT pg_stat_force_next_flush()')));
    for (const client of clients) client.release();
    const found = await sql<{ rows: string }>`
      SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS rows FROM pg_stat_user_tables
      WHERE relid = 'piculus.bulk_run_items'::regclass`.execute(db);
    return Number(found.rows[0]?.rows ?? 0);
  }
});
