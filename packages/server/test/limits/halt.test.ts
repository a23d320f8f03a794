/** A halt on its way to the clients, and what they give back. */
import type { FixCommand, ServerMessageType } from '@piculus/protocol';
import { PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ENGINES } from '../../../../test/support/database.ts';
import { ANYONE } from '../../../../test/support/callers.ts';
import type { LimitsRoom, Session } from '../../src/base/services.ts';
import { createHalter } from '../../src/dispatch/halter.ts';
import { createLimits } from '../../src/limits/index.ts';
import { UNLIMITED } from '../../src/limits/rules.ts';
import { FIX, openWorld, orders, type World } from '../executions/world.ts';

describe.each(TEST_ENGINES)('a halt on %s', (engine) => {
  let world: World;
  let limits: LimitsRoom;
  let systems = 0;
  beforeAll(async () => {
    world = await openWorld(engine);
    limits = createLimits(world.context);
  });
  afterAll(() => world.close());

  async function scene(problems: number, refuse?: () => PiculusError | null) {
    systems += 1;
    const sysCode = `HALT${systems}`;
    await world.system(sysCode);
    const solution = await world.solution({ sysCode });
    await world.report(orders(world, problems), { sysCode });
    const sent: { type: ServerMessageType; leaseIds: readonly string[] }[] = [];
    const session: Session = {
      ...world.session({ sysCode }),
      send: async (type, body) => {
        const error = refuse?.() ?? null;
        if (error !== null) throw error;
        if ('leaseIds' in body) sent.push({ type, leaseIds: body.leaseIds });
      },
    };
    const sessions = { all: () => [session], bySystem: () => [session] };
    await world.tick(solution);
    return {
      sysCode,
      session,
      sent,
      halter: createHalter(world.context, sessions),
      claim: (max: number) => world.executions.claim(session, max),
      stop: (more: { includeManual?: boolean } = {}) =>
        limits.stop({ sysCode, includeManual: false, reason: 'wrong', ...more }, ANYONE),
    };
  }
  const idsOf = (command: FixCommand | null): string[] =>
    command?.items.map(({ problemId }) => problemId) ?? [];

  it('names the leases of ticks that it covers, once', async () => {
    const { sysCode, sent, halter, claim, stop } = await scene(4);
    const tick = await claim(2);
    const [first] = (await world.problems.list({ limit: 1, sysCode: [sysCode] }, ANYONE)).items;
    await world.problems.run([first?.id ?? ''], ANYONE, undefined);
    const click = await claim(1);
    expect(click?.items[0]?.trigger).toBe('click');
    await halter.runOnce();
    expect(sent).toEqual([]);
    const halt = await stop();
    await halter.runOnce();
    await halter.runOnce();
    expect(sent).toEqual([{ type: 'halt', leaseIds: [tick?.leaseId] }]);
    await limits.resume(halt.id, ANYONE, 'mended');
    await stop({ includeManual: true });
    await halter.runOnce();
    expect(sent[1]).toEqual({ type: 'halt', leaseIds: [click?.leaseId] });
  });

  it('is told again where it could not be told', async () => {
    let away = true;
    const { sent, halter, claim, stop } = await scene(2, () => (away ? new PiculusError('no-client') : null));
    const command = await claim(2);
    await stop();
    await halter.runOnce();
    expect(sent).toEqual([]);
    away = false;
    await halter.runOnce();
    expect(sent).toEqual([{ type: 'halt', leaseIds: [command?.leaseId] }]);
  });

  it('takes back what was not begun, as if it had never been handed out', async () => {
    const { sysCode, session, claim, stop } = await scene(3);
    const settings = { ...UNLIMITED, executionsPerHour: 3 };
    await limits.set({ sysCode, fixCode: FIX, version: 0, settings, reason: 'few' }, ANYONE);
    const command = await claim(3);
    const [begun = '', ...others] = idsOf(command);
    const halt = await stop();
    const body = { leases: [{ leaseId: command?.leaseId ?? '', problemIds: others }] };
    // Nobody else can give them back.
    await world.executions.takeBack(world.session({ sysCode }), body);
    const used = async (): Promise<number | undefined> =>
      (await limits.list(ANYONE)).find((row) => row.sysCode === sysCode && row.fixCode === FIX)?.used
        .executions;
    expect(await used()).toBe(3);
    await world.executions.takeBack(session, body);
    await world.executions.takeBack(session, body);
    expect(await used()).toBe(1);
    const { items } = await world.problems.list({ limit: 9, sysCode: [sysCode] }, ANYONE);
    expect(items.map(({ id, state }) => [id, state]).sort()).toEqual(
      [[begun, 'executing'], ...others.map((id) => [id, 'pending'])].sort(),
    );
    expect(await claim(3)).toBeNull();
    await limits.resume(halt.id, ANYONE, 'mended');
    expect(idsOf(await claim(3))).toEqual(others);
    const executions = await sql`SELECT FROM piculus.executions WHERE sys_code = ${sysCode}`.execute(
      world.database.db,
    );
    expect(executions.rows).toEqual([]);
  });

  it('leaves nothing of a lease of which nothing was begun', async () => {
    const { sysCode, session, claim, stop } = await scene(2);
    const command = await claim(2);
    await stop();
    const body = { leases: [{ leaseId: command?.leaseId ?? '', problemIds: idsOf(command) }] };
    await world.executions.takeBack(session, body);
    const leases = await sql`SELECT FROM piculus.leases WHERE sys_code = ${sysCode}`.execute(
      world.database.db,
    );
    expect(leases.rows).toEqual([]);
  });
});
