/**
 * Every pair of steps: the process is killed before and after each place that it names, once, and started again. Then
 * everything must have ended, each effect once, the chain of acts whole. A place that is never reached fails the test.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { COMMITS, DEEDS } from '../../packages/server/src/base/steps.ts';
import { makeWorld, POLL_MS, type World } from './world.ts';

const OF_CLIENT = [
  'collect taken',
  'problems send',
  'problems ack',
  'collect-done send',
  'collect-done ack',
  'fix taken',
  'journal open',
  'effect commit',
  'journal answer',
  'fix-results send',
  'fix-results ack',
] as const;
const BETWEEN_NODES = ['mail insert', 'mail read'];

const bothSides = (places: readonly string[]): string[] =>
  places.flatMap((place) => [`before ${place}`, `after ${place}`]);

const REACHED_WITHIN_MS = 120_000;
const SETTLED_WITHIN_MS = 90_000;

let world: World | null = null;
afterEach(async (context) => {
  await world?.close(context.task.result?.state === 'fail');
  if (context.task.result?.state === 'fail') process.stderr.write(`logs: ${world?.folder}\n`);
  world = null;
});

/** What has to happen for a place to be come by, beside the ordinary. */
const OCCASIONS: Readonly<Record<string, (world: World) => Promise<void>>> = {
  rescue: async (at) => {
    if (!(await at.isLeased())) return;
    await at.client.kill();
    await at.client.start();
  },
  // Otherwise the next one is a minute away.
  checkpoint: (at) => at.forgetCheckpoints(),
  'give back': async ({ client }) => client.tell({ refuse: true }),
};

async function dieAt(at: World, who: 'server' | 'client', place: string): Promise<void> {
  const child = at[who];
  const occasion = OCCASIONS[place.replace(/^(before|after) /, '')];
  const endsAt = performance.now() + REACHED_WITHIN_MS;
  child.tell({ arm: place });
  while (child.runs) {
    if (performance.now() > endsAt) throw new Error(`${who} never came to "${place}"`);
    await at.work();
    await occasion?.(at);
    await Promise.race([child.ended, pause(POLL_MS)]);
  }
  process.stdout.write(`${who} ${place} ${Math.round(performance.now() - endsAt + REACHED_WITHIN_MS)} ms\n`);
  expect(await child.ended).toBe('SIGKILL');
  await child.start();
}

async function crashes(who: 'server' | 'client', places: readonly string[]): Promise<string[]> {
  world = await makeWorld();
  for (const place of places) await dieAt(world, who, place);
  return world.settle(SETTLED_WITHIN_MS);
}

it('a server that dies before or after any of its commits loses nothing and does nothing twice', async () => {
  expect(await crashes('server', bothSides(COMMITS))).toEqual([]);
}, 900_000);

it('a server that dies before or after anything else that it does, likewise', async () => {
  const deeds = DEEDS.filter((deed) => !BETWEEN_NODES.includes(deed));
  expect(await crashes('server', bothSides(deeds))).toEqual([]);
}, 900_000);

it('a client that dies at any of its places loses nothing and does nothing twice', async () => {
  expect(await crashes('client', bothSides(OF_CLIENT))).toEqual([]);
}, 900_000);

it('a node that dies between telling and being told loses nothing', async () => {
  world = await makeWorld();
  await world.second.start();
  for (const place of bothSides(BETWEEN_NODES)) await dieAt(world, 'server', place);
  expect(await world.settle(SETTLED_WITHIN_MS)).toEqual([]);
}, 300_000);
