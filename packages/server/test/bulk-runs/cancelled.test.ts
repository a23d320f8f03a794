/** A bulk run that is cancelled while clients work on all of it, on both databases. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { ANYONE, person } from '../../../../test/support/callers.ts';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createBulkRuns } from '../../src/bulk-runs/index.ts';
import { MINUTE_MS, tellStory } from '../executions/story.ts';
import { answers, orders } from '../executions/world.ts';

describe.each(TEST_ENGINES)('bulk runs on %s', (engine) => {
  const story = tellStory(engine);
  const bulkRuns = () => createBulkRuns(story.world.context);

  it('are cancelled while all of it is with clients, and nothing of it begins anew', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual', maxRetries: 5 });
    await world.report(orders(world, 4));
    const { bulkRunId } = await world.problems.runBulk(['1', '2', '3', '4'], person('operator'), undefined);
    const silent = await story.claimed(world.session(), 2);
    const refusing = await story.claimed(world.session(), 1);
    const answering = await story.claimed(world.session(), 1);
    const reasons = ['the bank is down', 'said again'];
    for (const reason of reasons)
      expect(await bulkRuns().cancel(bulkRunId, person('manager'), reason)).toMatchObject({
        results: { waiting: 4 },
        finishedAt: null,
      });
    const told = sql`SELECT FROM piculus.audit WHERE act = 'cancel-bulk-run'`;
    expect((await told.execute(world.context.db)).rows).toHaveLength(1);
    const { items } = await bulkRuns().items(bulkRunId, { limit: 10 }, ANYONE);
    expect(items.map(({ reason }) => reason?.en)).toEqual(items.map(() => 'the bulk run was cancelled'));

    await world.executions.giveBack(refusing.command.leaseId);
    await world.executions.record(answering.session, answers(world, answering.command, 'failed'));
    world.clock.pass(MINUTE_MS);
    await world.executions.rescueExpired();
    expect(silent.command.items).toHaveLength(2);
    expect(await bulkRuns().get(bulkRunId, ANYONE)).toMatchObject({
      results: { dropped: 1, failed: 1, unknown: 2 },
      finishedAt: world.clock.now().toISOString(),
    });
    expect(await world.executions.claim(world.session(), 9)).toBeNull();
  });
});
