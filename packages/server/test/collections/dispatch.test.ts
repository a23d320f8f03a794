import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EPOCHS_MAX } from '../../src/collections/rules.ts';
import { createCollectDispatcher } from '../../src/dispatch/collect-dispatcher.ts';
import { createCollectRescuer } from '../../src/dispatch/collect-rescuer.ts';
import { createCollectScheduler } from '../../src/dispatch/collect-scheduler.ts';
import {
  helloOf,
  LEASE_MS,
  openWorld,
  sessionOf,
  sessionsOf,
  START,
  type TestSession,
  type World,
} from './world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const FIXES = ['interRechargeFixServiceImpl'];
const MINUTE_MS = 60_000;

let world: World;
beforeAll(async () => {
  world = await openWorld('postgres');
});
afterAll(() => world.drop());

const start = (sysCode: string, fixCodes?: string[]) =>
  world.collections.start(
    { sysCodes: [sysCode], ...(fixCodes ? { fixCodes } : {}) },
    person('operator'),
    'click',
  );
const commandOf = async (id: string) => (await world.collections.get(id, ANYONE)).commands[0];
const dispatcherFor = (...sessions: TestSession[]) =>
  createCollectDispatcher(world.context, world.collections, sessionsOf(...sessions), { pauseMs: 10_000 });

describe('the dispatcher of collects', () => {
  it('sends each command to one client of its system', async () => {
    const sysCode = await world.newSystem();
    const { id } = await start(sysCode);
    const sessions = [
      sessionOf(await world.newSystem(), FIXES),
      sessionOf(sysCode, FIXES),
      sessionOf(sysCode, FIXES),
    ];
    await dispatcherFor(...sessions).runOnce();
    expect(sessions.map(({ sent }) => sent.length)).toEqual([0, 1, 0]);
    expect(sessions[1]?.sent).toMatchObject([
      { type: 'collect', body: { collectionId: id, epoch: 1, fixCodes: FIXES } },
    ]);
  });

  it('gives a command back that did not arrive, and leaves that client alone for a while', async () => {
    const sysCode = await world.newSystem();
    const { id } = await start(sysCode);
    const deaf = sessionOf(sysCode, FIXES, { fails: true });
    const dispatcher = dispatcherFor(deaf);
    await dispatcher.runOnce();
    expect(await commandOf(id)).toMatchObject({ state: 'waiting', epoch: 1 });
    await dispatcher.runOnce();
    expect(await commandOf(id)).toMatchObject({ state: 'waiting', epoch: 1 });
    world.clock.advance(10_001);
    await dispatcher.runOnce();
    expect(await commandOf(id)).toMatchObject({ state: 'waiting', epoch: 2 });
    const hearing = sessionOf(sysCode, FIXES);
    const both = dispatcherFor(deaf, hearing);
    await both.runOnce();
    // Given back in the round before at the latest.
    await both.runOnce();
    expect(hearing.sent).toHaveLength(1);
  });
});

describe('the rescuer of collects', () => {
  const rescuer = () => createCollectRescuer(world.context, { waitMs: 5 * MINUTE_MS });

  it('offers a command whose client fell silent to the others', async () => {
    const sysCode = await world.newSystem();
    const { id } = await start(sysCode);
    const [silent, heir] = [sessionOf(sysCode, FIXES), sessionOf(sysCode, FIXES)];
    await world.clients.connected(sysCode, helloOf(heir.clientId, FIXES));
    await dispatcherFor(silent).runOnce();
    world.clock.advance(LEASE_MS + 1);
    world.woken.length = 0;
    await rescuer().runOnce();
    expect(world.woken).toContain('collect');
    await dispatcherFor(heir).runOnce();
    expect(await commandOf(id)).toMatchObject({ clientId: heir.clientId, epoch: 2 });
  });

  it('fails a command that waited too long without a client, with the reason', async () => {
    const [nobody, unable] = [await world.newSystem(), await world.newSystem()];
    const ids = [(await start(nobody)).id, (await start(unable, ['unheardOfFix'])).id];
    world.clock.advance(5 * MINUTE_MS - 1);
    await world.clients.connected(unable, helloOf(`c-${unable}`, FIXES));
    await rescuer().runOnce();
    for (const id of ids) expect(await commandOf(id)).toMatchObject({ state: 'waiting' });
    world.clock.advance(2);
    await rescuer().runOnce();
    expect(await commandOf(ids[0] ?? '')).toMatchObject({
      state: 'failed',
      reason: 'no client of this system is connected',
    });
    expect((await commandOf(ids[1] ?? ''))?.reason).toContain('unheardOfFix');
    expect(await world.collections.get(ids[0] ?? '', ANYONE)).toMatchObject({
      state: 'failed',
      finishedAt: world.clock.now().toISOString(),
    });
  });

  it('lets a command wait for a client that is busy', async () => {
    const sysCode = await world.newSystem();
    const { id } = await start(sysCode);
    world.clock.advance(6 * MINUTE_MS);
    await world.clients.connected(sysCode, helloOf(`c-${sysCode}`, FIXES));
    await rescuer().runOnce();
    expect(await commandOf(id)).toMatchObject({ state: 'waiting' });
  });

  it('gives a command up that every client dies of', async () => {
    const sysCode = await world.newSystem();
    const { id } = await start(sysCode);
    await world.clients.connected(sysCode, helloOf(`c-${sysCode}`, FIXES));
    await sql`UPDATE piculus.collect_commands SET epoch = ${EPOCHS_MAX} WHERE collection_id = ${id}`.execute(
      world.db,
    );
    expect(await world.collections.claim(sessionOf(sysCode, FIXES))).toBeNull();
    await rescuer().runOnce();
    expect((await commandOf(id))?.reason).toContain(`${EPOCHS_MAX} times`);
  });
});

describe('the scheduler of collects', () => {
  const scheduler = () => createCollectScheduler(world.context);
  const collectionsOf = async (sysCode: string) =>
    (await world.collections.list({ limit: 50, sysCode }, ANYONE)).items;

  it('starts one at a tick, also with several nodes', async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem({ collectCron: '0 0 * * * ?' });
    await scheduler().runOnce();
    expect(await collectionsOf(sysCode)).toEqual([]);
    world.clock.set(new Date('2026-11-22T10:00:00.250Z'));
    await Promise.all([scheduler().runOnce(), scheduler().runOnce(), scheduler().runOnce()]);
    expect(await collectionsOf(sysCode)).toMatchObject([
      { trigger: 'cron', requestedBy: 'cron', state: 'waiting' },
    ]);
    await scheduler().runOnce();
    expect(await collectionsOf(sysCode)).toHaveLength(1);
  });

  it('makes up once what it missed', async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem({ collectCron: '0 0 * * * ?' });
    world.clock.set(new Date('2026-11-25T10:30:00Z'));
    await scheduler().runOnce();
    await scheduler().runOnce();
    expect(await collectionsOf(sysCode)).toHaveLength(1);
  });

  it("follows the system's own zone", async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem({ collectCron: '0 0 18 * * ?', collectTimeZone: 'Asia/Shanghai' });
    world.clock.set(new Date('2026-11-22T09:59:59.999Z'));
    await scheduler().runOnce();
    expect(await collectionsOf(sysCode)).toHaveLength(0);
    world.clock.set(new Date('2026-11-22T10:00:00Z'));
    await scheduler().runOnce();
    expect(await collectionsOf(sysCode)).toHaveLength(1);
  });

  it('does not pile up, and raises the alarm until a collect completes', async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem({ collectCron: '0 0 * * * ?' });
    const alarm = async () =>
      (await world.systems.list(ANYONE)).find((system) => system.sysCode === sysCode)?.alarm;
    world.clock.set(new Date('2026-11-22T10:00:00Z'));
    await scheduler().runOnce();
    world.clock.set(new Date('2026-11-22T11:05:00Z'));
    await scheduler().runOnce();
    expect(await collectionsOf(sysCode)).toHaveLength(1);
    expect((await alarm())?.en).toContain('has not started');

    await createCollectRescuer(world.context).runOnce();
    await scheduler().runOnce();
    const [second, first] = await collectionsOf(sysCode);
    expect(first?.state).toBe('failed');
    expect(second?.state).toBe('waiting');
    const session = sessionOf(sysCode, FIXES);
    const finish = async (complete: boolean): Promise<void> => {
      const command = await world.collections.claim(session);
      if (!command) throw new Error('nothing to claim');
      await world.collections.done(session, {
        commandId: command.commandId,
        epoch: command.epoch,
        complete,
        rowsScanned: 1,
        problemsFound: 0,
        durationMs: 1,
        feeds: [],
        ...(complete ? {} : { reason: 'the statement stops at noon' }),
      });
    };
    await finish(false);
    expect((await alarm())?.en).toContain('the statement stops at noon');
    expect((await alarm())?.zh).toContain('不完整');
    await start(sysCode);
    await finish(true);
    expect(await alarm()).toBeNull();
  });

  it('does not let one broken cron keep other systems from their collects', async () => {
    world.clock.set(START);
    const codes = [await world.newSystem(), await world.newSystem({ collectCron: '0 0 * * * ?' })].sort();
    const [first = '', second = ''] = codes;
    await sql`UPDATE piculus.systems SET collect_cron = 'nonsense' WHERE sys_code = ${first}`.execute(
      world.db,
    );
    await sql`UPDATE piculus.systems SET collect_cron = '0 0 * * * ?' WHERE sys_code = ${second}`.execute(
      world.db,
    );
    world.clock.set(new Date('2026-11-22T10:00:00Z'));
    await scheduler().runOnce();
    expect(await collectionsOf(second)).toHaveLength(1);
    await sql`UPDATE piculus.systems SET collect_cron = NULL WHERE sys_code = ${first}`.execute(world.db);
  });

  it('leaves disabled systems alone', async () => {
    world.clock.set(START);
    const sysCode = await world.newSystem({ collectCron: '0 0 * * * ?' });
    await world.systems.change(sysCode, { enabled: false }, person('operator'));
    world.clock.set(new Date('2026-11-22T12:00:00Z'));
    await scheduler().runOnce();
    expect(await collectionsOf(sysCode)).toEqual([]);
  });
});
