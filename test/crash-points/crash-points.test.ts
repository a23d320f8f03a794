/**
 * Every pair of steps: the process is killed before and after each place that it names, once, and started again. It is
 * told all the places where it has not died yet, and dies at the one that it comes to first. Then everything must have
 * ended, each effect once, the chain of acts whole. A place that is never reached fails the test.
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
/** What needs an occasion that keeps the others from happening; each is told alone. */
const SPECIAL = ['give back', 'collect give back', 'rescue', 'collect progress'] as const;
const BETWEEN_NODES = ['mail insert', 'mail read'] as const;
const APART: readonly string[] = [...SPECIAL, ...BETWEEN_NODES];
const ORDINARY = [...COMMITS, ...DEEDS, ...RARE_DEEDS].filter((place) => !APART.includes(place));

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

/** Until it has died at each of the places, in the order in which it comes to them. */
async function dieAtEach(at: World, who: 'server' | 'client', names: readonly string[]): Promise<void> {
  const child = at[who];
  const left = new Set(bothSides(names));
  while (left.size > 0) {
    child.tell({ arm: [...left] });
    await untilDead(at, who, left);
    expect(await child.ended).toBe('SIGKILL');
    const place = await child.diedAt();
    expect(left.delete(place), `it died at "${place}"`).toBe(true);
    await child.start();
  }
}

async function untilDead(at: World, who: 'server' | 'client', left: ReadonlySet<string>): Promise<void> {
  const child = at[who];
  const needed = new Set([...left].map((place) => OCCASIONS[place.replace(/^(before|after) /, '')]));
  const endsAt = performance.now() + REACHED_WITHIN_MS;
  while (child.runs) {
    if (performance.now() > endsAt) throw new Error(`${who} never came to any of: ${[...left].join(', ')}`);
    await at.work();
    for (const occasion of needed) await occasion?.(at);
    await Promise.race([child.ended, pause(POLL_MS)]);
  }
}

const settled = async (world: World): Promise<void> =>
  expect(await world.settle(SETTLED_WITHIN_MS)).toEqual([]);

// Side by side: most of the time a world waits for a clock, for its next tick or for the next process.
describe.concurrent('whoever dies', () => {
  it('a server that dies before or after anything that it commonly does loses nothing and does nothing twice', async () => {
    await inWorld(async (world) => {
      await dieAtEach(world, 'server', ORDINARY);
      await settled(world);
    });
  }, 900_000);

  it('a server that dies before or after what seldom happens or what it tells another one, likewise', async () => {
    await inWorld(async (world) => {
      for (const place of SPECIAL) await dieAtEach(world, 'server', [place]);
      await world.second.start();
      await dieAtEach(world, 'server', BETWEEN_NODES);
      await settled(world);
    });
  }, 900_000);

  it('a client that dies at any of its places loses nothing and does nothing twice', async () => {
    await inWorld(async (world) => {
      await dieAtEach(world, 'client', OF_CLIENT);
      await settled(world);
    });
  }, 900_000);
});
