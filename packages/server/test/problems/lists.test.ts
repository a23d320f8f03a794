/** Lists of problems: every filter, keyset paging, why a problem waits, exact counts, confirmation. */
import type { Problem } from '@piculus/protocol/http';
import { WAIT_REASONS } from '@piculus/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { confirmFixed } from '../../src/problems/confirm.ts';
import { transaction } from '../../src/store/pool.ts';
import { answers, FIX, openWorld, order, orders, START, SYSTEM, type World } from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const MINUTE_MS = 60_000;
type Filter = Omit<Parameters<World['problems']['list']>[0], 'limit' | 'after'>;

describe.each(TEST_ENGINES)('lists on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
    await world.system('PBMS');
  });
  afterAll(() => world.close());

  const keys = async (filter: Filter): Promise<string[]> => {
    const { items } = await world.problems.list({ limit: 500, ...filter }, ANYONE);
    expect(await world.problems.count(filter, ANYONE)).toMatchObject({ problems: items.length });
    return items.map(({ businessKey }) => businessKey).sort();
  };
  const byKey = async (): Promise<Record<string, Problem>> => {
    const { items } = await world.problems.list({ limit: 500 }, ANYONE);
    return Object.fromEntries(items.map((item) => [item.businessKey, item]));
  };

  it('finds by every field, and tells why each waits', async () => {
    await world.solution();
    await world.solution({ fixCode: 'manualFix', executionMode: 'manual' });
    await world.solution({ fixCode: 'disabledFix', status: 'disabled' });
    await world.solution({ fixCode: 'lonelyFix' });
    await sql`
      INSERT INTO piculus.clients (client_id, sys_code, hello, node_id, connected_at)
      VALUES ('c', ${SYSTEM}, ${JSON.stringify({ fixes: [FIX, 'manualFix'] })}::text::jsonb, 'n', ${START})`.execute(
      world.database.db,
    );
    await world.report([
      order(world, 'plain'),
      order(world, 'clicked', { fixCode: 'manualFix' }),
      order(world, 'manual', { fixCode: 'manualFix', scenario: 'C4', currency: 'USD', amountMinor: '5' }),
      order(world, 'disabled', { fixCode: 'disabledFix', outOfPocket: 'company' }),
      order(world, 'none', { fixCode: 'noFix', occurredAt: '2026-11-01T00:00:00Z' }),
      order(world, 'lonely', { fixCode: 'lonelyFix' }),
      order(world, 'person', { handling: 'person', scenario: 'X5' }),
      order(world, 'closed', { fixCode: 'manualFix' }),
      order(world, 'again', { fixCode: 'manualFix' }),
    ]);
    await world.report([order(world, 'elsewhere')], { sysCode: 'PBMS' });
    const before = await byKey();
    const id = (key: string): string => before[key]?.id ?? '';
    await world.problems.run([id('clicked')], person('operator'), undefined);
    await world.problems.close(id('closed'), person('operator'), 'x');
    await world.problems.close(id('again'), person('operator'), 'x');
    await world.problems.reopen(id('again'), person('operator'), 'x');

    const all = await byKey();
    const reasons = Object.fromEntries(
      Object.values(all).map(({ businessKey, waitReason }) => [businessKey, waitReason]),
    );
    expect(reasons).toEqual({
      plain: 'scheduled',
      clicked: 'scheduled',
      manual: 'manual',
      disabled: 'disabled',
      none: 'no-solution',
      lonely: 'no-client',
      person: null,
      closed: null,
      again: 'reopened',
      elsewhere: 'no-solution',
    });
    expect(all.plain).toMatchObject({ nextTickAt: '2026-11-20T08:10:00.000Z', maxRetries: 5 });
    expect(all.manual?.nextTickAt).toBeNull();
    // The filter's SQL and the rules' answer are the same.
    for (const reason of WAIT_REASONS) {
      expect(await keys({ waitReason: [reason] })).toEqual(
        Object.keys(reasons)
          .filter((key) => reasons[key] === reason)
          .sort(),
      );
    }
    for (const [filter, expected] of [
      [{ sysCode: ['PBMS'] }, ['elsewhere']],
      [{ fixCode: ['lonelyFix', 'noFix'] }, ['lonely', 'none']],
      [{ businessKey: 'manual' }, ['manual']],
      [{ scenario: ['C4'] }, ['manual']],
      [{ handling: ['person'] }, ['person']],
      [{ state: ['closed', 'needs-human'] }, ['closed', 'person']],
      [{ currency: ['USD'] }, ['manual']],
      [{ outOfPocket: ['company'] }, ['disabled']],
      [{ lastOutcome: ['fixed'] }, []],
      [{ amountMinorFrom: '5', amountMinorTo: '6' }, ['manual']],
      [{ occurredTo: '2026-11-02T00:00:00Z' }, ['none']],
      [{ occurredFrom: '2026-11-19T09:00:00Z' }, []],
      [{ firstSeenFrom: START.toISOString(), sysCode: ['PBMS'] }, ['elsewhere']],
      [{ firstSeenTo: START.toISOString() }, []],
      [{ retriesUsedFrom: 1 }, []],
      [{ reopened: true }, ['again']],
      [{ seenSinceClosed: true }, []],
      [{ confirmed: true }, []],
      [{ confirmed: false, sysCode: ['PBMS'] }, ['elsewhere']],
      [{ lastSeenFrom: START.toISOString(), sysCode: ['PBMS'] }, ['elsewhere']],
      [{ lastSeenTo: START.toISOString() }, []],
      [{ seenCountFrom: 1, sysCode: ['PBMS'] }, ['elsewhere']],
      [{ seenCountFrom: 2 }, []],
      // Also those that were clicked: they wait for their person until they are answered.
      [{ waitsForPerson: true }, ['again', 'clicked', 'manual', 'person']],
      [{ waitsForPerson: true, fixCode: [FIX] }, ['person']],
      [{ waitsForPerson: true, currency: ['USD'] }, ['manual']],
      [{ waitsForPerson: true, state: ['closed'] }, []],
      [{ waitsForPerson: false }, ['closed', 'disabled', 'elsewhere', 'lonely', 'none', 'plain']],
      [{ state: ['needs-human'], waitsForPerson: false }, []],
      [{ state: ['executing'] }, []],
    ] as const) {
      expect([filter, await keys(structuredClone(filter) as Filter)]).toEqual([filter, expected]);
    }
    expect(await world.problems.count({ currency: ['USD', 'CNY'], fixCode: ['manualFix'] }, ANYONE)).toEqual({
      problems: 4,
      amounts: [
        { currency: 'CNY', amountMinor: '210000' },
        { currency: 'USD', amountMinor: '5' },
      ],
    });
    const { command } = {
      command: await world.executions.claim(world.session({ fixes: new Set(['manualFix']) }), 9),
    };
    expect(command?.items).toHaveLength(1);
    expect(await keys({ state: ['executing'] })).toEqual(['clicked']);
    expect(await keys({ state: ['pending', 'executing'], fixCode: ['manualFix'] })).toEqual([
      'again',
      'clicked',
      'manual',
    ]);
    expect(await keys({ state: ['pending'], fixCode: ['manualFix'] })).toEqual(['again', 'manual']);
    // A client that fell silent does not count as connected.
    world.clock.pass(31_000);
    expect((await byKey()).plain?.waitReason).toBe('no-client');
  });

  it('finds what is seen again and confirmed', async () => {
    await world.system('SEEN');
    const one = order(world, 'twice');
    await world.report([one, order(world, 'once')], { sysCode: 'SEEN' });
    const between = world.clock.now().toISOString();
    world.clock.pass(MINUTE_MS);
    await world.report([one], { sysCode: 'SEEN' });
    const sysCode = ['SEEN'];
    expect(await keys({ sysCode, seenCountFrom: 2 })).toEqual(['twice']);
    expect(await keys({ sysCode, lastSeenFrom: world.clock.now().toISOString() })).toEqual(['twice']);
    expect(await keys({ sysCode, lastSeenTo: world.clock.now().toISOString() })).toEqual(['once']);
    expect(await keys({ sysCode, lastSeenFrom: between })).toEqual(['once', 'twice']);
    await sql`UPDATE piculus.problems SET state = 'fixed', confirmed_at = ${START} WHERE sys_code = 'SEEN'
      AND business_key = 'once'`.execute(world.database.db);
    expect(await keys({ sysCode, confirmed: true })).toEqual(['once']);
    expect(await keys({ sysCode, confirmed: false })).toEqual(['twice']);
  });

  it('pages through the work queue over both of its sources, newest first, each row once', async () => {
    await world.system('QUEUE');
    await world.solution({ sysCode: 'QUEUE', fixCode: 'manualFix', executionMode: 'manual' });
    await world.solution({ sysCode: 'QUEUE', fixCode: 'otherFix', executionMode: 'manual' });
    await world.solution({ sysCode: 'QUEUE' });
    const kinds = [{ handling: 'person' }, { fixCode: 'manualFix' }, { fixCode: 'otherFix' }, {}] as const;
    const reported = Array.from({ length: 40 }, (_, index) =>
      order(world, `Q${index}`, structuredClone(kinds[index % 4])),
    );
    await world.report(reported, { sysCode: 'QUEUE' });
    const sysCode = ['QUEUE'];
    const { items } = await world.problems.list({ limit: 100, sysCode }, ANYONE);
    // One that is in both sources: reopened, and under a manual solution.
    const again = items.find(({ fixCode }) => fixCode === 'manualFix');
    await world.problems.close(again?.id ?? '', person('operator'), 'x');
    await world.problems.reopen(again?.id ?? '', person('operator'), 'x');
    const expected = items
      .filter(({ fixCode, handling }) => handling === 'person' || fixCode !== FIX)
      .map(({ id }) => id);
    expect(expected).toHaveLength(30);
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<World['problems']['list']>> = await world.problems.list(
        {
          limit: 7,
          sysCode,
          waitsForPerson: true,
          ...(after === null ? {} : { after }),
        },
        ANYONE,
      );
      seen.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(seen).toEqual(expected);
    expect(await world.problems.count({ sysCode, waitsForPerson: true }, ANYONE)).toMatchObject({
      problems: 30,
    });
    expect(await keys({ sysCode, waitsForPerson: true, reopened: true })).toEqual([again?.businessKey]);
    const run = await world.problems.runMatching(
      { filter: { sysCode, waitsForPerson: true }, expectedCount: 30, reason: 'the queue' },
      person('operator'),
    );
    expect(run).toMatchObject({ accepted: 30, skipped: 0 });
  });

  it('pages by key, newest first, each row once', async () => {
    await world.system('PAGE');
    await world.report(orders(world, 25), { sysCode: 'PAGE' });
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<World['problems']['list']>> = await world.problems.list(
        {
          limit: 10,
          sysCode: ['PAGE'],
          ...(after === null ? {} : { after }),
        },
        ANYONE,
      );
      seen.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(seen).toHaveLength(25);
    expect(seen).toEqual([...seen].sort((a, b) => Number(b) - Number(a)));
    for (const cursor of [
      'x',
      '',
      Buffer.from('-1').toString('base64url'),
      Buffer.from('9'.repeat(19)).toString('base64url'),
    ]) {
      await expect(world.problems.list({ limit: 10, after: cursor }, ANYONE)).rejects.toMatchObject({
        code: 'invalid-field',
        fields: [{ field: 'after' }],
      });
    }
  });

  it('confirms a fix by the next collect that covers it, and looks at each only until then', async () => {
    await world.system('CONF');
    const solution = await world.solution({ sysCode: 'CONF' });
    const session = world.session({ sysCode: 'CONF' });
    await world.report(
      [
        order(world, 'old', { occurredAt: '2026-10-01T00:00:00Z' }),
        order(world, 'good'),
        order(world, 'again'),
        order(world, 'late'),
      ],
      { sysCode: 'CONF', commandId: '5000' },
    );
    const fixAll = async (max: number): Promise<void> => {
      const command = await world.executions.claim(session, max);
      if (command === null) throw new Error('nothing to claim');
      await world.executions.record(session, answers(world, command, 'fixed'));
    };
    world.clock.pass(MINUTE_MS);
    await world.tick(solution);
    await fixAll(3);
    const reach = world.clock.now();
    world.clock.pass(MINUTE_MS);
    await fixAll(1);
    world.clock.pass(2 * MINUTE_MS);
    const confirm = (commandId: string, statementReachesTo: Date): Promise<readonly string[]> =>
      transaction(world.context.db, (tx) =>
        confirmFixed(tx, {
          sysCode: 'CONF',
          commandId,
          statementReachesTo,
          at: world.clock.now(),
          windowFrom: new Date('2026-11-18T00:00:00Z'),
          windowTo: new Date('2026-11-21T00:00:00Z'),
        }),
      );
    await world.report([order(world, 'again')], { sysCode: 'CONF', commandId: '5001' });
    const ids = Object.fromEntries(
      (await world.problems.list({ limit: 9, sysCode: ['CONF'] }, ANYONE)).items.map((one) => [
        one.businessKey,
        one.id,
      ]),
    );
    expect(await confirm('5001', reach)).toEqual([ids.good]);
    expect(await confirm('5001', reach)).toEqual([]);
    expect(await confirm('5002', world.clock.now())).toEqual([ids.late]);
    const states = Object.fromEntries(
      (await world.problems.list({ limit: 9, sysCode: ['CONF'] }, ANYONE)).items.map((one) => [
        one.businessKey,
        [one.state, one.confirmedAt !== null],
      ]),
    );
    expect(states).toEqual({
      old: ['fixed', false],
      good: ['fixed', true],
      again: ['pending', false],
      late: ['fixed', true],
    });
    const mark = await sql<{ left: string }>`
      SELECT count(*) AS left FROM piculus.executions e JOIN piculus.systems s USING (sys_code)
      WHERE s.sys_code = 'CONF' AND e.id > s.confirmed_execution_id`.execute(world.context.db);
    expect(mark.rows[0]?.left).toBe('0');
  });
});
