import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SolutionInput } from '@piculus/protocol/http';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { helloOf, openWorld, refusal, START, type World } from '../collections/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('solutions on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.drop());

  const inputFor = (sysCode: string, change: Partial<SolutionInput> = {}): SolutionInput => ({
    sysCode,
    fixCode: 'interRechargeFixServiceImpl',
    maxRetries: 5,
    retryCron: '0 0/10 * * * ?',
    timeZone: 'UTC',
    executionMode: 'automatic',
    status: 'enabled',
    level: 'very-important',
    description: 'TEST',
    ...change,
  });
  const stored = async (id: string) => {
    const found = await sql<{ version: number; tick_at: Date; tick_done: boolean }>`
      SELECT version, tick_at, tick_done FROM piculus.solutions WHERE id = ${id}`.execute(world.db);
    return found.rows[0];
  };

  it('are stored with the next five ticks and a warning for a fix that nobody announced', async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem();
    const solution = await world.solutions.create(inputFor(sysCode), person('operator'));
    expect(solution).toMatchObject({ version: 1, maxRetries: 5, changedBy: 'operator', description: 'TEST' });
    expect(solution.nextTicks).toEqual(
      ['10', '20', '30', '40', '50'].map((minute) => `2026-11-22T09:${minute}:00.000Z`),
    );
    expect(solution.warnings.map(({ field }) => field)).toEqual(['fixCode']);
    expect(await stored(solution.id)).toMatchObject({ tick_at: START, tick_done: true });
    await world.clients.connected(sysCode, helloOf(`c-${sysCode}`, ['interRechargeFixServiceImpl']));
    expect((await world.solutions.get(solution.id, ANYONE)).warnings).toEqual([]);
    expect(world.woken).toContain('solutions');
    expect(world.events).toContainEqual({ topic: 'solutions', sysCode, ids: [solution.id], more: false });
  });

  it('name every bad field in both languages and store nothing', async () => {
    const sysCode = await world.newSystem();
    const bad = inputFor(sysCode, { retryCron: '0 0 0 30 2 ?', timeZone: 'Nowhere' });
    for (const attempt of [
      world.solutions.create(bad, person('operator')),
      world.solutions.validate(bad, ANYONE),
    ]) {
      const error = await refusal(attempt);
      expect(error).toMatchObject({ code: 'invalid-field' });
      expect(error.fields.map(({ field }) => field).sort()).toEqual(['retryCron', 'timeZone']);
      for (const { reason } of error.fields) expect(reason.en && reason.zh).toBeTruthy();
    }
    expect(await world.solutions.list({ sysCode }, ANYONE)).toEqual([]);
    const unknown = await refusal(world.solutions.create(inputFor('NOBODY'), person('operator')));
    expect(unknown.fields.map(({ field }) => field)).toEqual(['sysCode']);
  });

  it('are checked without being stored', async () => {
    const sysCode = await world.newSystem();
    const checked = await world.solutions.validate(inputFor(sysCode), ANYONE);
    expect(checked.nextTicks).toHaveLength(5);
    expect(checked.words).toEqual({ en: 'Every 10 minutes', zh: '每隔 10 分钟' });
    expect(checked.warnings).toHaveLength(1);
    expect(await world.solutions.list({ sysCode }, ANYONE)).toEqual([]);
  });

  it('keep every version, and end the pass under way only where the ticks change', async () => {
    const sysCode = await world.newSystem();
    const { id } = await world.solutions.create(inputFor(sysCode), person('operator'));
    await sql`UPDATE piculus.solutions SET tick_done = false, tick_cursor = 7 WHERE id = ${id}`.execute(
      world.db,
    );
    world.clock.advance(1_000);
    const second = await world.solutions.change(
      id,
      { maxRetries: 9, expectedVersion: 1 },
      person('second operator'),
    );
    expect(second).toMatchObject({
      version: 2,
      maxRetries: 9,
      retryCron: '0 0/10 * * * ?',
      changedBy: 'second operator',
    });
    expect(await stored(id)).toMatchObject({ version: 2, tick_done: false });
    const third = await world.solutions.change(id, { status: 'disabled' }, person('operator'));
    expect(third).toMatchObject({ version: 3, status: 'disabled', nextTicks: [] });
    expect(await stored(id)).toMatchObject({ tick_done: true, tick_at: world.clock.now() });
    const versions = await world.solutions.versions(id, ANYONE);
    expect(versions.map(({ version, maxRetries, status }) => [version, maxRetries, status])).toEqual([
      [3, 9, 'disabled'],
      [2, 9, 'enabled'],
      [1, 5, 'enabled'],
    ]);
    const acts = await sql<{ act: string; actor: string; before: object; after: object }>`
      SELECT act, actor, before, after FROM piculus.audit WHERE target = ${`solution:${id}`} ORDER BY id`.execute(
      world.db,
    );
    expect(acts.rows.map(({ act, actor }) => [act, actor])).toEqual([
      ['create-solution', 'operator'],
      ['change-solution', 'second operator'],
      ['change-solution', 'operator'],
    ]);
    expect(acts.rows[1]).toMatchObject({ before: { maxRetries: 5 }, after: { maxRetries: 9 } });
  });

  it('refuse a change from an old version, a bad cron, and make no version of no change', async () => {
    const sysCode = await world.newSystem();
    const { id } = await world.solutions.create(inputFor(sysCode), person('operator'));
    const change = (to: Parameters<World['solutions']['change']>[1]) =>
      world.solutions.change(id, to, person('operator'));
    expect((await change({ maxRetries: 5 })).version).toBe(1);
    expect((await change({ level: 'normal' })).version).toBe(2);
    expect(await refusal(change({ level: 'important', expectedVersion: 1 }))).toMatchObject({
      code: 'wrong-state',
    });
    expect(await refusal(change({ retryCron: '@daily' }))).toMatchObject({ code: 'invalid-field' });
    expect((await world.solutions.get(id, ANYONE)).version).toBe(2);
    expect(await refusal(world.solutions.change('999999', {}, person('operator')))).toMatchObject({
      code: 'not-found',
    });
  });

  it('may be disabled after the years of their cron are over', async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem();
    const { id } = await world.solutions.create(
      inputFor(sysCode, { retryCron: '0 0 0 1 1 ? 2027' }),
      person('operator'),
    );
    world.clock.set(new Date('2027-06-01T00:00:00Z'));
    expect((await world.solutions.get(id, ANYONE)).nextTicks).toEqual([]);
    expect(await world.solutions.change(id, { status: 'disabled' }, person('operator'))).toMatchObject({
      version: 2,
    });
    expect(
      await refusal(world.solutions.change(id, { retryCron: '0 0 0 1 1 ? 2026' }, person('operator'))),
    ).toMatchObject({
      code: 'invalid-field',
    });
    world.clock.set(START);
  });

  it('make one version of each of two changes at the same moment', async () => {
    const sysCode = await world.newSystem();
    const { id } = await world.solutions.create(inputFor(sysCode), person('operator'));
    const changes = [11, 12, 13].map((maxRetries) =>
      world.solutions.change(id, { maxRetries }, person('operator')),
    );
    const versions = (await Promise.all(changes)).map(({ version }) => version).sort();
    expect(versions).toEqual([2, 3, 4]);
  });

  it('leave versions behind when they are deleted, and may be made anew', async () => {
    const sysCode = await world.newSystem();
    const first = await world.solutions.create(inputFor(sysCode), person('operator'));
    expect(await refusal(world.solutions.create(inputFor(sysCode), person('operator')))).toMatchObject({
      code: 'already-exists',
    });
    await world.solutions.remove(first.id, person('operator'));
    expect(await refusal(world.solutions.get(first.id, ANYONE))).toMatchObject({ code: 'not-found' });
    expect(await refusal(world.solutions.remove(first.id, person('operator')))).toMatchObject({
      code: 'not-found',
    });
    expect(await world.solutions.versions(first.id, ANYONE)).toHaveLength(1);
    const again = await world.solutions.create(inputFor(sysCode), person('operator'));
    expect(again.id).not.toBe(first.id);
    expect(again.version).toBe(1);
    expect((await world.solutions.list({ sysCode }, ANYONE)).map(({ id }) => id)).toEqual([again.id]);
  });
});
