/**
 * Acts of people and what seldom happens by itself: the server is killed before and after the commit of each. What is
 * in the database then was not done and is told nowhere, or was done once and is told once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RARE_COMMITS } from '../../packages/server/src/base/steps.ts';
import type { Act } from './act.ts';
import { ACTS } from './acts.ts';
import { makePrograms, type Programs } from './one-file.ts';
import { LARGE, makeWorld, POLL_MS, SMALL, until, type World } from './world.ts';

/** Each act that needs a problem of its own takes two. */
const ORDERS_OF_A_KIND = 12;
const WITHIN_MS = 120_000;
/** Dies in the midst of the ordinary work: crash-points.test.ts. */
const OF_A_CLIENT = 'collect progress';

let programs: Programs;
let world: World;
beforeAll(async () => {
  programs = await makePrograms();
  world = await makeWorld(programs, { quiet: true });
  await haveProblems();
}, 300_000);
afterAll(async () => {
  await world.close(false);
  await programs.remove();
});

/** Orders that were reported, and no client any more that could repair them. */
async function haveProblems(): Promise<void> {
  const kinds = { A: SMALL, MS: SMALL, ML: LARGE };
  for (const [prefix, amountMinor] of Object.entries(kinds))
    await world.shop.query(
      `INSERT INTO orders SELECT $1 || number, $2::bigint FROM generate_series(1, $3::integer) AS number`,
      [prefix, amountMinor, ORDERS_OF_A_KIND],
    );
  const { id } = await world.requester.startCollection({ body: {} });
  await until(async () => (await world.requester.getCollection({ params: { id } })).state === 'complete');
  await world.client.end();
}

interface Figures {
  readonly done: number;
  readonly told: number;
}

async function figuresOf({ done, act }: Act): Promise<Figures> {
  const [times, acts] = await Promise.all([
    world.piculus.query<Record<string, unknown>>(done),
    world.piculus.query<{ count: string }>('SELECT count(*) FROM piculus.audit WHERE act = $1', [act]),
  ]);
  const [value] = Object.values(times.rows[0] ?? {});
  return { done: Number(value), told: Number(acts.rows[0]?.count) };
}

const times = ({ act }: Act, base: Figures, more: number): Figures => ({
  done: base.done + more,
  told: base.told + (act === null ? 0 : more),
});

/** @returns how often it was done before. */
async function dieAt(act: Act, place: string): Promise<Figures> {
  const { server } = world;
  const deed = await act.prepare(world);
  const base = await figuresOf(act);
  if (act.byItself === 'at the start') {
    await server.kill();
    await deed();
    expect(await server.startToDie(place)).toBe('SIGKILL');
    return base;
  }
  server.tell({ arm: [place] });
  // Whoever asked hears nothing: the one who would answer is dead.
  const asked = deed().then(
    () => 'answered',
    () => 'not answered',
  );
  const endsAt = performance.now() + WITHIN_MS;
  while (server.runs) {
    if (performance.now() > endsAt) throw new Error(`it never came to "${place}"; it was ${await asked}`);
    await Promise.race([server.ended, pause(POLL_MS)]);
  }
  expect(await server.ended).toBe('SIGKILL');
  if (act.byItself === undefined) expect(await asked).toBe('not answered');
  return base;
}

describe('a server that dies while it does what people do', () => {
  it.each(ACTS)(
    '$name',
    async (act) => {
      const before = await dieAt(act, `before ${act.commit}`);
      expect(await figuresOf(act)).toEqual(before);
      await world.server.start();
      if (act.byItself !== undefined) await until(async () => (await figuresOf(act)).done > before.done);

      const after = await dieAt(act, `after ${act.commit}`);
      expect(await figuresOf(act)).toEqual(times(act, after, 1));
      await world.server.start();
    },
    300_000,
  );

  it('and each of them once, told once, in a chain that holds', async () => {
    expect(await world.chainFaults()).toEqual([]);
    const known = new Set(ACTS.map(({ commit }) => commit));
    expect(RARE_COMMITS.filter((commit) => !known.has(commit))).toEqual([OF_A_CLIENT]);
  });
});
