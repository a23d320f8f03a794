/** Bulk runs: what came of each problem, on both databases. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { BulkRunItem } from '@piculus/protocol/http';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createBulkRuns } from '../../src/bulk-runs/index.ts';
import { createSolutions } from '../../src/solutions/index.ts';
import { MINUTE_MS, tellStory } from '../executions/story.ts';
import { answers, FIX, order, orders, OTHER_FIX, SYSTEM } from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const PAGE = { limit: 100 };

describe.each(TEST_ENGINES)('bulk runs on %s', (engine) => {
  const story = tellStory(engine);
  const bulkRuns = () => createBulkRuns(story.world.context);
  const resultsOf = async (id: string) => (await bulkRuns().get(id, ANYONE)).results;
  const itemsOf = async (id: string): Promise<Record<string, BulkRunItem>> => {
    const { items } = await bulkRuns().items(id, PAGE, ANYONE);
    return Object.fromEntries(items.map((item) => [item.problemId, item]));
  };
  /** Whether the kept counts are what a recount of the items says. */
  const recounted = async (): Promise<void> => {
    const { db } = story.world.context;
    const kept = await sql`SELECT bulk_run_id, result, problems FROM piculus.bulk_run_results
      WHERE problems <> 0 ORDER BY 1, 2`.execute(db);
    const real =
      await sql`SELECT bulk_run_id, result, count(*)::integer AS problems FROM piculus.bulk_run_items
      GROUP BY 1, 2 ORDER BY 1, 2`.execute(db);
    expect(kept.rows).toEqual(real.rows);
  };
  const acts = async () => {
    const found = await sql<{ act: string; target: string; reason: string; detail: unknown }>`
      SELECT act, target, reason, detail FROM piculus.audit WHERE target LIKE 'bulk-run:%' ORDER BY id`.execute(
      story.world.context.db,
    );
    return found.rows;
  };

  it('keep who, when, why, which and how much, also of what was refused', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual' });
    await world.report([
      ...orders(world, 2),
      order(world, 'USD', { currency: 'USD', amountMinor: '5' }),
      order(world, 'NONE', { fixCode: OTHER_FIX }),
    ]);
    await world.problems.close('2', person('operator'), 'a test order');
    world.published.length = 0;
    const answer = await world.problems.runBulk(['1', '2', '3', '4', '99', '1'], person('operator'), 'go');
    expect(answer).toMatchObject({
      bulkRunId: '1',
      accepted: 2,
      refused: [
        { id: '2', code: 'wrong-state' },
        { id: '4', code: 'no-solution' },
        { id: '99', code: 'not-found' },
      ],
    });
    expect(await bulkRuns().get('1', ANYONE)).toEqual({
      id: '1',
      requestedBy: 'operator',
      requestedAt: world.clock.now().toISOString(),
      reason: 'go',
      scope: 'ids',
      filter: null,
      problems: 4,
      amounts: [
        { currency: 'CNY', amountMinor: '210000' },
        { currency: 'USD', amountMinor: '5' },
      ],
      results: { waiting: 2, 'not-eligible': 2 },
      finishedAt: null,
    });
    expect(await itemsOf('1')).toMatchObject({
      1: { result: 'waiting', reason: null, businessKey: 'R0', sysCode: SYSTEM, amountMinor: '70000' },
      2: {
        result: 'not-eligible',
        reason: { en: 'its state does not allow that', zh: '当前状态不允许此操作' },
      },
      3: { result: 'waiting', currency: 'USD' },
      4: { result: 'not-eligible', reason: { en: 'no solution is configured for it' }, fixCode: OTHER_FIX },
    });
    expect(world.published).toContainEqual({ topic: 'bulk-runs', ids: ['1'] });
    expect(await acts()).toEqual([
      { act: 'bulk-run', target: 'bulk-run:1', reason: 'go', detail: { accepted: 2 } },
    ]);
    expect((await world.problems.get('1', ANYONE)).history.at(-1)).toMatchObject({
      act: 'run',
      detail: { trigger: 'bulk', bulkRunId: '1' },
    });
    await recounted();
  });

  it('are made and finished at once where everything was refused; a single click makes none', async () => {
    const { world } = story;
    await world.report(orders(world, 1));
    expect(await world.problems.runBulk(['1', '9'], person('operator'), undefined)).toMatchObject({
      accepted: 0,
    });
    expect(await bulkRuns().get('1', ANYONE)).toMatchObject({
      problems: 1,
      results: { 'not-eligible': 1 },
      reason: null,
      finishedAt: world.clock.now().toISOString(),
    });
    expect(await world.problems.runBulk(['9'], person('operator'), undefined)).toMatchObject({
      bulkRunId: '2',
    });
    expect(await bulkRuns().get('2', ANYONE)).toMatchObject({ problems: 0, amounts: [], results: {} });
    await world.solution({ executionMode: 'manual' });
    await world.problems.run(['1'], person('operator'), undefined);
    expect((await bulkRuns().list(PAGE, ANYONE)).items.map(({ id }) => id)).toEqual(['2', '1']);
  });

  it('tell the outcome of each answer once, whatever is repeated, and finish with the last', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual', maxRetries: 5 });
    await world.report(orders(world, 4));
    const { bulkRunId } = await world.problems.runBulk(['1', '2', '3', '4'], person('operator'), undefined);
    const { session, command } = await story.claimed(world.session(), 2);
    expect(await resultsOf(bulkRunId)).toEqual({ waiting: 4 });
    const fixed = answers(world, command, 'fixed', { reason: 'credited' });
    world.published.length = 0;
    await world.executions.record(session, { ...fixed, results: fixed.results.slice(0, 1) });
    expect(world.published.filter(({ topic }) => topic === 'bulk-runs')).toEqual([
      { topic: 'bulk-runs', ids: [bulkRunId] },
    ]);
    world.published.length = 0;
    await world.executions.record(session, { ...fixed, results: fixed.results.slice(0, 1) });
    expect(world.published).toEqual([]);
    await world.executions.record(session, fixed);
    await world.executions.record(session, fixed);
    expect(await bulkRuns().get(bulkRunId, ANYONE)).toMatchObject({
      results: { waiting: 2, fixed: 2 },
      finishedAt: null,
    });
    const rest = await story.claimed(session);
    await world.executions.record(session, answers(world, rest.command, 'failed', { reason: 'bank away' }));
    expect(await bulkRuns().get(bulkRunId, ANYONE)).toMatchObject({
      results: { fixed: 2, failed: 2 },
      finishedAt: world.clock.now().toISOString(),
    });
    expect(await itemsOf(bulkRunId)).toMatchObject({
      1: { result: 'fixed', reason: { en: 'credited', zh: 'credited' } },
      4: { result: 'failed', reason: { en: 'bank away' } },
    });
    await recounted();
    // What is tried again later belongs to the problem, no longer to this run.
    await world.problems.run(['4'], person('operator'), undefined);
    const again = await story.claimed(session);
    await world.executions.record(session, answers(world, again.command, 'fixed'));
    expect(await resultsOf(bulkRunId)).toEqual({ fixed: 2, failed: 2 });
    await recounted();
  });

  it('finish once where the last answers come at the same moment', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual' });
    await world.report(orders(world, 12));
    const ids = Array.from({ length: 12 }, (_, index) => String(index + 1));
    await world.problems.runBulk(ids.slice(0, 6), person('operator'), undefined);
    await world.problems.runBulk(ids.slice(6), person('operator'), undefined);
    const claims = [];
    for (let taken = 0; taken < 6; taken += 1) claims.push(await story.claimed(world.session(), 2));
    await Promise.all(
      claims.map(({ session, command }, index) =>
        world.executions.record(session, answers(world, command, index % 2 === 0 ? 'fixed' : 'failed')),
      ),
    );
    const finishedAt = world.clock.now().toISOString();
    expect(await bulkRuns().get('1', ANYONE)).toMatchObject({ results: { fixed: 4, failed: 2 }, finishedAt });
    expect(await bulkRuns().get('2', ANYONE)).toMatchObject({ results: { fixed: 2, failed: 4 }, finishedAt });
    await recounted();
  });

  it('count what nobody answered as unknown once no retry is left, or they were cancelled', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual', maxRetries: 1 });
    await world.report(orders(world, 3));
    const { bulkRunId } = await world.problems.runBulk(['1', '2', '3'], person('operator'), undefined);
    const expectedThen = [{ waiting: 3 }, { waiting: 2, unknown: 1 }, { dropped: 1, unknown: 2 }];
    for (const results of expectedThen) {
      await story.claimed(world.session(), 1);
      if (results.dropped) await bulkRuns().cancel(bulkRunId, person('operator'), 'not now');
      world.clock.pass(MINUTE_MS);
      world.published.length = 0;
      await world.executions.rescueExpired();
      expect((await bulkRuns().get(bulkRunId, ANYONE)).results).toEqual(results);
    }
    expect(world.published).toContainEqual({ topic: 'bulk-runs', ids: [bulkRunId] });
    expect(await world.executions.claim(world.session(), 9)).toBeNull();
    await recounted();
  });

  it('refuse what waits in another run already, for an answer belongs to one run', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual' });
    await world.report(orders(world, 3));
    await world.problems.runBulk(['1', '2'], person('operator'), undefined);
    expect(await world.problems.runBulk(['2', '3'], person('manager'), undefined)).toMatchObject({
      bulkRunId: '2',
      accepted: 1,
      refused: [{ id: '2', code: 'already-requested' }],
    });
    const filter = { sysCode: [SYSTEM] };
    expect(
      await world.problems.runMatching({ filter, expectedCount: 3, reason: 'all' }, person('manager')),
    ).toEqual({
      bulkRunId: '3',
      accepted: 0,
      skipped: 3,
    });
    const { session, command } = await story.claimed();
    await world.executions.record(session, answers(world, command, 'fixed'));
    expect(await resultsOf('1')).toEqual({ fixed: 2 });
    expect(await resultsOf('2')).toEqual({ 'not-eligible': 1, fixed: 1 });
    expect(await bulkRuns().get('3', ANYONE)).toMatchObject({
      scope: 'filter',
      filter,
      results: { 'not-eligible': 3 },
      requestedBy: 'manager',
    });
    expect((await itemsOf('3'))['1']?.reason).toEqual({
      en: 'a run of it waits for a client already',
      zh: '已有一次执行在等待客户端',
    });
    await recounted();
  });

  it('by filter refuse each problem for the same reason as a run by ids', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual' });
    await world.solution({ executionMode: 'manual', fixCode: OTHER_FIX, status: 'disabled' });
    await world.report([
      ...orders(world, 5),
      order(world, 'DISABLED', { fixCode: OTHER_FIX }),
      order(world, 'NONE', { fixCode: 'withdrawTimeoutFixServiceImpl' }),
      order(world, 'PERSON', { handling: 'person' }),
    ]);
    await world.problems.run(['1'], person('operator'), undefined);
    await story.claimed(world.session(), 1);
    await world.problems.run(['2'], person('operator'), undefined);
    await world.problems.close('3', person('operator'), 'x');
    const filter = { sysCode: [SYSTEM] };
    await world.problems.runMatching({ filter, expectedCount: 8, reason: 'all' }, person('operator'));
    const refusedByFilter = async () =>
      Object.values(await itemsOf('1'))
        .filter(({ result }) => result === 'not-eligible')
        .map(({ problemId, reason }) => [problemId, reason?.en]);
    const byFilter = await refusedByFilter();
    expect(byFilter.map(([id]) => id)).toEqual(['1', '2', '3', '6', '7']);
    await bulkRuns().cancel('1', person('operator'), 'the other way');
    const ids = ['1', '2', '3', '4', '5', '6', '7', '8'];
    const { refused } = await world.problems.runBulk(ids, person('operator'), 'all');
    expect(refused.map(({ id, reason }) => [id, reason])).toEqual(byFilter);
    await recounted();
  });

  it('tell what was dropped and why', async () => {
    const { world } = story;
    const solution = await world.solution({ executionMode: 'manual' });
    await world.solution({ executionMode: 'manual', fixCode: OTHER_FIX });
    await world.report([...orders(world, 3), order(world, 'OTHER', { fixCode: OTHER_FIX })]);
    await world.problems.runBulk(['1', '2', '3', '4'], person('operator'), undefined);
    await world.problems.close('1', person('operator'), 'paid by hand');
    const { session, command } = await story.claimed(world.session({ fixes: new Set([FIX]) }), 1);
    world.published.length = 0;
    await createSolutions(world.context).change(solution, { status: 'disabled' }, person('manager'));
    expect(world.published).toContainEqual({ topic: 'bulk-runs', ids: ['1'] });
    expect(await resultsOf('1')).toEqual({ dropped: 2, waiting: 2 });
    await world.executions.giveBack(command.leaseId);
    await expect(world.executions.record(session, answers(world, command, 'fixed'))).rejects.toMatchObject({
      code: 'unknown-command',
    });
    expect(await itemsOf('1')).toMatchObject({
      1: {
        result: 'dropped',
        reason: { en: 'the problem was closed: paid by hand', zh: '问题已被关闭：paid by hand' },
      },
      2: { result: 'dropped', reason: { en: 'its solution was disabled or deleted' } },
      3: { result: 'dropped', reason: { en: 'its solution was disabled' } },
      4: { result: 'waiting' },
    });
    await recounted();
  });

  it('are cancelled, and what a client works on goes on', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual' });
    await world.report(orders(world, 4));
    await world.problems.runBulk(['1', '2', '3'], person('operator'), undefined);
    await world.problems.run(['4'], person('operator'), undefined);
    const { session, command } = await story.claimed(world.session(), 1);
    world.published.length = 0;
    expect(await bulkRuns().cancel('1', person('manager'), 'the bank is down')).toMatchObject({
      results: { waiting: 1, dropped: 2 },
      finishedAt: null,
    });
    expect(world.published).toEqual([
      { topic: 'problems', ids: ['2', '3'] },
      { topic: 'bulk-runs', ids: ['1'] },
    ]);
    expect((await bulkRuns().cancel('1', person('manager'), 'again')).results).toEqual({
      waiting: 1,
      dropped: 2,
    });
    expect((await acts()).map(({ act, reason }) => [act, reason])).toEqual([
      ['bulk-run', null],
      ['cancel-bulk-run', 'the bank is down'],
    ]);
    expect((await world.problems.get('2', ANYONE)).history.at(-1)).toMatchObject({
      act: 'run-dropped',
      actor: 'manager',
      reason: 'the bank is down',
    });
    await world.executions.record(session, answers(world, command, 'fixed'));
    expect(await bulkRuns().get('1', ANYONE)).toMatchObject({
      results: { fixed: 1, dropped: 2 },
      finishedAt: world.clock.now().toISOString(),
    });
    await expect(bulkRuns().cancel('1', person('manager'), 'late')).rejects.toMatchObject({
      code: 'wrong-state',
    });
    await expect(bulkRuns().cancel('1', person('manager'), ' ')).rejects.toMatchObject({
      code: 'reason-required',
    });
    await expect(bulkRuns().cancel('7', person('manager'), 'x')).rejects.toMatchObject({ code: 'not-found' });
    expect((await story.claimed(session)).command.items.map(({ problemId }) => problemId)).toEqual(['4']);
    await recounted();
  });

  it('are found by person, and their items by result, page by page', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual' });
    await world.report(orders(world, 6));
    await world.problems.close('2', person('operator'), 'x');
    await world.problems.close('5', person('operator'), 'x');
    await world.problems.runBulk(['1', '2', '3'], person('operator'), undefined);
    await world.problems.runBulk(['4', '5', '6'], person('manager'), undefined);
    await world.problems.runBulk(['1', '2', '5', '6'], person('operator'), undefined);
    const first = await bulkRuns().list({ limit: 1, requestedBy: 'operator' }, ANYONE);
    expect(first.items.map(({ id }) => id)).toEqual(['3']);
    const second = await bulkRuns().list(
      { limit: 1, requestedBy: 'operator', after: first.next ?? '' },
      ANYONE,
    );
    expect([second.items.map(({ id }) => id), second.next]).toEqual([['1'], null]);
    const page = await bulkRuns().items(
      '3',
      {
        limit: 3,
        result: ['not-eligible', 'waiting', 'not-eligible'],
      },
      ANYONE,
    );
    expect(page.items.map(({ problemId }) => problemId)).toEqual(['6', '5', '2']);
    const rest = await bulkRuns().items('3', { limit: 3, after: page.next ?? '' }, ANYONE);
    expect([rest.items.map(({ problemId }) => problemId), rest.next]).toEqual([['1'], null]);
    expect((await bulkRuns().items('1', { ...PAGE, result: ['not-eligible'] }, ANYONE)).items).toHaveLength(
      1,
    );
    expect((await bulkRuns().items('1', { ...PAGE, result: ['fixed'] }, ANYONE)).items).toEqual([]);
    await expect(bulkRuns().items('9', PAGE, ANYONE)).rejects.toMatchObject({ code: 'not-found' });
    await expect(bulkRuns().get('9', ANYONE)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('are made whole or not at all', async () => {
    const { world } = story;
    const { db } = world.context;
    await world.solution({ executionMode: 'manual' });
    await world.report(orders(world, 2));
    const refusal = sql`CREATE FUNCTION piculus.refuse() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`;
    await refusal.execute(db);
    try {
      await sql`CREATE TRIGGER refuse BEFORE INSERT ON piculus.audit EXECUTE FUNCTION piculus.refuse()`.execute(
        db,
      );
      await expect(world.problems.runBulk(['1', '2'], person('operator'), undefined)).rejects.toThrow();
      const filter = { sysCode: [SYSTEM] };
      await expect(
        world.problems.runMatching({ filter, expectedCount: 2, reason: 'x' }, person('operator')),
      ).rejects.toThrow();
    } finally {
      await sql`DROP FUNCTION piculus.refuse() CASCADE`.execute(db);
    }
    const left = await sql`SELECT problem_id FROM piculus.run_requests
      UNION ALL SELECT problem_id FROM piculus.bulk_run_items UNION ALL SELECT id FROM piculus.bulk_runs`.execute(
      db,
    );
    expect(left.rows).toEqual([]);
  });
});
