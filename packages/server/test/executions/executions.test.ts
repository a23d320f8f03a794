/** Leases and results on both databases. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createExecutions } from '../../src/executions/index.ts';
import { MINUTE_MS, tellStory } from './story.ts';
import { answers, order, orders, OTHER_FIX } from './world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('executions on %s', (engine) => {
  const story = tellStory(engine);

  it.each([0, 1, 5])('%i retries are at most one execution more', async (maxRetries) => {
    const solution = await story.world.solution({ maxRetries });
    await story.world.report([order(story.world, 'R1')]);
    let executions = 0;
    const session = story.world.session();
    for (let tick = 0; tick < 2 * maxRetries + 4; tick += 1) {
      story.world.clock.pass(MINUTE_MS);
      await story.world.tick(solution);
      const command = await story.world.executions.claim(session, 500);
      if (command === null) continue;
      // Every second one is "not yet", which uses no retry.
      const failed = tick % 2 === 1;
      expect(await story.world.executions.claim(session, 500)).toBeNull();
      await story.world.executions.record(
        session,
        answers(story.world, command, failed ? 'failed' : 'not-yet'),
      );
      if (failed) executions += 1;
      // The same tick never takes it again.
      expect(await story.world.executions.claim(session, 500)).toBeNull();
    }
    expect(executions).toBe(1 + maxRetries);
    expect(await story.only()).toMatchObject({
      state: 'exhausted',
      retriesUsed: maxRetries,
      attempts: 2 * executions,
    });
  });

  it('leases in batches, never the same record twice, also over fix codes', async () => {
    const solution = await story.world.solution();
    const other = await story.world.solution({ fixCode: OTHER_FIX, level: 'important' });
    await story.world.report([...orders(story.world, 5), order(story.world, 'R0', { fixCode: OTHER_FIX })]);
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    await story.world.tick(other);
    const session = story.world.session();
    const first = await story.claimed(session, 3);
    const second = await story.claimed(session, 3);
    expect(first.command.items.map(({ businessKey }) => businessKey)).toEqual(['R0', 'R1', 'R2']);
    expect(second.command.items.map(({ businessKey }) => businessKey)).toEqual(['R3', 'R4']);
    expect(await story.world.executions.claim(session, 3)).toBeNull();
    await story.world.executions.record(session, answers(story.world, first.command, 'fixed'));
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(other);
    expect((await story.claimed(session)).command.items).toMatchObject([
      { businessKey: 'R0', fixCode: OTHER_FIX },
    ]);
  });

  it('takes results once, from the lease of their client only', async () => {
    const solution = await story.world.solution();
    await story.world.report(orders(story.world, 3));
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    const { session, command } = await story.claimed();
    const effects = [{ key: 'credit:R', kind: 'credit' as const, amountMinor: '70000', currency: 'CNY' }];
    const all = answers(story.world, command, 'fixed', { effects });
    const part = { ...all, results: all.results.slice(0, 1) };
    await expect(story.world.executions.record(story.world.session(), part)).rejects.toMatchObject({
      code: 'stale-lease',
    });
    await expect(story.world.executions.record({ ...session, sysCode: 'PBMS' }, part)).rejects.toMatchObject({
      code: 'unknown-command',
    });
    await expect(story.world.executions.record(session, { ...part, epoch: 2 })).rejects.toMatchObject({
      code: 'stale-lease',
    });
    await expect(story.world.executions.record(session, { ...part, leaseId: 'none' })).rejects.toMatchObject({
      code: 'unknown-command',
    });
    const foreign = { ...part, results: part.results.map((one) => ({ ...one, commandKey: 'cmd/else' })) };
    await expect(story.world.executions.record(session, foreign)).rejects.toMatchObject({
      code: 'unknown-command',
    });
    for (let repeat = 0; repeat < 3; repeat += 1) await story.world.executions.record(session, part);
    expect(await story.world.executions.running(ANYONE)).toMatchObject([{ problems: 3, answered: 1 }]);
    for (let repeat = 0; repeat < 3; repeat += 1) await story.world.executions.record(session, all);
    expect(await story.world.executions.running(ANYONE)).toEqual([]);
    const { items } = await story.world.executions.list({ limit: 50 }, ANYONE);
    expect(items).toHaveLength(3);
    expect(
      items.every(
        ({ outcome, movedMinor, attempt }) => outcome === 'fixed' && movedMinor === '70000' && attempt === 1,
      ),
    ).toBe(true);
    expect((await story.world.problems.count({ state: ['fixed'] }, ANYONE)).problems).toBe(3);
  });

  it('counts what moved once, though a later try tells the effects of the earlier one', async () => {
    const solution = await story.world.solution();
    await story.world.report([order(story.world, 'R1')]);
    const effect = (key: string) => ({ key, kind: 'credit' as const, amountMinor: '10', currency: 'CNY' });
    const session = story.world.session();
    for (const [outcome, effects] of [
      ['failed', [effect('a')]],
      ['already-right', [effect('a'), effect('b')]],
    ] as const) {
      story.world.clock.pass(MINUTE_MS);
      await story.world.tick(solution);
      const { command } = await story.claimed(session);
      await story.world.executions.record(
        session,
        answers(story.world, command, outcome, { effects: [...effects] }),
      );
    }
    expect(
      (await story.world.executions.list({ limit: 9 }, ANYONE)).items.map(({ movedMinor }) => movedMinor),
    ).toEqual(['10', '10']);
    expect((await story.only()).state).toBe('fixed');
  });

  it('keeps an alarm of the client in the history', async () => {
    const solution = await story.world.solution();
    await story.world.report([order(story.world, 'R1')]);
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    const { session, command } = await story.claimed();
    await story.world.executions.record(
      session,
      answers(story.world, command, 'refused', { alarm: 'payload-changed' }),
    );
    expect((await story.world.problems.get('1', ANYONE)).history.at(-1)).toMatchObject({
      actor: 'policy:alarm',
      act: 'alarm',
      detail: { code: 'payload-changed' },
    });
  });

  it('gives an undelivered batch back as if it had never been claimed', async () => {
    const solution = await story.world.solution();
    await story.world.report(orders(story.world, 4));
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    const { session, command } = await story.claimed(story.world.session(), 2);
    await story.claimed(session, 2);
    await story.world.executions.giveBack(command.leaseId);
    await story.world.executions.giveBack(command.leaseId);
    expect((await story.claimed(session, 500)).command.items.map(({ businessKey }) => businessKey)).toEqual([
      'R0',
      'R1',
    ]);
    expect((await story.world.executions.list({ limit: 9 }, ANYONE)).items).toEqual([]);
  });

  it('ends an expired lease as unknown and refuses the late answer', async () => {
    const solution = await story.world.solution({ maxRetries: 0 });
    await story.world.report(orders(story.world, 2));
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    const { session, command } = await story.claimed();
    const all = answers(story.world, command, 'fixed');
    const part = { ...all, results: all.results.slice(0, 1) };
    await story.world.executions.record(session, part);
    story.world.clock.pass(14_000);
    expect(await story.world.executions.renew(session.clientId, [command.leaseId, 'other'])).toEqual(
      new Set([command.leaseId]),
    );
    expect(await story.world.executions.renew('somebody', [command.leaseId])).toEqual(new Set());
    story.world.clock.pass(14_000);
    expect(await story.world.executions.rescueExpired()).toBe(0);
    story.world.clock.pass(1_000);
    expect(await story.world.executions.rescueExpired()).toBe(1);
    expect(await story.world.executions.rescueExpired()).toBe(0);
    await expect(story.world.executions.record(session, all)).rejects.toMatchObject({ code: 'stale-lease' });
    await story.world.executions.record(session, part);
    expect(await story.world.executions.renew(session.clientId, [command.leaseId])).toEqual(new Set());
    const { items } = await story.world.problems.list({ limit: 9 }, ANYONE);
    expect(items.map(({ state, lastOutcome }) => [state, lastOutcome])).toEqual([
      ['exhausted', 'unknown'],
      ['fixed', 'fixed'],
    ]);
  });

  it('takes a click that nobody answered to another client, as often as retries are left', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual', maxRetries: 2 });
    await world.report(orders(world, 2));
    await world.problems.run(['1'], person('operator'), undefined);
    for (const state of ['pending', 'pending', 'exhausted']) {
      const { command } = await story.claimed(world.session());
      expect(command.items).toMatchObject([{ problemId: '1', trigger: 'click' }]);
      world.clock.pass(MINUTE_MS);
      expect(await world.executions.rescueExpired()).toBe(1);
      expect(await world.problems.get('1', ANYONE)).toMatchObject({
        state,
        lastOutcome: 'unknown',
      });
    }
    expect(await world.executions.claim(world.session(), 9)).toBeNull();
    // One that has no retry left is run once for a click, and a click ends with the answer of a client.
    await world.problems.run(['1'], person('operator'), 'again');
    await story.claimed(world.session());
    world.clock.pass(MINUTE_MS);
    await world.executions.rescueExpired();
    await world.problems.run(['2'], person('operator'), undefined);
    const { session, command } = await story.claimed(world.session());
    expect(command.items).toMatchObject([{ problemId: '2' }]);
    await world.executions.record(session, answers(world, command, 'failed'));
    expect(await world.executions.claim(session, 9)).toBeNull();
  });

  it('ends a click that nobody answered where its solution went meanwhile', async () => {
    const { world } = story;
    const solution = await world.solution({ executionMode: 'manual' });
    await world.report([order(world, 'R1')]);
    await world.problems.run(['1'], person('operator'), undefined);
    await story.claimed(world.session());
    await world.setSolution(solution, 'status', 'disabled');
    world.clock.pass(MINUTE_MS);
    await world.executions.rescueExpired();
    await world.setSolution(solution, 'status', 'enabled');
    expect(await world.executions.claim(world.session(), 9)).toBeNull();
  });

  it('ends the other expired leases where one cannot be ended', async () => {
    const { world } = story;
    await world.solution({ executionMode: 'manual' });
    await world.report(orders(world, 2));
    await world.problems.runBulk(['1', '2'], person('operator'), undefined);
    const { command: first } = await story.claimed(world.session(), 1);
    world.clock.pass(1_000);
    const { command: second } = await story.claimed(world.session(), 1);
    // An execution under this lease is there already, though the lease does not know: nothing can make it fit.
    await sql`
      INSERT INTO piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger,
        solution_version, lease_id, client_id, command_key, outcome, state_before, state_after, reason, effects,
        moved_minor, replayed, verified, dispatched_at, finished_at)
      SELECT id, sys_code, fix_code, business_key, 1, 'bulk', 1, ${first.leaseId}, 'x', 'x', 'unknown', 'pending',
        'pending', '', '[]', 0, false, false, now(), now() FROM piculus.problems
      WHERE id = ${first.items[0]?.problemId ?? ''}`.execute(world.context.db);
    world.clock.pass(MINUTE_MS);
    expect(await world.executions.rescueExpired()).toBe(1);
    expect((await world.executions.running(ANYONE)).map(({ id }) => id)).toEqual([first.leaseId]);
    expect(second.leaseId).not.toBe(first.leaseId);
    // No book knows what was slipped in.
    await sql`DELETE FROM piculus.executions WHERE command_key = 'x'`.execute(world.context.db);
  });

  it('gives not-yet to a person after its maximum age', async () => {
    const { world } = story;
    const executions = createExecutions(world.context, { notYetMaxMs: 2 * MINUTE_MS });
    const solution = await story.executed('not-yet');
    const session = world.session();
    for (const state of ['pending', 'needs-human']) {
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      const { command } = await story.claimed(session);
      await executions.record(session, answers(world, command, 'not-yet'));
      expect((await story.only()).state).toBe(state);
    }
  });

  it('never executes by a disabled or a deleted solution, nor a manual one by itself', async () => {
    const solution = await story.world.solution({ executionMode: 'manual' });
    await story.world.report([order(story.world, 'R1')]);
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(solution);
    const session = story.world.session();
    expect(await story.world.executions.claim(session, 9)).toBeNull();
    await story.world.problems.run(['1'], person('operator'), undefined);
    await story.world.setSolution(solution, 'status', 'disabled');
    expect(await story.world.executions.claim(session, 9)).toBeNull();
    expect((await story.only()).waitReason).toBe('disabled');
    await story.world.setSolution(solution, 'status', 'enabled');
    expect(
      await story.world.executions.claim(story.world.session({ fixes: new Set([OTHER_FIX]) }), 9),
    ).toBeNull();
    expect((await story.claimed(session)).command.items[0]?.trigger).toBe('click');
  });

  it('serves clicks first, then very important ticks', async () => {
    const important = await story.world.solution({ level: 'very-important' });
    const normal = await story.world.solution({ level: 'normal', fixCode: OTHER_FIX });
    await story.world.report([
      order(story.world, 'A'),
      order(story.world, 'B', { fixCode: OTHER_FIX }),
      order(story.world, 'C', { fixCode: OTHER_FIX }),
    ]);
    story.world.clock.pass(MINUTE_MS);
    await story.world.tick(normal);
    await story.world.tick(important);
    await story.world.problems.run(['2'], person('operator'), undefined);
    const session = story.world.session();
    const order_ = [];
    for (let batch = 0; batch < 3; batch += 1)
      order_.push(
        (await story.claimed(session)).command.items.map(
          ({ businessKey, trigger }) => `${businessKey} ${trigger}`,
        ),
      );
    expect(order_).toEqual([['B click'], ['A tick'], ['C tick']]);
  });
});
