/** One problem's life, for tests: reports it, executes it, and recounts after each test. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { FixCommand } from '@piculus/protocol';
import type { Problem } from '@piculus/protocol/http';
import type { TestEngine } from '../../../../test/support/database.ts';
import type { Session } from '../../src/base/services.ts';
import { answers, booksKeptAndReal, emptyProblems, openWorld, order, type World } from './world.ts';
import { ANYONE } from '../../../../test/support/callers.ts';

export const MINUTE_MS = 60_000;

export interface Story {
  readonly world: World;
  /** The only problem there is, as the API shows it. */
  only(): Promise<Problem>;
  claimed(session?: Session, max?: number): Promise<{ session: Session; command: FixCommand }>;
  /** Reports one problem and executes it to this outcome at a tick. @returns its solution. */
  executed(
    outcome: 'fixed' | 'not-this-problem' | 'failed' | 'refused' | 'not-yet',
    maxRetries?: number,
  ): Promise<string>;
}

/**
 * Opens a world for the tests of the surrounding `describe`, emptied after each of them, when what the kept counts
 * say must be what a recount says.
 */
export function tellStory(engine: TestEngine): Story {
  let opened: World | null = null;
  const world = (): World => {
    if (opened === null) throw new Error('the world opens before the first test');
    return opened;
  };
  beforeAll(async () => {
    opened = await openWorld(engine);
  });
  afterAll(() => opened?.close());
  afterEach(async () => {
    const [kept, real] = await booksKeptAndReal(world());
    expect(kept).toEqual(real);
    await empty(world());
  });
  const claimed: Story['claimed'] = async (session = world().session(), max = 500) => {
    const command = await world().executions.claim(session, max);
    if (command === null) throw new Error('nothing to claim');
    return { session, command };
  };
  return {
    get world() {
      return world();
    },
    only: async () => {
      const { items } = await world().problems.list({ limit: 2 }, ANYONE);
      expect(items).toHaveLength(1);
      const [item] = items;
      if (item === undefined) throw new Error('no problem');
      return item;
    },
    claimed,
    executed: async (outcome, maxRetries = 5) => {
      const solution = await world().solution({ maxRetries });
      await world().report([order(world(), 'R1')]);
      world().clock.pass(MINUTE_MS);
      await world().tick(solution);
      const { session, command } = await claimed();
      await world().executions.record(session, answers(world(), command, outcome));
      return solution;
    },
  };
}

async function empty(world: World): Promise<void> {
  await emptyProblems(world);
  const { published } = world;
  const { db } = world.database;
  await sql`TRUNCATE piculus.clients`.execute(db);
  await sql`UPDATE piculus.systems SET confirmed_execution_id = 0`.execute(db);
  published.length = 0;
}
