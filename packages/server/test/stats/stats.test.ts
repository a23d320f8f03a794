import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createStats } from '../../src/stats/index.ts';
import { openWorld, problemOf, sessionOf, sessionsOf, START, type World } from '../collections/world.ts';

describe.each(TEST_ENGINES)('stats on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.drop());

  it('are nothing on an empty database', async () => {
    expect(await createStats(world.context).read(sessionsOf())).toEqual({
      at: START.toISOString(),
      counts: [],
      executing: 0,
      outcomesLastHour: {},
      clientsConnected: 0,
      alarms: [],
    });
  });

  it('tell what is broken, how much money, what is being done, and what is wrong', async () => {
    const sysCode = await world.newSystem({ collectCron: '0 0 * * * ?' });
    const session = sessionOf(sysCode, ['interRechargeFixServiceImpl']);
    await world.collections.start({ sysCodes: [sysCode] }, 'operator', 'click');
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
    const execution = (lease: string, outcome: string, at: Date) =>
      sql`
      INSERT INTO piculus.executions (problem_id, sys_code, fix_code, business_key, attempt, trigger, solution_version, lease_id, client_id,
        command_key, outcome, state_before, state_after, reason, effects, moved_minor, replayed, verified, dispatched_at, finished_at)
      VALUES (1, ${sysCode}, 'f', 'a', 1, 'tick', 1, ${lease}, 'c', 'k', ${outcome}, 'pending', 'pending', '', '[]', 0, false, false, ${at}, ${at})`.execute(
        world.db,
      );
    await execution('l1', 'fixed', new Date('2026-11-22T10:00:00Z'));
    await execution('l2', 'failed', new Date('2026-11-22T10:01:00Z'));
    await execution('l3', 'fixed', new Date('2026-11-22T09:04:59Z'));

    const stats = await createStats(world.context).read(sessionsOf(session));
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
    expect(stats).toMatchObject({
      executing: 2,
      outcomesLastHour: { fixed: 1, failed: 1 },
      clientsConnected: 1,
    });
    expect(stats.alarms).toMatchObject([{ sysCode }]);
  });
});
