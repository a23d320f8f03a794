/** When an execution is tried again, in the list of executions, on both databases. */
import { describe, expect, it } from 'vitest';
import { executionSchema } from '@piculus/protocol/http';
import { ANYONE } from '../../../../test/support/callers.ts';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { MINUTE_MS, tellStory } from './story.ts';
import { answers } from './world.ts';

describe.each(TEST_ENGINES)('the next try of an execution on %s', (engine) => {
  const story = tellStory(engine);
  const nextTicks = async (): Promise<(string | null)[]> => {
    const { items } = await story.world.executions.list({ limit: 9 }, ANYONE);
    return items.map((item) => executionSchema.parse(item).nextTickAt);
  };

  it('is told of the latest try only, and is the one that the problem tells', async () => {
    const { world } = story;
    const solution = await story.executed('failed', 3);
    const { nextTickAt } = await story.only();
    expect(nextTickAt).not.toBeNull();
    expect(await nextTicks()).toEqual([nextTickAt]);
    world.clock.pass(MINUTE_MS);
    await world.tick(solution);
    const { session, command } = await story.claimed();
    // While a client works on it, it waits for no tick.
    expect(await nextTicks()).toEqual([null]);
    await world.executions.record(session, answers(world, command, 'not-yet'));
    expect(await nextTicks()).toEqual([(await story.only()).nextTickAt, null]);
  });

  it('is none where nothing is tried again', async () => {
    await story.executed('refused');
    expect(await nextTicks()).toEqual([null]);
  });
});
