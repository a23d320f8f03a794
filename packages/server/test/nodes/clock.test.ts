import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createScheduler } from '../../src/dispatch/scheduler.ts';
import { createExecutions } from '../../src/executions/index.ts';
import {
  createDisciplinedClock,
  createTimeKeeper,
  type DisciplinedClock,
  measureTime,
} from '../../src/nodes/clock.ts';
import { takeDuties } from '../../src/store/duties.ts';
import { beat, leave, retireSilentNodes } from '../../src/store/nodes.ts';
import { person } from '../../../../test/support/callers.ts';
import { openWorld, orders } from '../executions/world.ts';

const HOUR_MS = 3_600_000;
const SIGN = {
  state: 'working',
  version: '1.0.0',
  host: 'h',
  pid: 1,
  address: 'http://127.0.0.1:1',
  clients: 0,
  secretPrint: 'print',
  signingKey: null,
  auditKey: 'key',
} as const;

/** A machine whose clock and whose passing of time are moved by the test. */
function machine(wallMs: number) {
  let wall = wallMs;
  let elapsed = 5_000;
  return {
    clock: createDisciplinedClock({ ...systemClock, now: () => new Date(wall), elapsedMs: () => elapsed }),
    pass: (ms: number) => {
      wall += ms;
      elapsed += ms;
    },
    jump: (ms: number) => {
      wall += ms;
    },
    /** The database was asked and answered at once. */
    told: (clock: DisciplinedClock, databaseMs: number) =>
      clock.observe({ databaseMs, askedAt: elapsed, answeredAt: elapsed }),
  };
}

describe('the time of a node', () => {
  const START = Date.parse('2026-03-29T00:59:30Z');

  it("is the machine's until the database was asked, and then the database's", () => {
    const { clock, told, pass } = machine(START + 2 * HOUR_MS);
    expect(clock.now().getTime()).toBe(START + 2 * HOUR_MS);
    expect(clock.standing().measuredAgoMs).toBeNull();
    expect(told(clock, START)).toBe(-2 * HOUR_MS);
    expect(clock.now().getTime()).toBe(START);
    pass(1_500);
    expect(clock.now().getTime()).toBe(START + 1_500);
    expect(clock.standing()).toEqual({ offsetMs: 2 * HOUR_MS, measuredAgoMs: 1_500 });
  });

  it.each([-1, 2, 25])('does not change with the clock of the machine, which jumps by %i h', (hours) => {
    const { clock, told, pass, jump } = machine(START);
    told(clock, START);
    jump(hours * HOUR_MS);
    expect(clock.now().getTime()).toBe(START);
    pass(400);
    expect(clock.now().getTime()).toBe(START + 400);
    expect(clock.standing().offsetMs).toBe(hours * HOUR_MS);
  });

  it('makes up for a small difference little by little, and steps over a large one', () => {
    const { clock, told, pass } = machine(START);
    told(clock, START);
    expect(told(clock, START - 500)).toBe(0);
    expect(clock.now().getTime()).toBe(START);
    pass(2_500);
    expect(clock.now().getTime()).toBe(START + 2_250);
    pass(2_500);
    expect(clock.now().getTime()).toBe(START + 4_500);
    expect(told(clock, START + 4_500 + HOUR_MS)).toBe(HOUR_MS);
    expect(clock.now().getTime()).toBe(START + 4_500 + HOUR_MS);
  });

  it('does not believe an answer more exactly than the time that it took', () => {
    const { clock, told, pass } = machine(START);
    told(clock, START);
    pass(10_000);
    const now = clock.elapsedMs();
    clock.observe({ databaseMs: START + 10_000 - 290, askedAt: now - 600, answeredAt: now });
    clock.observe({ databaseMs: START + 50_000, askedAt: now - 9_000, answeredAt: now });
    pass(5_000);
    expect(clock.now().getTime()).toBe(START + 15_000);
  });

  it('never runs back by small corrections, and never far from what the database said last', () => {
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 20_000 }),
      driftMs: fc.integer({ min: -450, max: 450 }),
      wallJumpMs: fc.integer({ min: -25 * HOUR_MS, max: 25 * HOUR_MS }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const { clock, told, pass, jump } = machine(START);
        told(clock, START);
        let truth = START;
        let before = clock.now().getTime();
        for (const { passMs, driftMs, wallJumpMs } of steps) {
          pass(passMs);
          truth += passMs;
          jump(wallJumpMs);
          const now = clock.now().getTime();
          expect(now).toBeGreaterThanOrEqual(before);
          expect(Math.abs(now - truth)).toBeLessThanOrEqual(500);
          before = now;
          told(clock, truth + driftMs);
          expect(clock.now().getTime()).toBeGreaterThanOrEqual(before - 1);
        }
      }),
    );
  });
});

describe.each(TEST_ENGINES)('a node whose machine says another time, on %s', (engine) => {
  it("has the database's time all the same", async () => {
    const world = await openWorld(engine);
    const wrong = { ...systemClock, now: () => new Date(Date.now() + 25 * HOUR_MS) };
    const clock = createDisciplinedClock(wrong);
    await measureTime(world.context, clock);
    const asked = await sql<{ ms: number }>`
      SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`.execute(world.database.db);
    const apart = clock.now().getTime() - (asked.rows[0]?.ms ?? 0);
    // Half an hour of the 25: what a busy machine takes between the two lines is no matter.
    expect(Math.abs(apart)).toBeLessThan(HOUR_MS / 2);
    expect(clock.standing().offsetMs).toBeGreaterThan(24 * HOUR_MS);
    await world.close();
  });
});

describe("a database's clock that was set back by an hour", () => {
  it('hides nobody who is silent for longer than a lease lasts', async () => {
    const world = await openWorld();
    const { db } = world.database;
    const clock = createDisciplinedClock(systemClock);
    const node = { ...world.context, clock };
    const keeper = createTimeKeeper(node, clock);
    await keeper.runOnce();
    await world.solution({ executionMode: 'manual' });
    await world.report(orders(world, 1));
    await world.problems.run(['1'], person('operator'), undefined);
    expect(await createExecutions(node).claim(world.session(), 9)).not.toBeNull();
    for (const [nodeId, gone] of [
      ['dead', false],
      ['alive', false],
      ['left', true],
    ] as const) {
      await beat(db, { ...SIGN, nodeId }, 0);
      if (gone) await leave(db, nodeId);
    }
    await takeDuties(db, { nodeId: 'dead', names: ['chain'], ms: 10_000 });
    // What was stored by the time of before lies an hour ahead now.
    await sql`UPDATE piculus.leases SET expires_at = expires_at + interval '1 hour'`.execute(db);
    await sql`UPDATE piculus.duties SET expires_at = expires_at + interval '1 hour'`.execute(db);
    await sql`UPDATE piculus.nodes SET seen_at = seen_at + interval '1 hour',
      unbroken_since = unbroken_since + interval '1 hour'`.execute(db);
    // Only what the node itself remembers tells that the clock was another one.
    const at = clock.elapsedMs();
    clock.observe({ databaseMs: Date.now() + HOUR_MS, askedAt: at, answeredAt: at });
    await keeper.runOnce();

    const left = await sql<Record<string, number>>`
      SELECT (SELECT max(extract(epoch FROM expires_at - clock_timestamp())) FROM piculus.leases)::float8 AS lease,
        (SELECT max(extract(epoch FROM expires_at - clock_timestamp())) FROM piculus.duties)::float8 AS duty,
        (SELECT count(*) FROM piculus.nodes WHERE seen_at > clock_timestamp() AND state <> 'gone')::int AS ahead,
        (SELECT count(*) FROM piculus.nodes WHERE unbroken_since > clock_timestamp() AND state <> 'gone')::int AS broken
    `.execute(db);
    expect(left.rows[0]).toMatchObject({ ahead: 0, broken: 0 });
    expect(left.rows[0]?.['lease']).toBeLessThanOrEqual(30);
    expect(left.rows[0]?.['duty']).toBeLessThanOrEqual(30);
    // Counted from now on: whoever gives no sign any more is found by another one that does.
    await beat(db, { ...SIGN, nodeId: 'alive' }, 60_000);
    await sql`UPDATE piculus.nodes SET seen_at = seen_at - interval '20 seconds' WHERE node_id = 'dead'`.execute(
      db,
    );
    await sql`UPDATE piculus.nodes SET unbroken_since = unbroken_since - interval '20 seconds'`.execute(db);
    const silent = await retireSilentNodes(db, { nodeId: 'alive', silentMs: 15_000 });
    expect(silent.nodeIds).toEqual(['dead']);
    await world.close();
  });
});

describe('two nodes of which one has a wrong machine', () => {
  it('neither ends the leases of the other nor takes its ticks away', async () => {
    const world = await openWorld();
    const nodes = [0, 2 * HOUR_MS, -HOUR_MS].map((wrongMs, index) => {
      const clock = createDisciplinedClock({
        ...systemClock,
        now: () => new Date(Date.now() + wrongMs),
      });
      return { ...world.context, clock, nodeId: `node-${index}` };
    });
    for (const node of nodes) await measureTime(node, node.clock);
    const [good, ahead, behind] = nodes;
    if (good === undefined || ahead === undefined || behind === undefined) throw new Error('no nodes');
    const { db } = world.database;
    const solution = await world.solution({ retryCron: '0 0 0 1 1 ?' });
    await world.report(orders(world, 1));
    await sql`UPDATE piculus.problems SET ready_at = now() - interval '1 hour'`.execute(db);
    await sql`UPDATE piculus.solutions SET tick_at = now(), tick_cursor = tick_floor - 1, tick_done = false`.execute(
      db,
    );
    expect(await createExecutions(good).claim(world.session(), 10)).not.toBeNull();
    for (const node of nodes) expect(await createExecutions(node).rescueExpired()).toBe(0);
    // The next tick of the cron is months away for each of them.
    const tickAt = async () =>
      (
        await sql<{ at: Date }>`SELECT tick_at AS at FROM piculus.solutions WHERE id = ${solution}`.execute(
          db,
        )
      ).rows[0]?.at;
    const before = await tickAt();
    await sql`UPDATE piculus.solutions SET tick_done = true`.execute(db);
    for (const node of nodes) await createScheduler(node).runOnce();
    expect(await tickAt()).toEqual(before);
    await world.close();
  });
});
