/** The life of problems on both databases: reports, claims, results, clicks. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createExecutions } from '../../src/executions/index.ts';
import {
  answers,
  countsKeptAndReal,
  FIX,
  openWorld,
  order,
  orders,
  OTHER_FIX,
  SYSTEM,
  type World,
} from './world.ts';

const MINUTE_MS = 60_000;

describe.each(TEST_ENGINES)('the core on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.close());
  afterEach(async () => {
    const [kept, real] = await countsKeptAndReal(world);
    expect(kept).toEqual(real);
    const { db } = world.database;
    await sql`TRUNCATE piculus.problems, piculus.problem_counts, piculus.leases, piculus.executions, piculus.reports,
      piculus.run_requests, piculus.audit, piculus.solutions, piculus.solution_versions, piculus.clients RESTART IDENTITY CASCADE`.execute(
      db,
    );
    await sql`UPDATE piculus.systems SET confirmed_execution_id = 0`.execute(db);
    world.published.length = 0;
  });

  /** The only problem there is, as the API shows it. */
  const only = async () => {
    const { items } = await world.problems.list({ limit: 2 });
    expect(items).toHaveLength(1);
    const [item] = items;
    if (item === undefined) throw new Error('no problem');
    return item;
  };
  const claimed = async (session = world.session(), max = 500) => {
    const command = await world.executions.claim(session, max);
    if (command === null) throw new Error('nothing to claim');
    return { session, command };
  };
  /** Reports one problem and executes it to this outcome at a tick. */
  const executed = async (
    outcome: 'fixed' | 'not-this-problem' | 'failed' | 'refused' | 'not-yet',
    maxRetries = 5,
  ) => {
    const solution = await world.solution({ maxRetries });
    await world.report([order(world, 'R1')]);
    world.clock.pass(MINUTE_MS);
    await world.tick(solution);
    const { session, command } = await claimed();
    await world.executions.record(session, answers(world, command, outcome));
    return solution;
  };

  describe('reports', () => {
    it('stores a batch once, however often it arrives', async () => {
      const batch = [...orders(world, 3), order(world, 'R0', { amountMinor: '1' })];
      const first = await world.report(batch, { commandId: '900' });
      expect(first).toMatchObject({ inserted: 3, seenAgain: 0, reopened: 0 });
      expect(first.ids).toHaveLength(3);
      expect(await world.report(batch, { commandId: '900' })).toEqual({ ...first, ids: [] });
      const { items } = await world.problems.list({ limit: 10 });
      expect(
        items.map(({ businessKey, seenCount, amountMinor }) => [businessKey, seenCount, amountMinor]).sort(),
      ).toEqual([
        ['R0', 1, '1'],
        ['R1', 1, '70000'],
        ['R2', 1, '70000'],
      ]);
    });

    it('sees known problems again, once per command, with their new facts', async () => {
      await world.report([order(world, 'R1')], { commandId: '1' });
      world.clock.pass(MINUTE_MS);
      await world.report([order(world, 'R1', { scenario: 'C5', amountMinor: '5' })], {
        commandId: '2',
        sequence: 1,
      });
      const again = await world.report([order(world, 'R1', { scenario: 'C5', amountMinor: '5' })], {
        commandId: '2',
        sequence: 2,
      });
      expect(again).toMatchObject({ inserted: 0, seenAgain: 1, ids: [] });
      expect(await only()).toMatchObject({
        seenCount: 2,
        scenario: 'C5',
        amountMinor: '5',
        lastSeenAt: world.clock.now().toISOString(),
      });
    });

    it('gives what is for a person to a person', async () => {
      await world.report([order(world, 'R1', { handling: 'person', scenario: 'X5' })]);
      expect((await only()).state).toBe('needs-human');
    });

    it('opens what was fixed for a person, under a new command key', async () => {
      const solution = await executed('fixed');
      expect((await only()).state).toBe('fixed');
      world.clock.pass(MINUTE_MS);
      expect(await world.report([order(world, 'R1')])).toMatchObject({
        seenAgain: 0,
        reopened: 1,
        ids: ['1'],
      });
      const problem = await only();
      expect(problem).toMatchObject({
        state: 'pending',
        reopened: true,
        waitReason: 'reopened',
        reopenCount: 1,
        attempts: 0,
      });
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      expect(await world.executions.claim(world.session(), 500)).toBeNull();
      expect(await world.problems.run([problem.id], 'operator', undefined, 'click')).toEqual({
        accepted: 1,
        refused: [],
      });
      const { command } = await claimed();
      expect(command.items[0]).toMatchObject({
        commandKey: `cmd/${SYSTEM}/${FIX}/R1/1`,
        attempt: 1,
        trigger: 'click',
        previousOutcome: 'fixed',
      });
      const { history } = await world.problems.get(problem.id);
      expect(history.map(({ act }) => act)).toEqual(['reported', 'executed', 'reported-again', 'run']);
    });

    it('opens what was cleared for its solution, and lets the next tick find it again', async () => {
      const solution = await executed('not-this-problem');
      expect((await only()).state).toBe('cleared');
      await sql`UPDATE piculus.solutions SET tick_floor = 100`.execute(world.database.db);
      world.clock.pass(MINUTE_MS);
      await world.report([order(world, 'R1')]);
      expect(await only()).toMatchObject({
        state: 'pending',
        reopened: false,
        reopenCount: 1,
        retriesUsed: 0,
      });
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      expect((await claimed()).command.items[0]?.commandKey).toBe(`cmd/${SYSTEM}/${FIX}/R1/1`);
    });

    it('takes no notice of a collect that read the record before it was repaired', async () => {
      const stale = order(world, 'R1');
      await executed('fixed');
      expect(await world.report([stale])).toMatchObject({ seenAgain: 1, reopened: 0 });
      expect((await only()).state).toBe('fixed');
    });

    it('leaves closed closed and marks it', async () => {
      await world.report([order(world, 'R1')]);
      await world.problems.close('1', 'operator', 'a test order');
      world.clock.pass(MINUTE_MS);
      await world.report([order(world, 'R1')]);
      expect(await only()).toMatchObject({ state: 'closed', seenSinceClosed: true });
    });

    it('only counts the sighting of what a client works on', async () => {
      const solution = await world.solution();
      await world.report([order(world, 'R1')]);
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      await claimed();
      await world.report([order(world, 'R1', { amountMinor: '1', handling: 'person' })]);
      expect(await only()).toMatchObject({ state: 'executing', amountMinor: '70000', seenCount: 2 });
    });

    it('stores texts that PostgreSQL does not know', async () => {
      const strange = order(world, 'R\u0000 1', { scenario: 'C1' });
      strange.facts.order.fields = { payee: 'a\u0000b\ud800c' };
      await world.report([strange]);
      await world.report([strange]);
      expect((await only()).seenCount).toBe(2);
    });
  });

  describe('executions', () => {
    it.each([0, 1, 5])('%i retries are at most one execution more', async (maxRetries) => {
      const solution = await world.solution({ maxRetries });
      await world.report([order(world, 'R1')]);
      let executions = 0;
      const session = world.session();
      for (let tick = 0; tick < 2 * maxRetries + 4; tick += 1) {
        world.clock.pass(MINUTE_MS);
        await world.tick(solution);
        const command = await world.executions.claim(session, 500);
        if (command === null) continue;
        // Every second one is "not yet", which uses no retry.
        const failed = tick % 2 === 1;
        expect(await world.executions.claim(session, 500)).toBeNull();
        await world.executions.record(session, answers(world, command, failed ? 'failed' : 'not-yet'));
        if (failed) executions += 1;
        // The same tick never takes it again.
        expect(await world.executions.claim(session, 500)).toBeNull();
      }
      expect(executions).toBe(1 + maxRetries);
      expect(await only()).toMatchObject({
        state: 'exhausted',
        retriesUsed: maxRetries,
        attempts: 2 * executions,
      });
    });

    it('leases in batches, never the same record twice, also over fix codes', async () => {
      const solution = await world.solution();
      const other = await world.solution({ fixCode: OTHER_FIX, level: 'important' });
      await world.report([...orders(world, 5), order(world, 'R0', { fixCode: OTHER_FIX })]);
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      await world.tick(other);
      const session = world.session();
      const first = await claimed(session, 3);
      const second = await claimed(session, 3);
      expect(first.command.items.map(({ businessKey }) => businessKey)).toEqual(['R0', 'R1', 'R2']);
      expect(second.command.items.map(({ businessKey }) => businessKey)).toEqual(['R3', 'R4']);
      expect(await world.executions.claim(session, 3)).toBeNull();
      await world.executions.record(session, answers(world, first.command, 'fixed'));
      world.clock.pass(MINUTE_MS);
      await world.tick(other);
      expect((await claimed(session)).command.items).toMatchObject([
        { businessKey: 'R0', fixCode: OTHER_FIX },
      ]);
    });

    it('takes results once, from the lease of their client only', async () => {
      const solution = await world.solution();
      await world.report(orders(world, 3));
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      const { session, command } = await claimed();
      const effects = [{ key: 'credit:R', kind: 'credit' as const, amountMinor: '70000', currency: 'CNY' }];
      const all = answers(world, command, 'fixed', { effects });
      const part = { ...all, results: all.results.slice(0, 1) };
      await expect(world.executions.record(world.session(), part)).rejects.toMatchObject({
        code: 'stale-lease',
      });
      await expect(world.executions.record({ ...session, sysCode: 'PBMS' }, part)).rejects.toMatchObject({
        code: 'unknown-command',
      });
      await expect(world.executions.record(session, { ...part, epoch: 2 })).rejects.toMatchObject({
        code: 'stale-lease',
      });
      await expect(world.executions.record(session, { ...part, leaseId: 'none' })).rejects.toMatchObject({
        code: 'unknown-command',
      });
      const foreign = { ...part, results: part.results.map((one) => ({ ...one, commandKey: 'cmd/else' })) };
      await expect(world.executions.record(session, foreign)).rejects.toMatchObject({
        code: 'unknown-command',
      });
      for (let repeat = 0; repeat < 3; repeat += 1) await world.executions.record(session, part);
      expect(await world.executions.running()).toMatchObject([{ problems: 3, answered: 1 }]);
      for (let repeat = 0; repeat < 3; repeat += 1) await world.executions.record(session, all);
      expect(await world.executions.running()).toEqual([]);
      const { items } = await world.executions.list({ limit: 50 });
      expect(items).toHaveLength(3);
      expect(
        items.every(
          ({ outcome, movedMinor, attempt }) =>
            outcome === 'fixed' && movedMinor === '70000' && attempt === 1,
        ),
      ).toBe(true);
      expect((await world.problems.count({ state: ['fixed'] })).problems).toBe(3);
    });

    it('counts what moved once, though a later try tells the effects of the earlier one', async () => {
      const solution = await world.solution();
      await world.report([order(world, 'R1')]);
      const effect = (key: string) => ({ key, kind: 'credit' as const, amountMinor: '10', currency: 'CNY' });
      const session = world.session();
      for (const [outcome, effects] of [
        ['failed', [effect('a')]],
        ['already-right', [effect('a'), effect('b')]],
      ] as const) {
        world.clock.pass(MINUTE_MS);
        await world.tick(solution);
        const { command } = await claimed(session);
        await world.executions.record(session, answers(world, command, outcome, { effects: [...effects] }));
      }
      expect((await world.executions.list({ limit: 9 })).items.map(({ movedMinor }) => movedMinor)).toEqual([
        '10',
        '10',
      ]);
      expect((await only()).state).toBe('fixed');
    });

    it('keeps an alarm of the client in the history', async () => {
      const solution = await world.solution();
      await world.report([order(world, 'R1')]);
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      const { session, command } = await claimed();
      await world.executions.record(
        session,
        answers(world, command, 'refused', { alarm: 'payload-changed' }),
      );
      expect((await world.problems.get('1')).history.at(-1)).toMatchObject({
        actor: 'policy:alarm',
        act: 'alarm',
        detail: { code: 'payload-changed' },
      });
    });

    it('gives an undelivered batch back as if it had never been claimed', async () => {
      const solution = await world.solution();
      await world.report(orders(world, 4));
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      const { session, command } = await claimed(world.session(), 2);
      await claimed(session, 2);
      await world.executions.giveBack(command.leaseId);
      await world.executions.giveBack(command.leaseId);
      expect((await claimed(session, 500)).command.items.map(({ businessKey }) => businessKey)).toEqual([
        'R0',
        'R1',
      ]);
      expect((await world.executions.list({ limit: 9 })).items).toEqual([]);
    });

    it('ends an expired lease as unknown and refuses the late answer', async () => {
      const solution = await world.solution({ maxRetries: 0 });
      await world.report(orders(world, 2));
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      const { session, command } = await claimed();
      const all = answers(world, command, 'fixed');
      const part = { ...all, results: all.results.slice(0, 1) };
      await world.executions.record(session, part);
      world.clock.pass(14_000);
      expect(await world.executions.renew(session.clientId, [command.leaseId, 'other'])).toEqual(
        new Set([command.leaseId]),
      );
      expect(await world.executions.renew('somebody', [command.leaseId])).toEqual(new Set());
      world.clock.pass(14_000);
      expect(await world.executions.rescueExpired()).toBe(0);
      world.clock.pass(1_000);
      expect(await world.executions.rescueExpired()).toBe(1);
      expect(await world.executions.rescueExpired()).toBe(0);
      await expect(world.executions.record(session, all)).rejects.toMatchObject({ code: 'stale-lease' });
      await world.executions.record(session, part);
      expect(await world.executions.renew(session.clientId, [command.leaseId])).toEqual(new Set());
      const { items } = await world.problems.list({ limit: 9 });
      expect(items.map(({ state, lastOutcome }) => [state, lastOutcome])).toEqual([
        ['exhausted', 'unknown'],
        ['fixed', 'fixed'],
      ]);
    });

    it('gives not-yet to a person after its maximum age', async () => {
      world = { ...world, executions: createExecutions(world.context, { notYetMaxMs: 2 * MINUTE_MS }) };
      const solution = await executed('not-yet');
      const { session } = { session: world.session() };
      for (const state of ['pending', 'needs-human']) {
        world.clock.pass(MINUTE_MS);
        await world.tick(solution);
        const { command } = await claimed(session);
        await world.executions.record(session, answers(world, command, 'not-yet'));
        expect((await only()).state).toBe(state);
      }
      world = { ...world, executions: createExecutions(world.context) };
    });

    it('never executes by a disabled or a deleted solution, nor a manual one by itself', async () => {
      const solution = await world.solution({ executionMode: 'manual' });
      await world.report([order(world, 'R1')]);
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      const session = world.session();
      expect(await world.executions.claim(session, 9)).toBeNull();
      await world.problems.run(['1'], 'operator', undefined, 'click');
      await world.setSolution(solution, 'status', 'disabled');
      expect(await world.executions.claim(session, 9)).toBeNull();
      expect((await only()).waitReason).toBe('disabled');
      await world.setSolution(solution, 'status', 'enabled');
      expect(await world.executions.claim(world.session({ fixes: new Set([OTHER_FIX]) }), 9)).toBeNull();
      expect((await claimed(session)).command.items[0]?.trigger).toBe('click');
    });

    it('serves clicks first, then very important ticks', async () => {
      const important = await world.solution({ level: 'very-important' });
      const normal = await world.solution({ level: 'normal', fixCode: OTHER_FIX });
      await world.report([
        order(world, 'A'),
        order(world, 'B', { fixCode: OTHER_FIX }),
        order(world, 'C', { fixCode: OTHER_FIX }),
      ]);
      world.clock.pass(MINUTE_MS);
      await world.tick(normal);
      await world.tick(important);
      await world.problems.run(['2'], 'operator', undefined, 'click');
      const session = world.session();
      const order_ = [];
      for (let batch = 0; batch < 3; batch += 1)
        order_.push(
          (await claimed(session)).command.items.map(
            ({ businessKey, trigger }) => `${businessKey} ${trigger}`,
          ),
        );
      expect(order_).toEqual([['B click'], ['A tick'], ['C tick']]);
    });
  });

  describe('clicks', () => {
    it('run what waits for a person, with a reason, and only once', async () => {
      const solution = await executed('refused');
      expect(await world.problems.run(['1', '77'], 'operator', ' ', 'click')).toMatchObject({
        accepted: 0,
        refused: [
          { id: '1', code: 'reason-required' },
          { id: '77', code: 'not-found' },
        ],
      });
      expect(await world.problems.run(['1', '1'], 'operator', 'the payee was checked', 'click')).toEqual({
        accepted: 1,
        refused: [],
      });
      expect(await world.problems.run(['1'], 'operator', 'again', 'click')).toEqual({
        accepted: 1,
        refused: [],
      });
      const { session, command } = await claimed();
      expect(await world.problems.run(['1'], 'operator', 'again', 'click')).toMatchObject({
        refused: [{ code: 'already-executing' }],
      });
      await expect(world.problems.close('1', 'operator', 'no')).rejects.toMatchObject({
        code: 'already-executing',
      });
      expect((await only()).state).toBe('executing');
      await world.executions.record(session, answers(world, command, 'failed'));
      expect(await only()).toMatchObject({ state: 'pending', retriesUsed: 1 });
      expect(await world.executions.claim(session, 9)).toBeNull();
      world.clock.pass(MINUTE_MS);
      await world.tick(solution);
      expect((await claimed(session)).command.items[0]?.trigger).toBe('tick');
      const { history, executions } = await world.problems.get('1');
      expect(history.filter(({ act }) => act === 'run')).toMatchObject([
        { actor: 'operator', reason: 'the payee was checked' },
      ]);
      expect(executions.map(({ trigger }) => trigger)).toEqual(['tick', 'click']);
    });

    it.each([
      ['fixed', 'fixed'],
      ['cleared', 'not-this-problem'],
    ] as const)('refuse %s', async (_state, outcome) => {
      await executed(outcome);
      expect(await world.problems.run(['1'], 'operator', 'why not', 'click')).toMatchObject({
        refused: [{ code: 'wrong-state' }],
      });
      await expect(world.problems.close('1', 'operator', 'no')).rejects.toMatchObject({
        code: 'wrong-state',
      });
    });

    it('run an exhausted problem once more, with a reason', async () => {
      await executed('failed', 0);
      expect((await only()).state).toBe('exhausted');
      expect(await world.problems.run(['1'], 'operator', undefined, 'click')).toMatchObject({
        refused: [{ code: 'reason-required' }],
      });
      await world.problems.run(['1'], 'operator', 'the bank is up again', 'click');
      const { session, command } = await claimed();
      expect(command.items[0]).toMatchObject({
        attempt: 2,
        previousOutcome: 'failed',
        commandKey: `cmd/${SYSTEM}/${FIX}/R1/0`,
      });
      await world.executions.record(session, answers(world, command, 'failed'));
      expect((await only()).state).toBe('exhausted');
    });

    it('say that there is no solution, or a disabled one', async () => {
      await world.report([order(world, 'R1')]);
      expect(await world.problems.run(['1'], 'operator', undefined, 'click')).toMatchObject({
        refused: [{ code: 'no-solution' }],
      });
      await world.solution({ status: 'disabled' });
      expect(await world.problems.run(['1'], 'operator', undefined, 'click')).toMatchObject({
        refused: [{ code: 'solution-disabled' }],
      });
    });

    it('close and reopen with a reason, and tell it', async () => {
      await world.report([order(world, 'R1')]);
      await expect(world.problems.close('1', 'operator', ' ')).rejects.toMatchObject({
        code: 'reason-required',
      });
      expect(await world.problems.close('1', 'operator', 'a test order')).toMatchObject({ state: 'closed' });
      await expect(world.problems.close('1', 'operator', 'again')).rejects.toMatchObject({
        code: 'wrong-state',
      });
      expect(await world.problems.run(['1'], 'operator', 'x', 'click')).toMatchObject({
        refused: [{ code: 'wrong-state' }],
      });
      expect(await world.problems.reopen('1', 'operator', 'it was real')).toMatchObject({
        state: 'pending',
        reopened: true,
        reopenCount: 1,
      });
      await expect(world.problems.reopen('1', 'operator', 'again')).rejects.toMatchObject({
        code: 'wrong-state',
      });
      await expect(world.problems.reopen('99', 'operator', 'x')).rejects.toMatchObject({ code: 'not-found' });
      expect((await world.problems.get('1')).history.map(({ act, reason }) => [act, reason])).toEqual([
        ['reported', null],
        ['close', 'a test order'],
        ['reopen', 'it was real'],
      ]);
    });

    it('run all that match, if they are still as many as the person saw', async () => {
      await world.solution({ executionMode: 'manual' });
      await world.report([...orders(world, 4), order(world, 'X', { fixCode: OTHER_FIX })]);
      await world.problems.close('1', 'operator', 'no');
      const filter = { sysCode: [SYSTEM] };
      await expect(
        world.problems.runMatching({ filter: {}, expectedCount: 5, reason: 'go' }, 'operator'),
      ).rejects.toMatchObject({ code: 'invalid-field', fields: [{ field: 'filter' }] });
      const refusal = world.problems.runMatching({ filter, expectedCount: 4, reason: 'go' }, 'operator');
      await expect(refusal).rejects.toMatchObject({
        code: 'wrong-state',
        message: expect.stringContaining('5'),
      });
      expect(
        await world.problems.runMatching({ filter, expectedCount: 5, reason: 'go' }, 'operator'),
      ).toEqual({ accepted: 3, skipped: 2 });
      expect(
        await world.problems.runMatching({ filter, expectedCount: 5, reason: 'go' }, 'operator'),
      ).toEqual({ accepted: 0, skipped: 5 });
      expect((await claimed()).command.items).toMatchObject([
        { trigger: 'bulk' },
        { trigger: 'bulk' },
        { trigger: 'bulk' },
      ]);
      expect((await world.problems.get('2')).history.at(-1)).toMatchObject({
        act: 'run',
        actor: 'operator',
        reason: 'go',
      });
    });
  });
});
