import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createStats } from '../../src/stats/index.ts';
import { openWorld, problemOf, sessionOf, sessionsOf, START, type World } from '../collections/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

describe.each(TEST_ENGINES)('stats on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.drop());

  it('are nothing on an empty database', async () => {
    expect(await createStats(world.context).read(sessionsOf(), ANYONE)).toEqual({
      at: START.toISOString(),
      counts: [],
      waits: [],
      halts: [],
      waitsForPerson: 0,
      ages: [
        {
          bucket: 'under-1h',
          firstSeenFrom: '2026-11-22T08:05:00.000Z',
          firstSeenTo: null,
          problems: 0,
          amounts: [],
        },
        {
          bucket: '1h-1d',
          firstSeenFrom: '2026-11-21T09:05:00.000Z',
          firstSeenTo: '2026-11-22T08:05:00.000Z',
          problems: 0,
          amounts: [],
        },
        {
          bucket: '1d-3d',
          firstSeenFrom: '2026-11-19T09:05:00.000Z',
          firstSeenTo: '2026-11-21T09:05:00.000Z',
          problems: 0,
          amounts: [],
        },
        {
          bucket: 'over-3d',
          firstSeenFrom: null,
          firstSeenTo: '2026-11-19T09:05:00.000Z',
          problems: 0,
          amounts: [],
        },
      ],
      hours: Array.from({ length: 24 }, (_, place) => ({
        hour: new Date(Date.UTC(2026, 10, 21, 10 + place)).toISOString(),
        outcomes: {},
        toPerson: 0,
        retriesUsed: 0,
      })),
      lastCollects: [],
      executing: 0,
      outcomesLastHour: {},
      clientsConnected: 0,
      alarms: [],
    });
  });

  it('tell what is broken, how much money, what is being done, and what is wrong', async () => {
    const sysCode = await world.newSystem({ collectCron: '0 0 * * * ?' });
    const session = sessionOf(sysCode, ['interRechargeFixServiceImpl']);
    await world.collections.start({ sysCodes: [sysCode] }, person('operator'), 'click');
    const command = await world.collections.claim(session);
    if (!command) throw new Error('nothing to claim');
    const { commandId, epoch } = command;
    const problems = [
      problemOf('a', { amountMinor: '999999999999999999' }),
      problemOf('b', { amountMinor: '1' }),
      problemOf('c', { handling: 'person' }),
    ];
    await world.collections.report(session, { commandId, epoch, sequence: 1, problems });
    await sql`
      INSERT INTO piculus.leases (id, sys_code, fix_code, solution_id, solution_version, max_retries, client_id, node_id, trigger,
        problem_ids, business_keys, answered_ids, leased_at, expires_at)
      VALUES ('l', ${sysCode}, 'interRechargeFixServiceImpl', 1, 1, 0, ${session.clientId}, 'n', 'tick', '{1,2,3}', '{a,b,c}', '{2}',
        ${START}, ${START})`.execute(world.db);
    world.clock.set(new Date('2026-11-22T10:05:00Z'));
    const stats = await createStats(world.context).read(sessionsOf(session), ANYONE);
    const row = {
      sysCode,
      fixCode: 'interRechargeFixServiceImpl',
      scenario: 'C1',
      outOfPocket: 'customer',
      currency: 'CNY',
    };
    expect(stats.counts).toEqual([
      { ...row, state: 'needs-human', problems: 1, amountMinor: '12345' },
      { ...row, state: 'pending', problems: 2, amountMinor: '1000000000000000000' },
    ]);
    expect(stats).toMatchObject({ executing: 2, clientsConnected: 1, waitsForPerson: 1 });
    expect(stats.waits).toEqual([{ waitReason: 'no-solution', problems: 2 }]);
    expect(stats.alarms).toMatchObject([{ sysCode }]);
  });

  it('tell of each system the collect that ended last, or the one that runs where none has', async () => {
    const [ended, running] = [await world.newSystem(), await world.newSystem()];
    const start = (sysCode: string) =>
      world.collections.start({ sysCodes: [sysCode] }, person('operator'), 'click');
    const lasts = async () => {
      const { lastCollects } = await createStats(world.context).read(sessionsOf(), ANYONE);
      return lastCollects
        .filter(({ command }) => [ended, running].includes(command.sysCode))
        .map(({ collectionId, command }) => [command.sysCode, collectionId, command.state]);
    };
    const first = await start(ended);
    await world.collections.cancel(first.id, person('operator'));
    const second = await start(ended);
    await world.collections.cancel(second.id, person('operator'));
    await start(ended);
    await start(running);
    const newest = await start(running);
    expect((await lasts()).sort()).toEqual(
      [
        [ended, second.id, 'cancelled'],
        [running, newest.id, 'waiting'],
      ].sort(),
    );
  });
});
