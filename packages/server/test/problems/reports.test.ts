/** What a report makes of problems, new and known, on both databases. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { MINUTE_MS, tellStory } from '../executions/story.ts';
import { FIX, order, orders, SYSTEM } from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('reports on %s', (engine) => {
  const story = tellStory(engine);

  it('stores a batch once, however often it arrives', async () => {
    const batch = [...orders(story.world, 3), order(story.world, 'R0', { amountMinor: '1' })];
    const first = await story.world.report(batch, { commandId: '900' });
    expect(first).toMatchObject({ inserted: 3, seenAgain: 0, reopened: 0 });
    expect(first.ids).toHaveLength(3);
    expect(await story.world.report(batch, { commandId: '900' })).toEqual({ ...first, ids: [] });
    const { items } = await story.world.problems.list({ limit: 10 }, ANYONE);
    expect(
      items.map(({ businessKey, seenCount, amountMinor }) => [businessKey, seenCount, amountMinor]).sort(),
    ).toEqual([
      ['R0', 1, '1'],
      ['R1', 1, '70000'],
      ['R2', 1, '70000'],
    ]);
  });

  it('sees known problems again, once per command, with their new facts', async () => {
    await story.world.report([order(story.world, 'R1')], { commandId: '1' });
    story.world.clock.pass(MINUTE_MS);
    await story.world.report([order(story.world, 'R1', { scenario: 'C5', amountMinor: '5' })], {
      commandId: '2',
      sequence: 1,
    });
    const again = await story.world.report([order(story.world, 'R1', { scenario: 'C5', amountMinor: '5' })], {
      commandId: '2',
      sequence: 2,
    });
    expect(again).toMatchObject({ inserted: 0, seenAgain: 1, ids: [] });
    expect(await story.only()).toMatchObject({
      seenCount: 2,
      scenario: 'C5',
      amountMinor: '5',
      lastSeenAt: story.world.clock.now().toISOString(),
    });
  });

  it('gives what is for a person to a person', async () => {
    await story.world.report([order(story.world, 'R1', { handling: 'person', scenario: 'X5' })]);
    expect((await story.only()).state).toBe('needs-human');
  });

  it('opens what was fixed for a person, under a new command key', async () => {
    const solution = await story.executed('fixed');
    expect((await story.only()).state).toBe('fixed');
    story.world.clock.pass(MINUTE_MS);
    expect(await story.world.report([order(story.world, 'R1')])).toMatchObject({
      seenAgain: 0,
      reopened: 1,
      ids: ['1'],
    });
    const problem = await story.only();
    expect(problem).toMatchObject({
      state: 'pending',
      reopened: true,
      waitReason: 'reopened',
      reopenCount: 1,
      attempts: 0,
    });
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    expect(await story.world.executions.claim(story.world.session(), 500)).toBeNull();
    expect(await story.world.problems.run([problem.id], person('operator'), undefined)).toEqual({
      accepted: 1,
      refused: [],
    });
    const { command } = await story.claimed();
    expect(command.items[0]).toMatchObject({
      commandKey: `cmd/${SYSTEM}/${FIX}/R1/1`,
      attempt: 1,
      trigger: 'click',
      previousOutcome: 'fixed',
    });
    const { history } = await story.world.problems.get(problem.id, ANYONE);
    expect(history.map(({ act }) => act)).toEqual(['reported', 'executed', 'reported-again', 'run']);
  });

  it('opens what was cleared for its solution, and lets the next tick find it again', async () => {
    const solution = await story.executed('not-this-problem');
    expect((await story.only()).state).toBe('cleared');
    await sql`UPDATE piculus.solutions SET tick_floor = 100`.execute(story.world.database.db);
    story.world.clock.pass(MINUTE_MS);
    await story.world.report([order(story.world, 'R1')]);
    expect(await story.only()).toMatchObject({
      state: 'pending',
      reopened: false,
      reopenCount: 1,
      retriesUsed: 0,
    });
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    expect((await story.claimed()).command.items[0]?.commandKey).toBe(`cmd/${SYSTEM}/${FIX}/R1/1`);
  });

  it('takes no notice of a collect that read the record before it was repaired', async () => {
    const stale = order(story.world, 'R1');
    await story.executed('fixed');
    expect(await story.world.report([stale])).toMatchObject({ seenAgain: 1, reopened: 0 });
    expect((await story.only()).state).toBe('fixed');
  });

  it('leaves closed closed and marks it', async () => {
    await story.world.report([order(story.world, 'R1')]);
    await story.world.problems.close('1', person('operator'), 'a test order');
    story.world.clock.pass(MINUTE_MS);
    await story.world.report([order(story.world, 'R1')]);
    expect(await story.only()).toMatchObject({ state: 'closed', seenSinceClosed: true });
  });

  it('only counts the sighting of what a client works on', async () => {
    const solution = await story.world.solution();
    await story.world.report([order(story.world, 'R1')]);
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    await story.claimed();
    await story.world.report([order(story.world, 'R1', { amountMinor: '1', handling: 'person' })]);
    expect(await story.only()).toMatchObject({ state: 'executing', amountMinor: '70000', seenCount: 2 });
  });

  it('stores texts that PostgreSQL does not know', async () => {
    const strange = order(story.world, 'R\u0000 1', { scenario: 'C1' });
    strange.facts.order.fields = { payee: 'a\u0000b\ud800c' };
    await story.world.report([strange]);
    await story.world.report([strange]);
    expect((await story.only()).seenCount).toBe(2);
  });
});
