/**
 * Every pair of steps: the process is killed before and after each place that it names, once, and started again. Then
 * everything must have ended, each effect once, the chain of acts whole. A place that is never reached fails the test.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMITS, DEEDS, RARE_DEEDS } from '../../packages/server/src/base/steps.ts';
import { makePrograms, type Programs } from './one-file.ts';
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
/** One of the rare commits; the others are in acts.test.ts. */
const OF_A_COLLECT = 'collect progress';
const BETWEEN_NODES = ['mail insert', 'mail read'];

const bothSides = (places: readonly string[]): string[] =>
  places.flatMap((place) => [`before ${place}`, `after ${place}`]);

let programs: Programs;
beforeAll(async () => {
  programs = await makePrograms();
}, 300_000);
afterAll(() => programs.remove());

const REACHED_WITHIN_MS = 120_000;
const SETTLED_WITHIN_MS = 90_000;

/** A world of its own, whose logs are kept where it went wrong. */
async function inWorld(act: (world: World) => Promise<void>): Promise<void> {
  const world = await makeWorld(programs);
  let wrong = true;
  try {
    await act(world);
    wrong = false;
  } finally {
    await world.close(wrong);
    if (wrong) process.stderr.write(`logs: ${world.folder}\n`);
  }
}

/** What has to happen for a place to be come by, beside the ordinary. */
const OCCASIONS: Readonly<Record<string, (world: World) => Promise<void>>> = {
  rescue: async (at) => {
    if (!(await at.isLeased())) return;
    await at.client.kill();
    await at.client.start();
  },
  // Otherwise the next one is a minute away.
  checkpoint: (at) => at.forgetCheckpoints(),
  'give back': async ({ client }) => client.tell({ refuse: 'fix' }),
  'collect give back': async ({ client }) => client.tell({ refuse: 'collect' }),
  'collect progress': async ({ client }) => client.tell({ linger: true }),
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

const crashes = (who: 'server' | 'client', places: readonly string[]): Promise<void> =>
  inWorld(async (world) => {
    for (const place of places) await dieAt(world, who, place);
    expect(await world.settle(SETTLED_WITHIN_MS)).toEqual([]);
  });

// Side by side: most of the time a world waits for a clock, for its next tick or for the next process.
describe.concurrent('whoever dies', () => {
  it('a server that dies before or after any of its commits loses nothing and does nothing twice', async () => {
    await crashes('server', bothSides(COMMITS));
  }, 900_000);

  it('a server that dies before or after anything else that it does, likewise', async () => {
    await crashes(
      'server',
      bothSides([...DEEDS, ...RARE_DEEDS, OF_A_COLLECT].filter((deed) => !BETWEEN_NODES.includes(deed))),
    );
  }, 900_000);

  it('a client that dies at any of its places loses nothing and does nothing twice', async () => {
    await crashes('client', bothSides(OF_CLIENT));
  }, 900_000);

  it('a node that dies between telling and being told loses nothing', async () => {
    await inWorld(async (world) => {
      await world.second.start();
      for (const place of bothSides(BETWEEN_NODES)) await dieAt(world, 'server', place);
      expect(await world.settle(SETTLED_WITHIN_MS)).toEqual([]);
    });
  }, 900_000);
});
