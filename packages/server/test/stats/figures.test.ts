/** Figures of the overview against the lists behind them: each says what its list finds. */
import { OUTCOME_NAMES, WAIT_REASONS } from '@piculus/protocol';
import { type Stats, statsSchema } from '@piculus/protocol/http';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { createCleaner } from '../../src/dispatch/cleaner.ts';
import { createStats } from '../../src/stats/index.ts';
import { answers, booksKeptAndReal, FIX, openWorld, order, SYSTEM, type World } from '../executions/world.ts';
import { ANYONE, person } from '../../../../test/support/callers.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OPEN = ['pending', 'executing', 'exhausted', 'needs-human'] as const;

describe.each(TEST_ENGINES)('figures on %s', (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(() => world.close());

  const read = async (): Promise<Stats> =>
    statsSchema.parse(await createStats(world.context).read({ all: () => [], bySystem: () => [] }, ANYONE));
  const found = async (filter: Parameters<World['problems']['count']>[0]): Promise<number> => {
    const { problems } = await world.problems.count(filter, ANYONE);
    expect((await world.problems.list({ limit: 500, ...filter }, ANYONE)).items).toHaveLength(problems);
    return problems;
  };
  const idOf = async (businessKey: string): Promise<string> =>
    (await world.problems.list({ limit: 1, businessKey }, ANYONE)).items[0]?.id ?? '';

  it('find by their edges exactly the open problems that they count', async () => {
    // The clock begins half a second into a slot: some are first seen just before, at and after the cut of one.
    const offsets = [-5 * MINUTE_MS, -501, -500, -499, 0, 2 * MINUTE_MS, 5 * MINUTE_MS - 500];
    const times = [73, 72, 71, 25, 24, 23, 2, 1, 0]
      .flatMap((ago) => offsets.map((offset) => world.clock.now().getTime() + (74 - ago) * HOUR_MS + offset))
      .sort((one, other) => one - other);
    let number = 0;
    for (const time of times) {
      number += 1;
      world.clock.pass(time - world.clock.now().getTime());
      const currency = number % 3 === 0 ? 'USD' : 'CNY';
      const handling = number % 4 === 0 ? 'person' : 'fix';
      await world.report([order(world, `A${number}`, { currency, handling, amountMinor: String(number) })]);
    }
    await world.problems.close(await idOf('A7'), person('operator'), 'x');
    for (const passed of [0, MINUTE_MS, 4 * MINUTE_MS, HOUR_MS]) {
      world.clock.pass(passed);
      const { ages } = await read();
      expect(ages.reduce((sum, { problems }) => sum + problems, 0)).toBe(number - 1);
      for (const { firstSeenFrom, firstSeenTo, problems, amounts } of ages) {
        const filter = {
          state: [...OPEN],
          ...(firstSeenFrom === null ? {} : { firstSeenFrom }),
          ...(firstSeenTo === null ? {} : { firstSeenTo }),
        };
        expect(await world.problems.count(filter, ANYONE)).toEqual({ problems, amounts });
      }
    }
    const [kept, real] = await booksKeptAndReal(world);
    expect(kept).toEqual(real);
  });

  it('count why problems wait as the filters find it', async () => {
    const manual = await world.solution({ fixCode: 'manualFix', executionMode: 'manual' });
    await world.solution({ fixCode: 'disabledFix', status: 'disabled' });
    await world.solution({ fixCode: 'lonelyFix' });
    const auto = await world.solution();
    await sql`
      INSERT INTO piculus.clients (client_id, sys_code, hello, node_id, connected_at)
      VALUES ('c', ${SYSTEM}, ${JSON.stringify({ fixes: [FIX, 'manualFix'] })}::text::jsonb, 'n',
        ${world.clock.now()})`.execute(world.database.db);
    const fixCodes = ['manualFix', 'disabledFix', 'lonelyFix', FIX, 'noFix'];
    for (const fixCode of fixCodes) {
      await world.report([1, 2, 3, 4].map((n) => order(world, `W${fixCode}${n}`, { fixCode })));
      const [reopened, clicked, both] = [1, 2, 3].map((n) => idOf(`W${fixCode}${n}`));
      for (const id of [await reopened, await both]) {
        await world.problems.close(id ?? '', person('operator'), 'x');
        await world.problems.reopen(id ?? '', person('operator'), 'x');
      }
      await world.problems.runBulk([(await clicked) ?? '', (await both) ?? ''], person('operator'), 'go');
    }
    // A click on what is not pending is no pending problem that waits.
    await world.report([order(world, 'Wperson', { handling: 'person' })]);
    await world.problems.run([await idOf('Wperson')], person('operator'), 'go');

    for (const change of [
      async () => {},
      () => world.setSolution(manual, 'execution_mode', 'automatic'),
      () => world.setSolution(auto, 'execution_mode', 'manual'),
    ]) {
      await change();
      const stats = await read();
      const expected = [];
      for (const waitReason of WAIT_REASONS) {
        const problems = await found({ waitReason: [waitReason] });
        if (problems > 0) expected.push({ waitReason, problems });
      }
      expect(stats.waits).toEqual(expected);
      expect(stats.waitsForPerson).toBe(await found({ waitsForPerson: true }));
    }
  });

  it('follow a problem from one state that waits for a person to the next', async () => {
    await world.system('NEXT');
    const sysCode = ['NEXT'];
    await world.report([order(world, 'N1')], { sysCode: 'NEXT' });
    const { items } = await world.problems.list({ limit: 1, sysCode }, ANYONE);
    await world.problems.close(items[0]?.id ?? '', person('operator'), 'x');
    await world.problems.reopen(items[0]?.id ?? '', person('operator'), 'x');
    expect(await found({ sysCode, waitsForPerson: true, state: ['pending'] })).toBe(1);
    const before = (await read()).waits;
    // Found again, now as one that no machine may repair: it is not pending any more.
    await world.report([order(world, 'N1', { handling: 'person' })], { sysCode: 'NEXT' });
    expect(await found({ sysCode, state: ['needs-human'], reopened: true })).toBe(1);
    const after = (await read()).waits;
    const sum = (waits: Stats['waits']): number => waits.reduce((all, { problems }) => all + problems, 0);
    expect(sum(before) - sum(after)).toBe(1);
    const [kept, real] = await booksKeptAndReal(world);
    expect(kept).toEqual(real);
  });

  it('tell by the hour what executions came to, from the books alone', async () => {
    await world.system('HOURS');
    const solution = await world.solution({ sysCode: 'HOURS', maxRetries: 1 });
    await world.report([order(world, 'H1'), order(world, 'H2')], { sysCode: 'HOURS' });
    const session = world.session({ sysCode: 'HOURS' });
    const begun = world.clock.now();
    for (const outcome of ['failed', 'not-yet', 'failed'] as const) {
      world.clock.pass(HOUR_MS);
      await world.tick(solution);
      const command = await world.executions.claim(session, 9);
      if (command === null) throw new Error('nothing to claim');
      await world.executions.record(session, answers(world, command, outcome));
    }
    const hour = (passed: number): string => {
      const at = begun.getTime() + passed * HOUR_MS;
      return new Date(at - (at % HOUR_MS)).toISOString();
    };
    const stats = await read();
    const filled = stats.hours.filter(({ outcomes }) => Object.keys(outcomes).length > 0);
    expect(filled).toEqual([
      { hour: hour(1), outcomes: { failed: 2 }, toPerson: 0, retriesUsed: 0 },
      { hour: hour(2), outcomes: { 'not-yet': 2 }, toPerson: 0, retriesUsed: 0 },
      { hour: hour(3), outcomes: { failed: 2 }, toPerson: 2, retriesUsed: 2 },
    ]);
    expect(stats.hours).toHaveLength(24);
    expect(stats.hours.at(-1)?.hour).toBe(hour(3));
    expect(stats.outcomesLastHour).toEqual({ failed: 2, 'not-yet': 2 });
    for (const outcome of OUTCOME_NAMES) {
      const { items } = await world.executions.list({ limit: 100, outcome: [outcome] }, ANYONE);
      const counted = filled.reduce((sum, { outcomes }) => sum + (outcomes[outcome] ?? 0), 0);
      expect([outcome, counted]).toEqual([outcome, items.length]);
    }
  });

  it('are cleaned of what says nothing any more', async () => {
    const rows = async (table: string): Promise<number> => {
      const counted = await sql<{ n: string }>`SELECT count(*) AS n FROM piculus.${sql.raw(table)}`.execute(
        world.database.db,
      );
      return Number(counted.rows[0]?.n);
    };
    const { items } = await world.problems.list({ limit: 500, state: [...OPEN] }, ANYONE);
    for (const { id, state } of items) {
      if (state !== 'executing') await world.problems.close(id, person('operator'), 'x');
    }
    expect(await rows('problem_ages')).toBeGreaterThan(0);
    world.clock.pass(29 * 24 * HOUR_MS);
    await createCleaner(world.context).runOnce();
    expect(await rows('problem_ages')).toBe(0);
    expect(await rows('execution_counts')).toBeGreaterThan(0);
    world.clock.pass(2 * 24 * HOUR_MS);
    await createCleaner(world.context).runOnce();
    expect(await rows('execution_counts')).toBe(0);
  });
});
