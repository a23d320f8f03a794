/** Books that several batches and the cleaner change at once. PostgreSQL only: it needs several sessions. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deleteEmptyAges } from '../../src/store/problem-ages.ts';
import {
  answers,
  booksKeptAndReal,
  FIX,
  openWorld,
  orders,
  OTHER_FIX,
  type World,
} from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const SLOT_MS = 5 * 60_000;
const ROUNDS = 15;

let world: World;
beforeAll(async () => {
  world = await openWorld('postgres');
});
afterAll(() => world.close());

it('agree with a recount whatever runs side by side, and no empty slot is left', async () => {
  const { db } = world.context;
  const solutions = [await world.solution(), await world.solution({ fixCode: OTHER_FIX })];
  const workers = [FIX, OTHER_FIX].flatMap((fix) =>
    [1, 2].map(() => world.session({ fixes: new Set([fix]) })),
  );
  const far = new Date('2100-01-01T00:00:00Z');
  let working = true;
  const cleaning = (async () => {
    while (working) await deleteEmptyAges(db, far, 100);
  })();
  for (let round = 0; round < ROUNDS; round += 1) {
    world.clock.pass(SLOT_MS);
    // The same slots are emptied by answers and filled by reports; what was fixed opens again for a person.
    const again = orders(world, 8, `O${Math.max(0, round - 2)}-`);
    const fresh = orders(world, 8, `O${round}-`).map((one, index) => ({
      ...one,
      fixCode: index % 2 === 0 ? FIX : OTHER_FIX,
    }));
    for (const solution of solutions) await world.tick(solution);
    await Promise.all([
      world.report(fresh),
      world.report(again),
      ...workers.map(async (session) => {
        const command = await world.executions.claim(session, 3);
        if (command !== null) await world.executions.record(session, answers(world, command, 'fixed'));
      }),
    ]);
  }
  const open = await world.problems.list({ limit: 500, state: ['pending'], reopened: true }, ANYONE);
  await Promise.all(open.items.map(({ id }) => world.problems.close(id, person('operator'), 'enough')));
  working = false;
  await cleaning;
  await deleteEmptyAges(db, far, 1_000);

  const [kept, real] = await booksKeptAndReal(world);
  expect(kept).toEqual(real);
  const empty = await sql`SELECT FROM piculus.problem_ages WHERE problems = 0`.execute(db);
  expect(empty.rows).toEqual([]);
  expect(real.executions.length).toBeGreaterThan(0);
});
