/** The repairs' conformance kit against the real PBAP on PostgreSQL and the real bank over HTTP. */
import { conformanceChecks } from '@piculus/repairs/conformance';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Cloner, createCloner } from './cloned-database.ts';
import { lendWorlds } from './lent-worlds.ts';
import { openWorld } from './world.ts';

let cloner: Cloner;
const worlds = lendWorlds(() => openWorld(cloner));
beforeAll(async () => {
  cloner = await createCloner();
});
afterAll(async () => {
  await worlds.close();
  await cloner.drop();
});

/** These want to see everything complete, also what an earlier check left half done on purpose. */
const LOOKS_AT_ALL = /: is found once, under its own fix$/;

describe.concurrent('the repairs on PBAP', () => {
  for (const { name, run } of conformanceChecks(() => worlds.lend()))
    if (!LOOKS_AT_ALL.test(name)) it(name, run, 240_000);
  for (const { name, run } of conformanceChecks(() => worlds.lend({ empty: true })))
    if (LOOKS_AT_ALL.test(name)) it(name, run, 240_000);
});
