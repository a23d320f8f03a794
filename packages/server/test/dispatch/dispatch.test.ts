/** Ticks, dispatching and rescue, round by round. */
import { type FixCommand, PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { type Context, type Loop, NotSent, type Session } from '../../src/base/services.ts';
import { createDispatcher } from '../../src/dispatch/dispatcher.ts';
import { createRescuer } from '../../src/dispatch/rescuer.ts';
import { createScheduler } from '../../src/dispatch/scheduler.ts';
import { openDatabase } from '../../src/store/database.ts';
import { pingDatabase } from '../../src/store/ping.ts';
import { openPool } from '../../src/store/pool.ts';
import { answers, FIX, openWorld, orders, type World } from '../executions/world.ts';
import { ANYONE } from '../../../../test/support/callers.ts';

const TEN_MINUTES_MS = 600_000;

describe.each(TEST_ENGINES)('dispatch on %s', (engine) => {
  let world: World;
  let systems = 0;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.close());

  interface Client {
    readonly session: Session;
    readonly got: FixCommand[];
    answer(outcome: 'fixed' | 'failed'): Promise<void>;
  }
  /** A system of its own with some problems, a solution and the loops over its clients. */
  async function scene(
    count: number,
    clients: number,
    options: { places?: number; send?: Session['send'] } = {},
  ) {
    systems += 1;
    const sysCode = `SYS${systems}`;
    await world.system(sysCode);
    const solution = await world.solution({ sysCode, maxRetries: 2 });
    await world.report(orders(world, count), { sysCode });
    const connected: Client[] = [];
    const connect = (): Client => {
      const got: FixCommand[] = [];
      let free = options.places ?? 500;
      const session: Session = {
        ...world.session({ sysCode, fixes: new Set([FIX]) }),
        get freePlaces() {
          return free;
        },
        send: async (type, body, correlation) => {
          await options.send?.(type, body, correlation);
          if ('items' in body) {
            free -= body.items.length;
            got.push(body);
          }
        },
      };
      const client: Client = {
        session,
        got,
        answer: async (outcome) => {
          for (const command of got.splice(0)) {
            await world.executions.record(session, answers(world, command, outcome));
            free += command.items.length;
          }
        },
      };
      connected.push(client);
      return client;
    };
    for (let index = 0; index < clients; index += 1) connect();
    const all = (): Session[] => connected.map(({ session }) => session);
    const sessions = { all, bySystem: all };
    return {
      sysCode,
      solution,
      connect,
      clients: connected,
      scheduler: createScheduler(world.context),
      dispatcher: createDispatcher(world.context, world.executions, sessions, { refusedPauseMs: 0 }),
      rescuer: createRescuer(world.context, world.executions, { graceMs: 0 }),
    };
  }
  const round = async (...loops: Loop[]): Promise<void> => {
    for (const loop of loops) await loop.runOnce();
  };
  const items = (client: Client): number =>
    client.got.reduce((sum, command) => sum + command.items.length, 0);

  it('runs each problem once a tick, and a missed tick once, not many times', async () => {
    const { scheduler, dispatcher, clients } = await scene(3, 1);
    const [client] = clients;
    if (client === undefined) throw new Error('no client');
    await round(scheduler, dispatcher);
    expect(items(client)).toBe(0);
    world.clock.pass(5 * TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect(items(client)).toBe(3);
    await client.answer('failed');
    await round(scheduler, dispatcher, scheduler, dispatcher);
    expect(items(client)).toBe(0);
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect(items(client)).toBe(3);
  });

  it('keeps a tick open while nobody is connected, without an execution, and goes on when somebody comes', async () => {
    const { scheduler, dispatcher, connect, sysCode } = await scene(2, 0);
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    world.clock.pass(2 * TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect((await world.executions.list({ limit: 9, sysCode }, ANYONE)).items).toEqual([]);
    const client = connect();
    await round(dispatcher);
    expect(items(client)).toBe(2);
    expect(client.got[0]?.items[0]).toMatchObject({ attempt: 1, trigger: 'tick' });
  });

  it('takes a new problem at the next tick only, and a new solution starts with the next tick', async () => {
    const { scheduler, dispatcher, clients, sysCode } = await scene(1, 1);
    const [client] = clients;
    if (client === undefined) throw new Error('no client');
    world.clock.pass(TEN_MINUTES_MS);
    // Reported after the tick came due, though the scheduler looks only now.
    await world.report(orders(world, 1, 'LATE'), { sysCode });
    await round(scheduler, dispatcher);
    expect(items(client)).toBe(1);
    await client.answer('fixed');
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect(client.got[0]?.items[0]?.businessKey).toBe('LATE0');
  });

  it('never gives a client more than its free places, and goes on as they become free', async () => {
    const { scheduler, dispatcher, clients } = await scene(10, 2, { places: 3 });
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect(clients.map(items)).toEqual([3, 3]);
    await clients[0]?.answer('fixed');
    await round(dispatcher);
    expect(clients.map(items)).toEqual([3, 3]);
    for (const client of clients) await client.answer('fixed');
    await round(dispatcher);
    expect(clients.map(items).reduce((a, b) => a + b)).toBe(1);
  });

  it('gives back what a client refuses, and leaves to the lease what may have arrived', async () => {
    let failure: PiculusError | null = new PiculusError('busy');
    const send = () => (failure === null ? Promise.resolve() : Promise.reject(failure));
    const { scheduler, dispatcher, rescuer, clients, sysCode } = await scene(2, 1, { send });
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect((await world.executions.running(ANYONE)).filter((lease) => lease.sysCode === sysCode)).toEqual([]);
    failure = new PiculusError('no-client');
    await round(dispatcher);
    failure = null;
    await round(dispatcher);
    expect(clients.map(items)).toEqual([0]);
    world.clock.pass(15_000);
    await round(rescuer);
    expect(
      (await world.executions.list({ limit: 9, sysCode }, ANYONE)).items.map(({ outcome }) => outcome),
    ).toEqual(['unknown', 'unknown']);
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect(clients.map(items)).toEqual([2]);
    expect(clients[0]?.got[0]?.items[0]).toMatchObject({ attempt: 2, previousOutcome: 'unknown' });
  });

  it('uses no retry where the client went before anything was sent', async () => {
    let failure: PiculusError | null = new NotSent();
    const send = () => (failure === null ? Promise.resolve() : Promise.reject(failure));
    const { scheduler, dispatcher, rescuer, clients, sysCode } = await scene(1, 1, { send });
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect((await world.executions.running(ANYONE)).filter((lease) => lease.sysCode === sysCode)).toEqual([]);
    world.clock.pass(15_000);
    await round(rescuer);
    expect((await world.executions.list({ limit: 9, sysCode }, ANYONE)).items).toEqual([]);
    failure = null;
    await round(dispatcher);
    expect(clients[0]?.got[0]?.items[0]).toMatchObject({ attempt: 1, previousOutcome: null });
  });

  it('does not let a client that never acknowledges hold up another', async () => {
    const { scheduler, clients, sysCode } = await scene(20, 0);
    expect(clients).toEqual([]);
    let asked = 0;
    const hanging = world.session({ sysCode, freePlaces: 5, send: () => new Promise(() => {}) });
    let free = 5;
    let served: (() => void) | null = null;
    const wasServed = new Promise<void>((resolve) => {
      served = resolve;
    });
    const good: Session = {
      ...world.session({ sysCode }),
      get freePlaces() {
        return free;
      },
      send: async () => {
        asked += 1;
        free = asked < 3 ? 5 : 0;
        if (asked === 3) served?.();
      },
    };
    const all = (): Session[] => [hanging, good];
    const dispatcher = createDispatcher(
      world.context,
      world.executions,
      { all, bySystem: all },
      { pollMs: 10 },
    );
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler);
    dispatcher.start();
    await wasServed;
    await dispatcher.stop();
    expect(asked).toBe(3);
  });

  it('goes on after the database was away', async () => {
    const { scheduler, clients, sysCode } = await scene(1, 1);
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler);
    let failures = 0;
    let worked: () => void = () => {};
    const hasWorked = new Promise<void>((resolve) => {
      worked = resolve;
    });
    const claim: World['executions']['claim'] = (session, max) => {
      failures += 1;
      if (failures < 3) return Promise.reject(new PiculusError('database-away'));
      return world.executions.claim(session, max).finally(worked);
    };
    const all = (): Session[] => clients.map(({ session }) => session);
    const flaky = { claim, giveBack: world.executions.giveBack };
    const dispatcher = createDispatcher(world.context, flaky, { all, bySystem: all }, { pollMs: 10 });
    dispatcher.start();
    await hasWorked;
    await dispatcher.stop();
    expect(
      (await world.executions.running(ANYONE)).filter((lease) => lease.sysCode === sysCode),
    ).toHaveLength(1);
  });

  it('finishes a pass before the next tick opens, and ends one whose solution became manual', async () => {
    const { scheduler, dispatcher, clients, solution } = await scene(4, 1, { places: 2 });
    const [client] = clients;
    if (client === undefined) throw new Error('no client');
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    const first = client.got[0]?.items.map(({ businessKey }) => businessKey);
    await client.answer('failed');
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    const second = client.got[0]?.items.map(({ businessKey }) => businessKey);
    expect([first, second]).toEqual([
      ['R0', 'R1'],
      ['R2', 'R3'],
    ]);
    await client.answer('failed');
    world.clock.pass(TEN_MINUTES_MS);
    await round(dispatcher, scheduler);
    await world.setSolution(solution, 'execution_mode', 'manual');
    await round(scheduler, dispatcher);
    expect(items(client)).toBe(0);
    const pass = await sql<{
      done: boolean;
    }>`SELECT tick_done AS done FROM piculus.solutions WHERE id = ${solution}`.execute(world.context.db);
    expect(pass.rows[0]?.done).toBe(true);
  });

  it('lets clients come back before it rescues what the time away has expired', async () => {
    const { scheduler, dispatcher, sysCode } = await scene(1, 1);
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    world.clock.pass(TEN_MINUTES_MS);
    const restarted = createRescuer(world.context, world.executions, { graceMs: 15_000 });
    await round(restarted);
    const running = async () =>
      (await world.executions.running(ANYONE)).filter((lease) => lease.sysCode === sysCode).length;
    expect(await running()).toBe(1);
    world.clock.pass(15_000);
    await round(restarted);
    expect(await running()).toBe(0);
  });

  it('counts their time from when the database is there again', async () => {
    let away = false;
    const nowhere = openDatabase(openPool({ url: 'postgres://nobody@127.0.0.1:1/nothing' }));
    const context: Context = {
      ...world.context,
      get db() {
        return away ? nowhere : world.context.db;
      },
    };
    let rescued = 0;
    const rescueExpired = async (): Promise<number> => {
      await pingDatabase(context.db);
      rescued += 1;
      return 0;
    };
    const rescuer = createRescuer(context, { rescueExpired }, { graceMs: 15_000 });
    await rescuer.runOnce();
    world.clock.pass(14_000);
    away = true;
    for (const ms of [1_000, 14_000, 14_000]) {
      await expect(rescuer.runOnce()).rejects.toMatchObject({ code: 'database-away' });
      world.clock.pass(ms);
    }
    away = false;
    await rescuer.runOnce();
    world.clock.pass(14_999);
    await rescuer.runOnce();
    expect(rescued).toBe(0);
    world.clock.pass(1);
    await rescuer.runOnce();
    expect(rescued).toBe(1);
    await nowhere.destroy();
  });

  it('does not let one broken cron keep other solutions from their ticks', async () => {
    const { scheduler, dispatcher, clients, sysCode } = await scene(1, 1);
    await world.solution({ sysCode, fixCode: 'brokenFix', retryCron: 'nonsense' });
    world.clock.pass(TEN_MINUTES_MS);
    await round(scheduler, dispatcher);
    expect(clients.map(items)).toEqual([1]);
  });
});
