/** Many solutions at once: all or none, on both databases. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SolutionInput } from '@piculus/protocol/http';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { helloOf, openWorld, refusal, START, type World } from '../collections/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const FIX = 'interRechargeFixServiceImpl';
const OTHER = 'withdrawTimeoutFixServiceImpl';

describe.each(TEST_ENGINES)('an import of solutions on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.drop());

  const inputFor = (sysCode: string, change: Partial<SolutionInput> = {}): SolutionInput => ({
    sysCode,
    fixCode: FIX,
    maxRetries: 5,
    retryCron: '0 0/10 * * * ?',
    timeZone: 'UTC',
    executionMode: 'automatic',
    status: 'enabled',
    level: 'very-important',
    description: 'TEST',
    ...change,
  });
  const importing = (items: SolutionInput[], dryRun = false) =>
    world.solutions.import({ items, dryRun }, person('importer'));
  const acts = async (sysCode: string) => {
    const found = await sql<{ act: string; actor: string; detail: unknown }>`
      SELECT act, actor, detail FROM piculus.audit WHERE sys_code = ${sysCode} AND act LIKE '%-solution' ORDER BY id`.execute(
      world.db,
    );
    return found.rows;
  };

  it('creates and changes as single changes do, and tells what it did', async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem();
    await world.clients.connected(sysCode, helloOf(`c-${sysCode}`, [FIX]));
    const before = await world.solutions.create(inputFor(sysCode), person('operator'));
    const untouched = await world.solutions.create(
      inputFor(sysCode, { fixCode: 'thirdFix' }),
      person('operator'),
    );
    world.events.length = 0;
    const items = [
      inputFor(sysCode, { maxRetries: 7, description: 'more' }),
      inputFor(sysCode, { fixCode: OTHER }),
      inputFor(sysCode, { fixCode: 'thirdFix' }),
    ];
    const trial = await importing(items, true);
    expect(await world.solutions.list({ sysCode }, ANYONE)).toHaveLength(2);
    expect(world.events).toEqual([]);
    const done = await importing(items);
    expect(done).toEqual(trial);
    expect(done.items).toMatchObject([
      {
        fixCode: FIX,
        action: 'change',
        changes: [
          { field: 'maxRetries', from: 5, to: 7 },
          { field: 'description', from: 'TEST', to: 'more' },
        ],
        warnings: [],
      },
      { fixCode: OTHER, action: 'create', warnings: [{ field: 'fixCode' }] },
      { fixCode: 'thirdFix', action: 'same', changes: [] },
    ]);
    expect(done.items[1]?.changes).toContainEqual({ field: 'maxRetries', from: null, to: 5 });
    expect(await world.solutions.get(before.id, ANYONE)).toMatchObject({
      version: 2,
      maxRetries: 7,
      changedBy: 'importer',
    });
    expect(await world.solutions.get(untouched.id, ANYONE)).toMatchObject({
      version: 1,
      changedBy: 'operator',
    });
    expect((await world.solutions.versions(before.id, ANYONE)).map(({ version }) => version)).toEqual([2, 1]);
    expect((await acts(sysCode)).slice(2)).toMatchObject([
      {
        act: 'change-solution',
        actor: 'importer',
        detail: { version: 2 },
      },
      { act: 'create-solution', actor: 'importer' },
    ]);
    expect(world.events.filter(({ topic }) => topic === 'solutions')).toHaveLength(1);
    expect((await importing(items)).items.map(({ action }) => action)).toEqual(['same', 'same', 'same']);
  });

  it('stores nothing where a row is wrong, and names every one', async () => {
    const sysCode = await world.newSystem();
    const error = await refusal(
      importing([
        inputFor(sysCode),
        inputFor('NOBODY'),
        inputFor(sysCode, { fixCode: OTHER, retryCron: '0 0 0 30 2 ?' }),
        inputFor(sysCode, { maxRetries: 1 }),
        inputFor(sysCode, { fixCode: 'thirdFix', timeZone: 'Nowhere' }),
      ]),
    );
    expect(error.code).toBe('invalid-field');
    expect(error.fields.map(({ field }) => field)).toEqual([
      'items[1].sysCode',
      'items[2].retryCron',
      'items[3].fixCode',
      'items[4].timeZone',
    ]);
    for (const { reason } of error.fields) expect(reason.en && reason.zh).toBeTruthy();
    expect(await world.solutions.list({ sysCode }, ANYONE)).toEqual([]);
    expect(await acts(sysCode)).toEqual([]);
  });

  it('is undone as a whole where it fails in the middle', async () => {
    const sysCode = await world.newSystem();
    await world.solutions.create(inputFor(sysCode), person('operator'));
    const broken = [
      inputFor(sysCode, { maxRetries: 9 }),
      inputFor(sysCode, { fixCode: OTHER, description: '\0' }),
    ];
    await expect(importing(broken)).rejects.toThrow();
    expect(await world.solutions.list({ sysCode }, ANYONE)).toMatchObject([{ version: 1, maxRetries: 5 }]);
  });

  it('leaves a schedule alone that has come to its end and does not change', async () => {
    const sysCode = await world.newSystem();
    const ending = inputFor(sysCode, { retryCron: '0 0 0 1 1 ? 2027' });
    const { id } = await world.solutions.create(ending, person('operator'));
    world.clock.set(new Date('2027-06-01T00:00:00.000Z'));
    await importing([{ ...ending, status: 'disabled' }]);
    expect(await world.solutions.get(id, ANYONE)).toMatchObject({ status: 'disabled', version: 2 });
    const error = await refusal(importing([{ ...ending, timeZone: 'Asia/Shanghai' }]));
    expect(error.fields.map(({ field }) => field)).toEqual(['items[0].retryCron']);
    world.clock.set(START);
  });

  it('ends the clicks that wait where it disables a solution', async () => {
    const sysCode = await world.newSystem();
    await world.solutions.create(inputFor(sysCode, { executionMode: 'manual' }), person('operator'));
    await sql`INSERT INTO piculus.run_requests (problem_id, sys_code, fix_code, trigger, requested_by, requested_at)
      VALUES (4711, ${sysCode}, ${FIX}, 'click', 'operator', ${START})`.execute(world.db);
    world.events.length = 0;
    await importing([inputFor(sysCode, { executionMode: 'manual', status: 'disabled' })]);
    const left = await sql`SELECT FROM piculus.run_requests WHERE sys_code = ${sysCode}`.execute(world.db);
    expect(left.rows).toEqual([]);
    expect(world.events).toContainEqual({ topic: 'problems', sysCode, ids: ['4711'], more: false });
  });
});
