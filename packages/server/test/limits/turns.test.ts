/** The stop switch takes turns with claims: what is handed out was handed out before it, and nothing after it. */
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ANYONE } from '../../../../test/support/callers.ts';
import type { Steps } from '../../src/base/steps.ts';
import { createExecutions } from '../../src/executions/index.ts';
import { createLimits } from '../../src/limits/index.ts';
import { openWorld, orders, type World } from '../executions/world.ts';

const SYSTEM = 'TURNS';
const LOOK_EVERY_MS = 20;

let world: World;
beforeAll(async () => {
  world = await openWorld('postgres');
});
afterAll(() => world.close());

/** Resolves when somebody waits for a lock in this database. */
async function somebodyWaits(): Promise<'waits'> {
  const waiting = sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while ((await waiting.execute(world.context.db)).rows.length === 0) await pause(LOOK_EVERY_MS);
  return 'waits';
}

it('waits for a claim under way, after which nothing is handed out', async () => {
  await world.system(SYSTEM);
  const solution = await world.solution({ sysCode: SYSTEM, executionMode: 'automatic' });
  await world.report(orders(world, 2), { sysCode: SYSTEM });
  await world.tick(solution);
  let goOn = (): void => {};
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let hasHandedOut = (): void => {};
  const handedOut = new Promise<void>((resolve) => {
    hasHandedOut = resolve;
  });
  const steps: Steps = {
    at(place) {
      if (place !== 'before fix claim') return undefined;
      hasHandedOut();
      return mayGoOn;
    },
  };
  const executions = createExecutions({ ...world.context, steps });
  const claimed = executions.claim(world.session({ sysCode: SYSTEM }), 1);
  await handedOut;
  const input = { sysCode: SYSTEM, includeManual: true, reason: 'everything' };
  const stopped = createLimits(world.context).stop(input, ANYONE);
  expect(await Promise.race([somebodyWaits(), stopped.then(() => 'did not wait')])).toBe('waits');
  goOn();
  expect((await claimed)?.items).toHaveLength(1);
  await stopped;
  expect(await world.executions.claim(world.session({ sysCode: SYSTEM }), 9)).toBeNull();
});
