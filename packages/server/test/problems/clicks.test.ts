/** What people do with problems, on both databases. */
import { describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { MINUTE_MS, tellStory } from '../executions/story.ts';
import { answers, FIX, order, orders, OTHER_FIX, SYSTEM } from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('clicks on %s', (engine) => {
  const story = tellStory(engine);

  it('run what waits for a person, with a reason, and only once', async () => {
    const solution = await story.executed('refused');
    expect(await story.world.problems.run(['1', '77'], person('operator'), ' ')).toMatchObject({
      accepted: 0,
      refused: [
        { id: '1', code: 'reason-required' },
        { id: '77', code: 'not-found' },
      ],
    });
    expect(await story.world.problems.run(['1', '1'], person('operator'), 'the payee was checked')).toEqual({
      accepted: 1,
      refused: [],
    });
    expect(await story.world.problems.run(['1'], person('operator'), 'again')).toEqual({
      accepted: 1,
      refused: [],
    });
    const { session, command } = await story.claimed();
    expect(await story.world.problems.run(['1'], person('operator'), 'again')).toMatchObject({
      refused: [{ code: 'already-executing' }],
    });
    await expect(story.world.problems.close('1', person('operator'), 'no')).rejects.toMatchObject({
      code: 'already-executing',
    });
    expect((await story.only()).state).toBe('executing');
    await story.world.executions.record(session, answers(story.world, command, 'failed'));
    expect(await story.only()).toMatchObject({ state: 'pending', retriesUsed: 1 });
    expect(await story.world.executions.claim(session, 9)).toBeNull();
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    expect((await story.claimed(session)).command.items[0]?.trigger).toBe('tick');
    const { history, executions } = await story.world.problems.get('1', ANYONE);
    expect(history.filter(({ act }) => act === 'run')).toMatchObject([
      { actor: 'operator', reason: 'the payee was checked' },
    ]);
    expect(executions.map(({ trigger }) => trigger)).toEqual(['tick', 'click']);
  });

  it.each([
    ['fixed', 'fixed'],
    ['cleared', 'not-this-problem'],
  ] as const)('refuse %s', async (_state, outcome) => {
    await story.executed(outcome);
    expect(await story.world.problems.run(['1'], person('operator'), 'why not')).toMatchObject({
      refused: [{ code: 'wrong-state' }],
    });
    await expect(story.world.problems.close('1', person('operator'), 'no')).rejects.toMatchObject({
      code: 'wrong-state',
    });
  });

  it('run an exhausted problem once more, with a reason', async () => {
    await story.executed('failed', 0);
    expect((await story.only()).state).toBe('exhausted');
    expect(await story.world.problems.run(['1'], person('operator'), undefined)).toMatchObject({
      refused: [{ code: 'reason-required' }],
    });
    await story.world.problems.run(['1'], person('operator'), 'the bank is up again');
    const { session, command } = await story.claimed();
    expect(command.items[0]).toMatchObject({
      attempt: 2,
      previousOutcome: 'failed',
      commandKey: `cmd/${SYSTEM}/${FIX}/R1/0`,
    });
    await story.world.executions.record(session, answers(story.world, command, 'failed'));
    expect((await story.only()).state).toBe('exhausted');
  });

  it('say that there is no solution, or a disabled one', async () => {
    await story.world.report([order(story.world, 'R1')]);
    expect(await story.world.problems.run(['1'], person('operator'), undefined)).toMatchObject({
      refused: [{ code: 'no-solution' }],
    });
    await story.world.solution({ status: 'disabled' });
    expect(await story.world.problems.run(['1'], person('operator'), undefined)).toMatchObject({
      refused: [{ code: 'solution-disabled' }],
    });
  });

  it('close and reopen with a reason, and tell it', async () => {
    await story.world.report([order(story.world, 'R1')]);
    await expect(story.world.problems.close('1', person('operator'), ' ')).rejects.toMatchObject({
      code: 'reason-required',
    });
    expect(await story.world.problems.close('1', person('operator'), 'a test order')).toMatchObject({
      state: 'closed',
    });
    await expect(story.world.problems.close('1', person('operator'), 'again')).rejects.toMatchObject({
      code: 'wrong-state',
    });
    expect(await story.world.problems.run(['1'], person('operator'), 'x')).toMatchObject({
      refused: [{ code: 'wrong-state' }],
    });
    expect(await story.world.problems.reopen('1', person('operator'), 'it was real')).toMatchObject({
      state: 'pending',
      reopened: true,
      reopenCount: 1,
    });
    await expect(story.world.problems.reopen('1', person('operator'), 'again')).rejects.toMatchObject({
      code: 'wrong-state',
    });
    await expect(story.world.problems.reopen('99', person('operator'), 'x')).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(
      (await story.world.problems.get('1', ANYONE)).history.map(({ act, reason }) => [act, reason]),
    ).toEqual([
      ['reported', null],
      ['close', 'a test order'],
      ['reopen', 'it was real'],
    ]);
  });

  it('run all that match, if they are still as many as the person saw', async () => {
    await story.world.solution({ executionMode: 'manual' });
    await story.world.report([...orders(story.world, 4), order(story.world, 'X', { fixCode: OTHER_FIX })]);
    await story.world.problems.close('1', person('operator'), 'no');
    const filter = { sysCode: [SYSTEM] };
    await expect(
      story.world.problems.runMatching({ filter: {}, expectedCount: 5, reason: 'go' }, person('operator')),
    ).rejects.toMatchObject({ code: 'invalid-field', fields: [{ field: 'filter' }] });
    const refusal = story.world.problems.runMatching(
      { filter, expectedCount: 4, reason: 'go' },
      person('operator'),
    );
    await expect(refusal).rejects.toMatchObject({
      code: 'wrong-state',
      message: expect.stringContaining('5'),
    });
    expect(
      await story.world.problems.runMatching({ filter, expectedCount: 5, reason: 'go' }, person('operator')),
    ).toEqual({ bulkRunId: '1', accepted: 3, skipped: 2 });
    expect(
      await story.world.problems.runMatching({ filter, expectedCount: 5, reason: 'go' }, person('operator')),
    ).toEqual({ bulkRunId: '2', accepted: 0, skipped: 5 });
    expect((await story.claimed()).command.items).toMatchObject([
      { trigger: 'bulk' },
      { trigger: 'bulk' },
      { trigger: 'bulk' },
    ]);
    expect((await story.world.problems.get('2', ANYONE)).history.at(-1)).toMatchObject({
      act: 'run',
      actor: 'operator',
      reason: 'go',
    });
  });
});
