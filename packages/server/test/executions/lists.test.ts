/** Lists of executions and of leases, on both databases. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { executionSchema, leaseSchema } from '@piculus/protocol/http';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { MINUTE_MS, tellStory } from './story.ts';
import { answers, FIX, order, orders, OTHER_FIX } from './world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('lists of executions on %s', (engine) => {
  const story = tellStory(engine);

  it('find by trigger, client and order number, also over several fixes', async () => {
    const { world } = story;
    const solution = await world.solution();
    await world.solution({ fixCode: OTHER_FIX, executionMode: 'manual' });
    await world.report([...orders(world, 2), order(world, 'R0', { fixCode: OTHER_FIX })]);
    const [one, other] = [world.session({ clientId: 'one' }), world.session({ clientId: 'other' })];
    await world.tick(solution);
    for (const session of [one, other]) {
      world.clock.pass(MINUTE_MS);
      const { command } = await story.claimed(session, 1);
      await world.executions.record(session, answers(world, command, 'not-yet'));
    }
    const manual = (await world.problems.list({ limit: 1, fixCode: [OTHER_FIX] }, ANYONE)).items[0];
    await world.problems.run([manual?.id ?? ''], person('operator'), undefined);
    const { command } = await story.claimed(one, 1);
    await world.executions.record(one, answers(world, command, 'refused'));

    const list = async (filter: object): Promise<string[]> => {
      const { items } = await world.executions.list({ limit: 50, ...filter }, ANYONE);
      return items.map((item) => {
        const { businessKey, fixCode, trigger, clientId } = executionSchema.parse(item);
        return `${businessKey} ${fixCode === FIX ? 'fix' : 'other'} ${trigger} ${clientId}`;
      });
    };
    const [first, second, third] = ['R0 fix tick one', 'R1 fix tick other', 'R0 other click one'];
    expect(await list({})).toEqual([third, second, first]);
    expect(await list({ trigger: ['click', 'bulk'] })).toEqual([third]);
    expect(await list({ clientId: 'other' })).toEqual([second]);
    expect(await list({ businessKey: 'R0' })).toEqual([third, first]);
    expect(await list({ businessKey: 'R0', fixCode: FIX })).toEqual([first]);
    expect(await list({ businessKey: 'R0', trigger: ['tick'], clientId: 'other' })).toEqual([]);
    expect(await list({ businessKey: 'nobody knows it' })).toEqual([]);
    const page = await world.executions.list({ limit: 1, businessKey: 'R0' }, ANYONE);
    expect(page.items[0]?.fixCode).toBe(OTHER_FIX);
    const next = await world.executions.list({ limit: 1, businessKey: 'R0', after: page.next ?? '' }, ANYONE);
    expect(next.items[0]?.fixCode).toBe(FIX);
    expect(next.next).toBeNull();
  });

  it('tell what each made of its problem, and of how many tries it was one', async () => {
    const { world } = story;
    const { db } = world.context;
    await story.executed('failed', 1);
    const session = world.session();
    const again = async (solution: string): Promise<void> => {
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      const { command } = await story.claimed(session);
      await world.executions.record(session, answers(world, command, 'failed'));
    };
    const [before] = (await world.executions.list({ limit: 1 }, ANYONE)).items;
    expect(before).toMatchObject({ stateAfter: 'pending', attempt: 1, solutionVersion: 1, maxRetries: 1 });
    // The solution is deleted and made again: its versions begin at one again, its limit is another.
    world.clock.pass(MINUTE_MS);
    await sql`UPDATE piculus.solutions SET deleted_at = ${world.clock.now()}`.execute(db);
    await again(await world.solution({ maxRetries: 7 }));
    const { items } = await world.executions.list({ limit: 9 }, ANYONE);
    expect(items).toMatchObject([
      { stateAfter: 'pending', attempt: 2, solutionVersion: 1, maxRetries: 7 },
      { stateAfter: 'pending', attempt: 1, solutionVersion: 1, maxRetries: 1 },
    ]);
    await sql`DELETE FROM piculus.solution_versions`.execute(db);
    const [unknown] = (await world.executions.list({ limit: 1 }, ANYONE)).items;
    expect(unknown?.maxRetries).toBeNull();
  });

  it('name the first hundred problems of each lease, and which are answered', async () => {
    const { world } = story;
    const solution = await world.solution();
    await world.report(orders(world, 130));
    await world.tick(solution);
    const { session, command } = await story.claimed(world.session(), 120);
    const { results, ...answer } = answers(world, command, 'fixed');
    await world.executions.record(session, { ...answer, results: results.slice(1, 3) });
    const leases = (await world.executions.running(ANYONE)).map((lease) => leaseSchema.parse(lease));
    expect(leases).toMatchObject([{ problems: 120, answered: 2 }]);
    expect(leases[0]?.items).toEqual(
      command.items.slice(0, 100).map(({ problemId, businessKey }, index) => ({
        problemId,
        businessKey,
        answered: index === 1 || index === 2,
      })),
    );
  });
});
