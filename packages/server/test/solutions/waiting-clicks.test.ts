/** What becomes of clicks that wait when their solution goes, on both databases. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createSolutions } from '../../src/solutions/index.ts';
import { lockSystem } from '../../src/store/locks.ts';
import { transaction } from '../../src/store/pool.ts';
import { MINUTE_MS, tellStory } from '../executions/story.ts';
import { FIX, order, orders, OTHER_FIX, SYSTEM } from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('clicks that wait on %s', (engine) => {
  const story = tellStory(engine);

  async function clicked(): Promise<string> {
    const { world } = story;
    const solution = await world.solution({ executionMode: 'manual' });
    await world.solution({ executionMode: 'manual', fixCode: OTHER_FIX });
    await world.report([...orders(world, 2), order(world, 'OTHER', { fixCode: OTHER_FIX })]);
    await world.problems.runBulk(['1', '2', '3'], person('operator'), undefined);
    return solution;
  }
  const waiting = async (): Promise<string[]> => {
    const found = await sql<{
      id: string;
    }>`SELECT problem_id AS id FROM piculus.run_requests ORDER BY 1`.execute(story.world.context.db);
    return found.rows.map(({ id }) => id);
  };
  const acts = async (id: string) =>
    (await story.world.problems.get(id, ANYONE)).history.map(({ act, actor, reason }) => [
      act,
      actor,
      reason,
    ]);

  it('end visibly when it is disabled, and do not run when it is enabled again', async () => {
    const { world } = story;
    const solution = await clicked();
    world.published.length = 0;
    const solutions = createSolutions(world.context);
    await solutions.change(solution, { status: 'disabled' }, person('manager'));
    expect(await waiting()).toEqual(['3']);
    expect((await acts('1')).at(-1)).toEqual(['run-dropped', 'manager', 'its solution was disabled']);
    expect((await acts('3')).at(-1)).toEqual(['run', 'operator', null]);
    expect(world.published).toContainEqual({ topic: 'problems', ids: ['1', '2'] });
    await solutions.change(solution, { status: 'enabled' }, person('manager'));
    expect(await world.executions.claim(world.session({ fixes: new Set([FIX]) }), 9)).toBeNull();
    expect(await world.problems.get('1', ANYONE)).toMatchObject({ state: 'pending', waitReason: 'manual' });
  });

  it('end visibly when it is deleted, whatever solution comes after it', async () => {
    const { world } = story;
    const solution = await clicked();
    await createSolutions(world.context).remove(solution, person('manager'));
    expect(await waiting()).toEqual(['3']);
    expect((await acts('2')).at(-1)).toEqual(['run-dropped', 'manager', 'its solution was deleted']);
    await world.solution({ executionMode: 'manual' });
    expect(await world.executions.claim(world.session({ fixes: new Set([FIX]) }), 9)).toBeNull();
  });

  it('stay with the client that has them, and end when it gives them back', async () => {
    const { world } = story;
    const solution = await clicked();
    const { command } = await story.claimed(world.session({ fixes: new Set([FIX]) }), 1);
    await createSolutions(world.context).change(solution, { status: 'disabled' }, person('manager'));
    expect(await waiting()).toEqual(['1', '3']);
    await world.executions.giveBack(command.leaseId);
    expect(await waiting()).toEqual(['3']);
    expect((await acts('1')).at(-1)?.[0]).toBe('run-dropped');
  });

  it('are kept by any other change', async () => {
    const solution = await clicked();
    await createSolutions(story.world.context).change(solution, { maxRetries: 7 }, person('manager'));
    expect(await waiting()).toEqual(['1', '2', '3']);
  });
});

describe('a change of a solution beside a claim', () => {
  const story = tellStory('postgres');

  it('waits for it, so that what is disabled is not given out afterwards', async () => {
    const { world } = story;
    const solution = await world.solution();
    await world.report(orders(world, 1));
    world.clock.pass(MINUTE_MS);
    let changed = false;
    let change: Promise<unknown> = Promise.resolve();
    await transaction(world.context.db, async (tx) => {
      await lockSystem(tx, SYSTEM);
      change = createSolutions(world.context)
        .change(solution, { status: 'disabled' }, person('manager'))
        .then(() => {
          changed = true;
        });
      for (let waits = false; !waits; ) {
        const found = await sql`SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(world.context.db);
        waits = found.rows.length > 0;
      }
      expect(changed).toBe(false);
    });
    await change;
    expect(changed).toBe(true);
  });
});
