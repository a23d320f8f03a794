/**
 * Filtered lists look only into blocks of ids that have a match. Whatever is asked for, they find what a walk over all
 * would, also of what a build wrote that knew nothing of blocks.
 */
import { type ProblemState, WAIT_REASONS } from '@piculus/protocol';
import type { Problem } from '@piculus/protocol/http';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/store/migrate.ts';
import { amountStep } from '../../src/store/problem-blocks.ts';
import { ANYONE, limited } from '../../../../test/support/callers.ts';
import {
  answers,
  booksKeptAndReal,
  FIX,
  openWorld,
  order,
  OTHER_FIX,
  SYSTEM,
  type World,
} from '../executions/world.ts';

type Filter = Omit<Parameters<World['problems']['list']>[0], 'limit' | 'after'>;
const HOUR_MS = 3_600_000;
const STATES: readonly ProblemState[] = ['pending', 'executing', 'fixed', 'cleared', 'exhausted', 'closed'];
const SCENARIOS = ['C1', 'C4', 'C5'] as const;

describe('filtered lists', () => {
  let world: World;
  let all: readonly Problem[] = [];

  /** Several blocks, each with another mixture; some of it written as a build from before would have. */
  beforeAll(async () => {
    world = await openWorld('postgres');
    await world.system('PBMS');
    const solution = await world.solution();
    await world.solution({ fixCode: OTHER_FIX, executionMode: 'manual' });
    for (let batch = 0; batch < 6; batch += 1) {
      const fixCode = batch % 3 === 1 ? OTHER_FIX : FIX;
      const scenario = SCENARIOS[batch % 3] ?? 'C1';
      const problems = Array.from({ length: 220 }, (_, at) =>
        order(world, `B${batch}-${at}`, { fixCode, scenario, amountMinor: String(at * 977) }),
      );
      await world.report(problems, { sysCode: batch === 4 ? 'PBMS' : SYSTEM });
      world.clock.pass(HOUR_MS);
    }
    await world.tick(solution);
    const session = world.session();
    for (const outcome of ['fixed', 'not-this-problem', 'failed'] as const) {
      const command = await world.executions.claim(session, 90);
      if (command === null) throw new Error('nothing to claim');
      await world.executions.record(session, answers(world, command, outcome));
    }
    const { db } = world.database;
    await sql`UPDATE piculus.problems SET state = 'closed', state_changed_at = now() WHERE id IN (3, 700, 701)`.execute(
      db,
    );
    await sql`
      INSERT INTO piculus.problems (sys_code, fix_code, business_key, scenario, handling, amount_minor, currency,
        out_of_pocket, occurred_at, facts, contradictions, state, state_changed_at, ready_at, first_seen_at, last_seen_at)
      SELECT sys_code, fix_code, business_key || '-old', 'C9', handling, 12345, currency, out_of_pocket, occurred_at,
        facts, contradictions, 'pending', state_changed_at, ready_at, first_seen_at, last_seen_at
      FROM piculus.problems WHERE id % 100 = 0`.execute(db);
    // That build keeps the counts as this one does.
    await sql`DELETE FROM piculus.problem_counts`.execute(db);
    await sql`
      INSERT INTO piculus.problem_counts
      SELECT sys_code, fix_code, scenario, state, out_of_pocket, currency, count(*), sum(amount_minor)
      FROM piculus.problems GROUP BY 1, 2, 3, 4, 5, 6`.execute(db);
    await world.executions.claim(world.session(), 7);
    all = await everything({});
  });
  afterAll(() => world.close());

  const everything = async (filter: Filter, limit = 500): Promise<Problem[]> => {
    const found: Problem[] = [];
    let after: string | undefined;
    do {
      const page = await world.problems.list({ limit, ...filter, ...(after && { after }) }, ANYONE);
      found.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined);
    return found;
  };

  it('have something to find in every state, and books that know it', async () => {
    const [kept, real] = await booksKeptAndReal(world);
    expect(kept.blocks).toEqual(real.blocks);
    expect(kept.amounts).toEqual(real.amounts);
    expect(new Set(all.map(({ state }) => state))).toEqual(
      new Set(['pending', 'executing', 'fixed', 'cleared', 'closed']),
    );
    expect(all.length).toBeGreaterThan(5 * 256);
  });

  it('find what a walk over all finds, page by page, and count the same', async () => {
    const some = <T>(values: readonly T[]) =>
      fc.option(fc.subarray([...values], { minLength: 1 }), { nil: undefined, freq: 2 });
    const times = all.map(({ firstSeenAt }) => firstSeenAt);
    const filters = fc.record({
      state: some(STATES),
      sysCode: some([SYSTEM, 'PBMS', 'NONE']),
      fixCode: some([FIX, OTHER_FIX]),
      scenario: some([...SCENARIOS, 'C9'] as const),
      waitReason: fc.option(fc.subarray([...WAIT_REASONS], { minLength: 1 }), { nil: undefined, freq: 1 }),
      firstSeenFrom: fc.option(fc.constantFrom(...times), { nil: undefined, freq: 1 }),
      firstSeenTo: fc.option(fc.constantFrom(...times), { nil: undefined, freq: 1 }),
      amountMinorFrom: fc.option(fc.constant('100000'), { nil: undefined, freq: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(filters, fc.integer({ min: 40, max: 500 }), async (given, limit) => {
        const filter: Filter = given;
        const has = <T>(values: readonly T[] | undefined, value: T | null): boolean =>
          values === undefined || (value !== null && values.includes(value));
        const expected = all.filter(
          (one) =>
            has(given.state, one.state) &&
            has(given.sysCode, one.sysCode) &&
            has(given.fixCode, one.fixCode) &&
            has<string>(given.scenario, one.scenario) &&
            has(given.waitReason, one.waitReason) &&
            (given.firstSeenFrom === undefined || one.firstSeenAt >= given.firstSeenFrom) &&
            (given.firstSeenTo === undefined || one.firstSeenAt < given.firstSeenTo) &&
            (given.amountMinorFrom === undefined || BigInt(one.amountMinor) >= BigInt(given.amountMinorFrom)),
        );
        expect((await everything(filter, limit)).map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
        const { problems, amounts } = await world.problems.count(filter, ANYONE);
        expect(problems).toBe(expected.length);
        const sum = expected.reduce((total, { amountMinor }) => total + BigInt(amountMinor), 0n);
        expect(amounts).toEqual(problems === 0 ? [] : [{ currency: 'CNY', amountMinor: sum.toString() }]);
      }),
      { numRuns: 40 },
    );
  });

  it('show nobody a system that is not theirs', async () => {
    const ofOne = limited('operator', ['PBMS'], ['view']);
    const { items } = await world.problems.list({ limit: 500 }, ofOne);
    expect(items.length).toBe(all.filter(({ sysCode }) => sysCode === 'PBMS').length);
    expect(items.every(({ sysCode }) => sysCode === 'PBMS')).toBe(true);
    expect((await world.problems.list({ limit: 500, sysCode: [SYSTEM] }, ofOne)).items).toEqual([]);
  });

  it('know what was stored before there were blocks', async () => {
    const { db } = world.database;
    const before = await booksKeptAndReal(world);
    await sql`DROP TABLE piculus.problem_blocks, piculus.pending_amounts`.execute(db);
    await sql`DROP FUNCTION piculus.keep_books CASCADE`.execute(db);
    await sql`DROP FUNCTION piculus.count_in_books, piculus.amount_step`.execute(db);
    await sql`ALTER TABLE piculus.problems DROP COLUMN book`.execute(db);
    await sql`DELETE FROM piculus.migrations WHERE name = '0023_problem_blocks.sql'`.execute(db);
    expect((await migrate(db)).applied).toEqual(['0023_problem_blocks.sql']);
    expect(await booksKeptAndReal(world)).toEqual(before);
  });

  it('round amounts up as the database does', async () => {
    const amount = fc.bigInt({ min: 0n, max: 99_999_999_999_999_999_999n });
    const rows = fc.sample(fc.oneof(amount, fc.bigInt({ min: 0n, max: 1_000n })), { numRuns: 300, seed: 1 });
    const given = rows.map(String);
    const found = await sql<{ step: string }>`
      SELECT piculus.amount_step(amount)::text AS step FROM unnest(${given}::numeric[]) WITH ORDINALITY AS a(amount, place)
      ORDER BY place`.execute(world.database.db);
    expect(given.map(amountStep)).toEqual(found.rows.map(({ step }) => step));
    for (const one of given) {
      expect(BigInt(amountStep(one))).toBeGreaterThanOrEqual(BigInt(one));
      expect(amountStep(one)).toMatch(/^.0*$/);
      expect(amountStep(`-${one}`)).toBe(amountStep(one));
    }
  });
});
