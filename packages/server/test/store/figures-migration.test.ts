/** A database that was used before the books of the figures were there gets them filled. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { answers, booksKeptAndReal, openWorld, order, orders, type World } from '../executions/world.ts';
import { person } from '../../../../test/support/callers.ts';

const MIGRATION = '0003_figures.sql';
const MINUTE_MS = 60_000;

describe.each(TEST_ENGINES)('the migration of figures on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.close());

  it('fills the books with what is stored', async () => {
    const { db } = world.database;
    const solution = await world.solution({ maxRetries: 1 });
    const session = world.session();
    await world.report([
      ...orders(world, 12),
      order(world, 'large', { amountMinor: '123456789' }),
      order(world, 'person', { handling: 'person', currency: 'USD' }),
    ]);
    for (const outcome of ['fixed', 'failed', 'refused', 'failed', 'failed', 'not-yet'] as const) {
      world.clock.pass(4 * MINUTE_MS);
      await world.tick(solution);
      const command = await world.executions.claim(session, 4);
      if (command !== null) await world.executions.record(session, answers(world, command, outcome));
    }
    await world.problems.reopen('1', person('operator'), 'x');
    const before = await booksKeptAndReal(world);

    await sql`DROP TABLE piculus.problem_ages, piculus.attention, piculus.execution_counts`.execute(db);
    await sql`DELETE FROM piculus.migrations WHERE name = ${MIGRATION}`.execute(db);
    expect((await migrate(db)).applied).toEqual([MIGRATION]);

    const [kept, real] = await booksKeptAndReal(world);
    expect(kept).toEqual(real);
    expect([kept, real]).toEqual(before);
    for (const book of Object.values(kept)) expect(book.length).toBeGreaterThan(1);
  });
});
