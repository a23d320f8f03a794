/** Ten claimers at once need sessions of their own, so this is for PostgreSQL only: the embedded one has one. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answers, booksKeptAndReal, openWorld, order, orders, OTHER_FIX, type World } from './world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld('postgres');
  // The database itself cries out where a record gets under a second lease.
  await sql
    .raw(`
    CREATE FUNCTION piculus.refuse_second_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF EXISTS (SELECT 1 FROM piculus.leases l, unnest(l.problem_ids, l.business_keys) AS item(id, key)
        WHERE l.closed_at IS NULL AND l.id <> NEW.id AND l.sys_code = NEW.sys_code
          AND item.key = ANY (NEW.business_keys) AND item.id <> ALL (l.answered_ids)) THEN
        RAISE EXCEPTION 'a record is under two leases';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER refuse_second_lease AFTER INSERT ON piculus.leases
      FOR EACH ROW EXECUTE FUNCTION piculus.refuse_second_lease();
  `)
    .execute(world.database.db);
});
afterAll(() => world.close());

it('never gives a record to two of ten concurrent claimers, over two fix codes, while reports and clicks arrive', async () => {
  const first = await world.solution({ maxRetries: 0 });
  const second = await world.solution({ maxRetries: 0, fixCode: OTHER_FIX });
  const both = orders(world, 150).flatMap((one) => [
    one,
    order(world, one.businessKey, { fixCode: OTHER_FIX }),
  ]);
  await world.report(both);
  world.clock.pass(60_000);
  await world.tick(first);
  await world.tick(second);

  const executed = new Set<string>();
  const claimer = async (): Promise<void> => {
    const session = world.session();
    for (;;) {
      const command = await world.executions.claim(session, 7);
      if (command === null) return;
      for (const { problemId } of command.items) executed.add(problemId);
      const results = answers(
        world,
        command,
        Number(command.items[0]?.problemId) % 3 === 0 ? 'failed' : 'fixed',
      );
      const halves = [results.results.slice(0, 3), results.results.slice(3)].filter(
        (half) => half.length > 0,
      );
      for (const half of halves) await world.executions.record(session, { ...results, results: half });
    }
  };
  const disturbance = async (): Promise<void> => {
    for (let round = 0; round < 10; round += 1) {
      await world.report(both, { commandId: String(1_000 + round) });
      await world.problems.run([String(1 + round), String(100 + round)], person('operator'), 'look');
    }
  };
  await Promise.all([...Array.from({ length: 10 }, claimer), disturbance()]);
  // What a pass skipped because its record was held under the other fix code waits for the next tick.
  for (let tick = 0; tick < 5; tick += 1) {
    world.clock.pass(60_000);
    await world.tick(first);
    await world.tick(second);
    await claimer();
  }
  expect(executed.size).toBe(both.length);
  expect((await world.problems.count({ state: ['executing', 'pending'] }, ANYONE)).problems).toBe(0);
  const [kept, real] = await booksKeptAndReal(world);
  expect(kept).toEqual(real);
});
