/** Limits, breakers, canaries and the switch, against a real database: what a claim hands out. */
import { sql } from 'kysely';
import type { FixCommand, ReportedOutcome } from '@piculus/protocol';
import type { Halt, LimitSettings } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';
import { type Caller, scopesOf } from '../../src/base/access.ts';
import type { LimitsRoom } from '../../src/base/services.ts';
import { createLimits } from '../../src/limits/index.ts';
import { CAREFUL_BREAKER, UNLIMITED } from '../../src/limits/rules.ts';
import { endPaused, tripBreakers } from '../../src/limits/watch.ts';
import { contradictedByCollect } from '../../src/store/report-counts.ts';
import { transaction } from '../../src/store/pool.ts';
import { answers, FIX, openWorld, order, orders, OTHER_FIX, type World } from '../executions/world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

describe.each(TEST_ENGINES)('limits on %s', (engine) => {
  let world: World;
  let limits: LimitsRoom;
  let systems = 0;
  beforeAll(async () => {
    world = await openWorld(engine);
    limits = createLimits(world.context);
  });
  afterAll(() => world.close());

  /** A system of its own with a solution, and what its clients are handed. */
  async function scene(given: { problems?: number; limit?: Partial<LimitSettings>; mode?: string } = {}) {
    systems += 1;
    const sysCode = `LIM${systems}`;
    await world.system(sysCode);
    const solution = await world.solution({
      sysCode,
      maxRetries: 9,
      executionMode: given.mode ?? 'automatic',
    });
    if (given.limit !== undefined) await set(sysCode, FIX, given.limit);
    await world.report(orders(world, given.problems ?? 8), { sysCode });
    const session = world.session({ sysCode });
    const claim = (max = 500): Promise<FixCommand | null> => world.executions.claim(session, max);
    return {
      sysCode,
      solution,
      session,
      claim,
      keys: async (max?: number) => (await claim(max))?.items.map(({ businessKey }) => businessKey) ?? [],
      tick: () => world.tick(solution),
      answer: async (command: FixCommand | null, outcome: ReportedOutcome, more = {}) => {
        if (command === null) return;
        const body = answers(world, command, outcome, more);
        const results = body.results.map((result, index) => {
          const evidenceHash = command.items[index]?.evidenceHash;
          return evidenceHash === undefined ? result : { ...result, evidenceHash };
        });
        await world.executions.record(session, { ...body, results });
      },
      ids: async () =>
        (await world.problems.list({ limit: 500, sysCode: [sysCode] }, ANYONE)).items
          .reverse()
          .map(({ id }) => id),
      waits: async () =>
        (await world.problems.list({ limit: 500, sysCode: [sysCode] }, ANYONE)).items
          .reverse()
          .map(({ waitReason }) => waitReason),
    };
  }

  async function set(sysCode: string, fixCode: string | null, change: Partial<LimitSettings>) {
    const before = (await limits.list(ANYONE)).find(
      (row) => row.sysCode === sysCode && row.fixCode === fixCode,
    );
    const settings = { ...(before?.settings ?? UNLIMITED), ...change };
    const version = before?.version ?? 0;
    return limits.set({ sysCode, fixCode, version, settings, reason: 'agreed' }, ANYONE);
  }

  async function open(sysCode: string): Promise<Halt[]> {
    return (await limits.halts({ limit: 100, open: true }, ANYONE)).items.filter(
      (halt) => halt.sysCode === sysCode,
    );
  }

  describe('an hourly limit', () => {
    it('hands out so many and no more, goes on by itself, and says so', async () => {
      const { sysCode, keys, tick, waits } = await scene({ limit: { executionsPerHour: 5 } });
      await tick();
      expect(await keys(3)).toEqual(['R0', 'R1', 'R2']);
      expect(await keys()).toEqual(['R3', 'R4']);
      expect(await keys()).toEqual([]);
      expect((await waits()).slice(5)).toEqual(['paused', 'paused', 'paused']);
      const [halt, ...others] = await open(sysCode);
      expect(others).toEqual([]);
      expect(halt).toMatchObject({
        kind: 'limit',
        fixCode: FIX,
        cause: 'executions-per-hour',
        by: 'policy:limit',
      });
      expect(halt?.figures).toEqual({ used: 5, limit: 5 });
      expect(world.published).toContainEqual({ topic: 'limits', ids: [halt?.id] });
      const shown = (await limits.list(ANYONE)).find((row) => row.sysCode === sysCode && row.fixCode === FIX);
      expect(shown?.used).toEqual({ executions: 5, amounts: [{ currency: 'CNY', amountMinor: '350000' }] });

      world.clock.pass(50 * MINUTE_MS);
      await endPaused(world.context);
      expect(await keys()).toEqual([]);
      world.clock.pass(12 * MINUTE_MS);
      await endPaused(world.context);
      expect(await open(sysCode)).toEqual([]);
      expect(await keys()).toEqual(['R5', 'R6', 'R7']);
    });

    it('finds by the filter what it shows', async () => {
      const { sysCode, tick, claim } = await scene({ limit: { executionsPerHour: 2 } });
      await tick();
      await claim();
      const found = await world.problems.list(
        { limit: 50, sysCode: [sysCode], waitReason: ['paused'] },
        ANYONE,
      );
      expect(found.items).toHaveLength(6);
    });

    it('lets clicks pass, and counts only ticks', async () => {
      const { ids, keys, tick } = await scene({ limit: { executionsPerHour: 2 } });
      await tick();
      expect(await keys()).toHaveLength(2);
      const [, , third, fourth] = await ids();
      await world.problems.run([third ?? '', fourth ?? ''], ANYONE, 'looked at');
      expect(await keys()).toEqual(['R2', 'R3']);
      expect(await keys()).toEqual([]);
    });

    it('is not passed by claims at the same time', async () => {
      const { sysCode, tick } = await scene({ problems: 60, limit: { executionsPerHour: 20 } });
      await tick();
      const sessions = Array.from({ length: 10 }, () => world.session({ sysCode }));
      const got = await Promise.all(sessions.map((session) => world.executions.claim(session, 7)));
      const more = await Promise.all(sessions.map((session) => world.executions.claim(session, 7)));
      const items = [...got, ...more].flatMap((command) => command?.items ?? []);
      expect(items).toHaveLength(20);
      expect(new Set(items.map(({ businessKey }) => businessKey)).size).toBe(20);
    });

    it('gets back what came back unused', async () => {
      const { claim, keys, tick } = await scene({ limit: { executionsPerHour: 4 } });
      await tick();
      const first = await claim(4);
      await world.executions.giveBack(first?.leaseId ?? '');
      expect(await keys()).toEqual(['R0', 'R1', 'R2', 'R3']);
      expect(await keys()).toEqual([]);
    });

    it('counts money by currency; what is larger than the limit waits and holds up nobody', async () => {
      const { sysCode, keys, tick, waits } = await scene({
        problems: 0,
        limit: { amountsPerHour: [{ currency: 'CNY', amountMinor: '1000' }] },
      });
      const sized = (key: string, amountMinor: string, currency = 'CNY') =>
        order(world, key, { amountMinor, currency });
      await world.report(
        [
          sized('A', '600'),
          sized('B', '1001'),
          sized('C', '400'),
          sized('D', '5000', 'USD'),
          sized('E', '1'),
        ],
        { sysCode },
      );
      await tick();
      expect(await keys()).toEqual(['A', 'C', 'D']);
      expect((await waits())[1]).toBe('paused');
      expect((await open(sysCode))[0]?.figures).toEqual({
        currency: 'CNY',
        used: '1000',
        needed: '1',
        limit: '1000',
      });
    });

    it('of a system holds over all its solutions', async () => {
      const { sysCode, solution, claim, keys } = await scene({ problems: 3 });
      const other = await world.solution({ sysCode, fixCode: OTHER_FIX });
      await world.report(
        [order(world, 'O1', { fixCode: OTHER_FIX }), order(world, 'O2', { fixCode: OTHER_FIX })],
        {
          sysCode,
        },
      );
      await set(sysCode, null, { executionsPerHour: 4 });
      await world.tick(solution);
      await world.tick(other);
      expect(await keys()).toEqual(['R0', 'R1', 'R2']);
      expect(await keys()).toEqual(['O1']);
      expect(await claim()).toBeNull();
      expect((await open(sysCode))[0]).toMatchObject({ kind: 'limit', fixCode: null });
    });

    it('goes on at once where it is raised; a change names the version that it is of', async () => {
      const { sysCode, keys, tick } = await scene({ limit: { executionsPerHour: 2 } });
      await tick();
      expect(await keys()).toHaveLength(2);
      expect(await keys()).toEqual([]);
      const [halt] = await open(sysCode);
      await expect(limits.resume(halt?.id ?? '', ANYONE, 'now')).rejects.toMatchObject({
        code: 'wrong-state',
      });
      await set(sysCode, FIX, { executionsPerHour: 20 });
      expect(await open(sysCode)).toEqual([]);
      expect(await keys()).toHaveLength(6);
      const stale = { sysCode, fixCode: FIX, version: 1, settings: UNLIMITED, reason: 'late' };
      await expect(limits.set(stale, ANYONE)).rejects.toMatchObject({ code: 'wrong-state' });
      const acts = await sql<{ detail: { before: LimitSettings; after: LimitSettings } }>`
        SELECT detail FROM piculus.audit WHERE act = 'set-limits' AND sys_code = ${sysCode} ORDER BY id`.execute(
        world.database.db,
      );
      expect(
        acts.rows.map(({ detail }) => [detail.before.executionsPerHour, detail.after.executionsPerHour]),
      ).toEqual([
        [null, 2],
        [2, 20],
      ]);
    });
  });

  describe('a breaker', () => {
    it('trips on failures before the next claim, and ends only by a person', async () => {
      const breaker = { ...CAREFUL_BREAKER, failureMin: 4 };
      const { sysCode, claim, keys, tick, answer } = await scene({ problems: 6, limit: { breaker } });
      await tick();
      await answer(await claim(2), 'failed');
      await answer(await claim(2), 'fixed');
      expect(await keys()).toEqual([]);
      const [halt] = await open(sysCode);
      expect(halt).toMatchObject({
        kind: 'breaker',
        cause: 'failure-share',
        fixCode: FIX,
        by: 'policy:breaker',
      });
      expect(halt?.figures).toEqual({ failed: 2, finished: 4, percent: 50 });
      world.clock.pass(2 * 60 * MINUTE_MS);
      await endPaused(world.context);
      await tripBreakers(world.context);
      expect(await keys()).toEqual([]);
      const ended = await limits.resume(halt?.id ?? '', person('engineer'), 'the bank is back');
      expect(ended).toMatchObject({ endedBy: 'engineer', endedReason: 'the bank is back' });
      expect(await keys()).toHaveLength(2);
      const again = limits.resume(halt?.id ?? '', ANYONE, 'again');
      await expect(again).rejects.toMatchObject({ code: 'wrong-state' });
    });

    it('does not count again what was before it was let go', async () => {
      const breaker = { ...CAREFUL_BREAKER, failureMin: 2 };
      const { sysCode, claim, keys, tick, answer } = await scene({ problems: 6, limit: { breaker } });
      await tick();
      await answer(await claim(2), 'refused');
      expect(await keys()).toEqual([]);
      const [halt] = await open(sysCode);
      await limits.resume(halt?.id ?? '', ANYONE, 'mended');
      expect(await keys(1)).toHaveLength(1);
      await tripBreakers(world.context);
      expect(await open(sysCode)).toEqual([]);
    });

    it('trips by itself when reports jump, counting sightings only once', async () => {
      const { sysCode, claim, tick } = await scene({ problems: 2 });
      world.clock.pass(3 * DAY_MS);
      const breaker = { ...CAREFUL_BREAKER, reportMin: 10 };
      await set(sysCode, FIX, { breaker });
      // Seen again, which is nothing new.
      await world.report(orders(world, 2), { sysCode });
      await world.report(orders(world, 9, 'N'), { sysCode });
      await tripBreakers(world.context);
      expect(await open(sysCode)).toEqual([]);
      await world.report(orders(world, 1, 'M'), { sysCode });
      await tripBreakers(world.context);
      const [halt] = await open(sysCode);
      expect(halt).toMatchObject({ kind: 'breaker', cause: 'report-rate' });
      expect(halt?.figures).toMatchObject({ reports: 10, usual: 0.03, times: 5 });
      await tick();
      expect(await claim()).toBeNull();
    });

    it('trips when answers were not true: not verified, or broken again in a complete collect', async () => {
      const breaker = { ...CAREFUL_BREAKER, contradictionsMax: 1 };
      const { sysCode, claim, tick, answer } = await scene({ problems: 3, limit: { breaker } });
      await tick();
      await answer(await claim(1), 'fixed', { verified: false });
      await tripBreakers(world.context);
      expect(await open(sysCode)).toEqual([]);
      await answer(await claim(1), 'fixed', { verified: false });
      expect(await claim()).toBeNull();
      expect((await open(sysCode))[0]?.figures).toEqual({ contradictions: 2, max: 1 });

      const other = await scene({ problems: 2 });
      await other.tick();
      await other.answer(await other.claim(), 'fixed');
      world.clock.pass(MINUTE_MS);
      await world.report(orders(world, 2), { sysCode: other.sysCode, commandId: '990001' });
      const found = await transaction(world.database.db, (tx) => contradictedByCollect(tx, '990001'));
      expect(found).toEqual([{ fixCode: FIX, contradictions: 2 }]);
    });
  });

  it('a canary: ticks begin once enough clicks went well under this version', async () => {
    const { ids, keys, claim, tick, answer, solution, waits } = await scene({ limit: { canary: 2 } });
    await tick();
    expect(await keys()).toEqual([]);
    expect(new Set(await waits())).toEqual(new Set(['paused']));
    const [first = '', second = '', third = ''] = await ids();
    await world.problems.run([first], ANYONE, undefined);
    await answer(await claim(), 'failed');
    await world.problems.run([second], ANYONE, undefined);
    await answer(await claim(), 'fixed');
    expect(await keys()).toEqual([]);
    await world.problems.run([third], ANYONE, undefined);
    await answer(await claim(), 'fixed');
    expect((await keys()).length).toBeGreaterThan(0);
    // A new version begins anew.
    await sql`INSERT INTO piculus.solution_versions
      SELECT solution_id, 2, max_retries, retry_cron, time_zone, execution_mode, status, level, description, changed_at, changed_by
      FROM piculus.solution_versions WHERE solution_id = ${solution}`.execute(world.database.db);
    await sql`UPDATE piculus.solutions SET version = 2 WHERE id = ${solution}`.execute(world.database.db);
    await world.report(orders(world, 2, 'V'), { sysCode: `LIM${systems}` });
    world.clock.pass(MINUTE_MS);
    await tick();
    expect(await keys()).toEqual([]);
  });

  describe('the switch', () => {
    it.each(['solution', 'system', 'everything'] as const)('stops %s, and lets clicks pass', async (what) => {
      const { sysCode, ids, keys, tick, waits } = await scene({ problems: 3 });
      await tick();
      const place = { solution: { sysCode, fixCode: FIX }, system: { sysCode }, everything: {} }[what];
      const halt = await limits.stop({ ...place, includeManual: false, reason: 'looks wrong' }, ANYONE);
      expect(await keys()).toEqual([]);
      expect(await waits()).toEqual(['paused', 'paused', 'paused']);
      const [first = ''] = await ids();
      await world.problems.run([first], ANYONE, undefined);
      expect(await keys()).toEqual(['R0']);
      const again = limits.stop({ ...place, includeManual: false, reason: 'too' }, ANYONE);
      await expect(again).rejects.toMatchObject({ code: 'already-exists' });
      await limits.resume(halt.id, ANYONE, 'looked right after all');
      expect(await keys()).toEqual(['R1', 'R2']);
    });

    it('stops clicks too where it is asked to, and keeps them', async () => {
      const { sysCode, ids, keys, waits } = await scene({ problems: 2, mode: 'manual' });
      const [first = ''] = await ids();
      const halt = await limits.stop({ sysCode, includeManual: true, reason: 'everything' }, ANYONE);
      await world.problems.run([first], ANYONE, undefined);
      expect(await waits()).toEqual(['paused', 'manual']);
      expect(await keys()).toEqual([]);
      await limits.resume(halt.id, ANYONE, 'go');
      expect(await keys()).toEqual(['R0']);
    });

    it('is not for everybody', async () => {
      const { sysCode } = await scene({ problems: 0 });
      const other = await scene({ problems: 0 });
      const as = (name: string, ...grants: Parameters<typeof scopesOf>[0]): Caller => ({
        ...person(name),
        scope: scopesOf(grants),
      });
      const operator = as('operator', { verbs: ['view', 'execute'], sysCode });
      const stop = (caller: Caller, place: { sysCode?: string }) =>
        limits.stop({ ...place, includeManual: false, reason: 'why not' }, caller);
      await expect(stop(operator, {})).rejects.toMatchObject({ code: 'not-allowed' });
      await expect(stop(operator, { sysCode: other.sysCode })).rejects.toMatchObject({ code: 'not-found' });
      const viewer = as('viewer', { verbs: ['view'], sysCode });
      await expect(stop(viewer, { sysCode })).rejects.toMatchObject({ code: 'not-allowed' });
      const halt = await stop(operator, { sysCode });
      await expect(limits.resume(halt.id, operator, 'on')).rejects.toMatchObject({ code: 'not-allowed' });
      const elsewhere = as('engineer', { verbs: ['view', 'configure'], sysCode: other.sysCode });
      await expect(limits.resume(halt.id, elsewhere, 'on')).rejects.toMatchObject({ code: 'not-found' });
      expect((await limits.halts({ limit: 50, open: true }, elsewhere)).items).toEqual([]);
      expect(new Set((await limits.list(viewer)).map((row) => row.sysCode))).toEqual(new Set([sysCode]));
      const settings = { ...UNLIMITED, executionsPerHour: 1 };
      const raise = limits.set({ sysCode, fixCode: FIX, version: 0, settings, reason: 'x' }, viewer);
      await expect(raise).rejects.toMatchObject({ code: 'not-allowed' });
      await limits.resume(halt.id, as('engineer', { verbs: ['view', 'configure'], sysCode }), 'on');
      const acts = await sql<{ act: string; actor: string; reason: string }>`
        SELECT act, actor, reason FROM piculus.audit WHERE sys_code = ${sysCode} AND act IN ('stop', 'resume') ORDER BY id
      `.execute(world.database.db);
      expect(acts.rows).toEqual([
        { act: 'stop', actor: 'operator', reason: 'why not' },
        { act: 'resume', actor: 'engineer', reason: 'on' },
      ]);
    });
  });
});
