import { COLLECT_STATES, type CollectState, type ProblemReport } from '@piculus/protocol';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { collectionState } from '../../src/collections/rules.ts';
import {
  DAY_MS,
  helloOf,
  LEASE_MS,
  openWorld,
  problemOf,
  refusal,
  sessionOf,
  START,
  type TestSession,
  type World,
} from './world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const FIXES = ['interRechargeFixServiceImpl', 'rechargeFailedFixServiceImpl'];

describe.each(TEST_ENGINES)('collections on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.drop());

  const start = (
    sysCodes: string[],
    change: { fixCodes?: string[]; windowFrom?: string; windowTo?: string } = {},
  ) => world.collections.start({ sysCodes, ...change }, person('operator'), 'click');
  const claim = async (session: TestSession) => {
    const command = await world.collections.claim(session);
    if (!command) throw new Error('nothing to claim');
    return command;
  };
  const report = (
    session: TestSession,
    command: { commandId: string; epoch: number },
    sequence: number,
    problems: ProblemReport[],
  ) =>
    world.collections.report(session, {
      commandId: command.commandId,
      epoch: command.epoch,
      sequence,
      problems,
    });
  const done = (session: TestSession, command: { commandId: string; epoch: number }, change = {}) =>
    world.collections.done(session, {
      commandId: command.commandId,
      epoch: command.epoch,
      complete: true,
      rowsScanned: 1_000,
      problemsFound: 0,
      durationMs: 12,
      feeds: [{ side: 'bank', reachesTo: world.clock.now().toISOString(), complete: true }],
      ...change,
    });
  /** A system with one client that has claimed a command. */
  const running = async (fixCodes?: string[]) => {
    const sysCode = await world.newSystem();
    const session = sessionOf(sysCode, FIXES);
    const collection = await start([sysCode], fixCodes ? { fixCodes } : {});
    return { sysCode, session, collection, command: await claim(session) };
  };
  const keys = (count: number, from = 0): ProblemReport[] =>
    Array.from({ length: count }, (_, index) => problemOf(`order-${from + index}`));

  it("hold one command for each system, with the system's own window", async () => {
    world.clock.set(START);
    const [one, other] = [await world.newSystem(), await world.newSystem()];
    const collection = await start([one, other]);
    expect(collection).toMatchObject({
      trigger: 'click',
      requestedBy: 'operator',
      state: 'waiting',
      finishedAt: null,
    });
    expect(collection.windowFrom).toBe(new Date(START.getTime() - 3 * DAY_MS).toISOString());
    expect(collection.commands.map(({ sysCode, state }) => [sysCode, state])).toEqual(
      [one, other].sort().map((sysCode) => [sysCode, 'waiting']),
    );
    expect(world.woken).toContain('collect');
    expect(world.events).toContainEqual({
      topic: 'collections',
      sysCode: null,
      systems: [one, other].sort(),
      ids: [collection.id],
      more: false,
    });
  });

  it('are refused for systems that are unknown or disabled, and store nothing then', async () => {
    const sysCode = await world.newSystem();
    await world.systems.change(sysCode, { enabled: false }, person('operator'));
    expect(await refusal(start([sysCode]))).toMatchObject({ code: 'wrong-state' });
    const unknown = await refusal(start(['NOBODY']));
    expect(unknown.fields.map(({ field }) => field)).toEqual(['sysCodes']);
    expect((await world.collections.list({ limit: 10, sysCode }, ANYONE)).items).toEqual([]);
  });

  it('go to one client, with what it can collect of what was asked for', async () => {
    const sysCode = await world.newSystem();
    const [first, second] = [sessionOf(sysCode, FIXES), sessionOf(sysCode, FIXES)];
    const { id } = await start([sysCode], { fixCodes: ['interRechargeFixServiceImpl', 'unheardOfFix'] });
    const claims = await Promise.all([world.collections.claim(first), world.collections.claim(second)]);
    const given = claims.filter((command) => command !== null);
    expect(given).toMatchObject([{ collectionId: id, epoch: 1, fixCodes: ['interRechargeFixServiceImpl'] }]);
    const stranger = sessionOf(await world.newSystem(), FIXES);
    expect(await world.collections.claim(stranger)).toBeNull();
    expect(await world.collections.get(id, ANYONE)).toMatchObject({
      state: 'running',
      commands: [{ epoch: 1, clientVersion: '2.3.4' }],
    });
    expect((await world.collections.get(id, ANYONE)).commands[0]?.fixCodes).toEqual([
      'interRechargeFixServiceImpl',
      'unheardOfFix',
    ]);
  });

  it('do not go to a client that has none of the collectors, nor twice to one client', async () => {
    const sysCode = await world.newSystem();
    await start([sysCode], { fixCodes: ['rechargeFailedFixServiceImpl'] });
    expect(await world.collections.claim(sessionOf(sysCode, ['interRechargeFixServiceImpl']))).toBeNull();
    expect(await world.collections.claim(sessionOf(sysCode, []))).toBeNull();
    const able = sessionOf(sysCode, FIXES);
    await claim(able);
    await start([sysCode]);
    expect(await world.collections.claim(able)).toBeNull();
    await claim(sessionOf(sysCode, FIXES));
  });

  it('store reports once, however often they come, and end complete', async () => {
    const { session, command, collection, sysCode } = await running();
    await report(session, command, 1, keys(3));
    await report(session, command, 1, keys(3));
    await report(session, command, 2, keys(3, 2));
    await world.collections.progress(session, { ...idsOf(command), rowsScanned: 500, problemsFound: 6 });
    expect((await world.collections.get(collection.id, ANYONE)).commands).toMatchObject([
      { state: 'running', problemsReported: 6, problemsNew: 5, rowsScanned: 500 },
    ]);
    world.clock.advance(1_000);
    await done(session, command, { problemsFound: 6 });
    const ended = await world.collections.get(collection.id, ANYONE);
    expect(ended).toMatchObject({ state: 'complete', finishedAt: world.clock.now().toISOString() });
    expect(ended.commands).toMatchObject([
      { state: 'complete', reason: null, rowsScanned: 1_000, problemsReported: 6 },
    ]);
    expect(ended.commands[0]?.feeds).toHaveLength(1);
    // Last words that come again are acknowledged and change nothing.
    await done(session, command, { complete: false });
    await report(session, command, 2, keys(3, 2));
    expect(await world.collections.get(collection.id, ANYONE)).toEqual(ended);
    expect(await refusal(report(session, command, 3, keys(1, 9)))).toMatchObject({ code: 'stale-lease' });
    const stored = await sql<{ n: string }>`
      SELECT count(*) AS n FROM piculus.problems WHERE sys_code = ${sysCode}`.execute(world.db);
    expect(stored.rows[0]?.n).toBe('5');
    expect((await world.systems.list(ANYONE)).find((one) => one.sysCode === sysCode)?.lastCollectAt).toBe(
      ended.finishedAt,
    );
  });

  it('take reports that overtook each other', async () => {
    const { session, command, collection } = await running();
    await Promise.all(
      [3, 1, 4, 2].map((sequence) => report(session, command, sequence, keys(2, sequence * 10))),
    );
    await done(session, command, { problemsFound: 8 });
    expect(await world.collections.get(collection.id, ANYONE)).toMatchObject({
      state: 'complete',
      commands: [{ problemsNew: 8 }],
    });
  });

  it('end incomplete, with the reason, where something is missing', async () => {
    const { session, command, collection } = await running(['interRechargeFixServiceImpl', 'unheardOfFix']);
    await report(session, command, 2, keys(1));
    await done(session, command, { problemsFound: 3 });
    const [ended] = (await world.collections.get(collection.id, ANYONE)).commands;
    expect(ended).toMatchObject({ state: 'incomplete' });
    expect(ended?.reason).toContain('1 of 2 reports');
    expect(ended?.reason).toContain('unheardOfFix');
  });

  it('change hands when a client falls silent, and the silent one is refused from then on', async () => {
    const { session, command, collection, sysCode } = await running();
    await report(session, command, 1, keys(2));
    const heir = sessionOf(sysCode, FIXES);
    world.clock.advance(LEASE_MS - 1);
    expect(await world.collections.claim(heir)).toBeNull();
    await world.collections.renew(session.clientId, [command.commandId, 'no-number', '99999999999999999999']);
    world.clock.advance(LEASE_MS - 1);
    expect(await world.collections.claim(heir)).toBeNull();
    world.clock.advance(2);
    const taken = await claim(heir);
    expect(taken).toMatchObject({ commandId: command.commandId, epoch: 2 });
    expect((await world.collections.get(collection.id, ANYONE)).commands).toMatchObject([
      { problemsReported: 0, clientId: heir.clientId },
    ]);
    const late = [
      report(session, command, 2, keys(1)),
      done(session, command),
      world.collections.progress(session, { ...idsOf(command), rowsScanned: 1, problemsFound: 1 }),
    ];
    for (const error of await Promise.all(late.map(refusal))) expect(error.code).toBe('stale-lease');
    // The heir tells the same sequence again: it is his own first.
    await report(heir, taken, 1, keys(2));
    await done(heir, taken, { problemsFound: 2 });
    expect(await world.collections.get(collection.id, ANYONE)).toMatchObject({
      state: 'complete',
      commands: [{ problemsReported: 2, problemsNew: 0 }],
    });
  });

  it('are told apart by their epoch, also where the same client takes one again', async () => {
    const { session, command, collection } = await running();
    await report(session, command, 1, keys(1));
    world.clock.advance(LEASE_MS + 1);
    const again = await claim(session);
    expect(again).toMatchObject({ commandId: command.commandId, epoch: 2 });
    expect(await refusal(report(session, command, 2, keys(1)))).toMatchObject({ code: 'stale-lease' });
    expect(await refusal(done(session, command))).toMatchObject({ code: 'stale-lease' });
    await done(session, again);
    expect(await world.collections.get(collection.id, ANYONE)).toMatchObject({ state: 'complete' });
  });

  it('go to one of ten clients that reach for one at the same moment', async () => {
    for (let round = 0; round < 3; round += 1) {
      const sysCode = await world.newSystem();
      const sessions = Array.from({ length: 10 }, () => sessionOf(sysCode, FIXES));
      const { id } = await start([sysCode]);
      const claims = await Promise.all(sessions.map((session) => world.collections.claim(session)));
      expect(claims.filter((command) => command !== null)).toHaveLength(1);
      expect((await world.collections.get(id, ANYONE)).commands).toMatchObject([{ epoch: 1 }]);
    }
  });

  it("are nobody else's to speak of", async () => {
    const { command } = await running();
    const stranger = sessionOf(await world.newSystem(), FIXES);
    expect(await refusal(report(stranger, command, 1, keys(1)))).toMatchObject({ code: 'unknown-command' });
    for (const commandId of ['999999', 'abc', '0', '99999999999999999999']) {
      expect(await refusal(report(stranger, { ...command, commandId }, 1, keys(1)))).toMatchObject({
        code: 'unknown-command',
      });
    }
  });

  it('wait again after a delivery that failed, unless somebody took them meanwhile', async () => {
    const { sysCode, command, collection } = await running();
    await world.collections.giveBack(command.commandId, command.epoch);
    expect(await world.collections.get(collection.id, ANYONE)).toMatchObject({
      state: 'waiting',
      commands: [{ clientId: null }],
    });
    const heir = sessionOf(sysCode, FIXES);
    const taken = await claim(heir);
    await world.collections.giveBack(command.commandId, command.epoch);
    expect(await world.collections.get(collection.id, ANYONE)).toMatchObject({
      state: 'running',
      commands: [{ clientId: heir.clientId, epoch: taken.epoch }],
    });
  });

  it('can be cancelled while something of them has not ended', async () => {
    const [one = '', other = ''] = [await world.newSystem(), await world.newSystem()].sort();
    const { id } = await start([one, other]);
    const session = sessionOf(one, FIXES);
    const command = await claim(session);
    await report(session, command, 1, keys(2));
    const cancelled = await world.collections.cancel(id, person('operator'));
    expect(cancelled.running).toEqual([{ commandId: command.commandId, clientId: session.clientId }]);
    expect(cancelled.collection).toMatchObject({ state: 'cancelled' });
    expect(cancelled.collection.finishedAt).not.toBeNull();
    expect(await refusal(report(session, command, 2, keys(1)))).toMatchObject({ code: 'stale-lease' });
    await done(session, command);
    expect(await world.collections.get(id, ANYONE)).toMatchObject({
      state: 'cancelled',
      commands: [{ problemsReported: 2 }, {}],
    });
    expect(await refusal(world.collections.cancel(id, person('operator')))).toMatchObject({
      code: 'wrong-state',
    });
    expect(await refusal(world.collections.cancel('999999', person('operator')))).toMatchObject({
      code: 'not-found',
    });
  });

  it('end as a whole with the last of their commands, also where two end at the same moment', async () => {
    const systems = await Promise.all([world.newSystem(), world.newSystem(), world.newSystem()]);
    const { id } = await start(systems);
    const work = await Promise.all(
      systems.map(async (sysCode) => {
        const session = sessionOf(sysCode, FIXES);
        return { session, command: await claim(session) };
      }),
    );
    await Promise.all(work.map(({ session, command }) => done(session, command)));
    const ended = await world.collections.get(id, ANYONE);
    expect(ended.state).toBe('complete');
    expect(ended.finishedAt).not.toBeNull();
  });

  it('are listed newest first, page by page, by system and by state', async () => {
    const sysCode = await world.newSystem();
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.unshift((await start([sysCode])).id);
    await world.collections.cancel(ids[1] ?? '', person('operator'));
    const list = (query: { after?: string; state?: CollectState[] }) =>
      world.collections.list({ limit: 2, sysCode, ...query }, ANYONE);
    const first = await list({});
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const second = await list({ after: first.next ?? '' });
    expect(second.items.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    const last = await list({ after: second.next ?? '' });
    expect(last).toMatchObject({ items: [{ id: ids[4] }], next: null });
    expect((await list({ state: ['cancelled'] })).items.map(({ id }) => id)).toEqual([ids[1]]);
    expect((await list({ state: ['waiting', 'cancelled'] })).items.map(({ id }) => id)).toEqual(
      ids.slice(0, 2),
    );
    expect(await refusal(list({ after: "1' OR true" }))).toMatchObject({ code: 'invalid-field' });
  });

  it('have the same state in SQL as in the rules', async () => {
    const states = fc.array(fc.constantFrom(...COLLECT_STATES), { minLength: 1, maxLength: 3 });
    const sample = fc.sample(states, { numRuns: 40, seed: 1 });
    const sysCode = await world.newSystem();
    const expected = new Map<string, CollectState>();
    for (const list of sample) {
      const { id } = await start([sysCode]);
      await sql`DELETE FROM piculus.collect_commands WHERE collection_id = ${id}`.execute(world.db);
      for (const state of list) {
        const over = state !== 'waiting' && state !== 'running';
        await sql`
          INSERT INTO piculus.collect_commands (collection_id, sys_code, state, window_from, window_to, created_at, lease_expires_at, finished_at)
          VALUES (${id}, ${sysCode}, ${state}, ${new Date(0)}, ${START}, ${START}, ${state === 'running' ? START : null}, ${over ? START : null})`.execute(
          world.db,
        );
      }
      expected.set(id, collectionState(list));
    }
    for (const state of COLLECT_STATES) {
      const found = await world.collections.list({ limit: 500, sysCode, state: [state] }, ANYONE);
      const wanted = [...expected].filter(([, one]) => one === state).map(([id]) => id);
      expect(found.items.map(({ id }) => id).sort()).toEqual(wanted.sort());
    }
  });

  it('confirm fixes only where the client looks for every kind of problem', async () => {
    const confirmedAfter = async (collectors: string[]) => {
      const { sysCode, session, command } = await running();
      await world.clients.connected(sysCode, helloOf(session.clientId, FIXES));
      const id = await fixedProblem(world, session, command);
      await done(session, command, { problemsFound: 1 });
      world.clock.advance(5 * 60_000);
      const next = sessionOf(sysCode, collectors);
      await start([sysCode]);
      await done(next, await claim(next));
      const found = await sql<{ confirmed_at: Date | null }>`
        SELECT confirmed_at FROM piculus.problems WHERE id = ${id}`.execute(world.db);
      return found.rows[0]?.confirmed_at ?? null;
    };
    expect(await confirmedAfter(FIXES)).toEqual(world.clock.now());
    expect(await confirmedAfter(FIXES.slice(0, 1))).toBeNull();
  });
});

const idsOf = ({ commandId, epoch }: { commandId: string; epoch: number }) => ({ commandId, epoch });

/** Reports one problem and marks it fixed, as an execution would. @returns its id. */
async function fixedProblem(
  world: World,
  session: TestSession,
  command: { commandId: string; epoch: number },
): Promise<string> {
  const { sysCode, clientId } = session;
  await world.collections.report(session, {
    ...idsOf(command),
    sequence: 1,
    problems: [problemOf('fixed-1')],
  });
  const at = world.clock.now();
  const problem = await sql<{ id: string }>`
    UPDATE piculus.problems SET state = 'fixed', state_changed_at = ${at}, last_outcome = 'fixed'
    WHERE sys_code = ${sysCode} RETURNING id`.execute(world.db);
  const id = problem.rows[0]?.id ?? '';
  await sql`
    INSERT INTO piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger, solution_version, lease_id,
      client_id, command_key, outcome, state_before, state_after, reason, effects, moved_minor, replayed, verified, dispatched_at, finished_at)
    VALUES (${id}, ${sysCode}, 'interRechargeFixServiceImpl', 'fixed-1', 1, 'tick', 1, ${`lease-${id}`}, ${clientId}, 'cmd/x',
      'fixed', 'pending', 'fixed', '', '[]', 0, false, true, ${at}, ${at})`.execute(world.db);
  return id;
}
