/** The repairs' conformance kit against the real PBAP on PostgreSQL and the real bank over HTTP. */
import { conformanceChecks } from '@piculus/repairs/conformance';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Cloner, createCloner } from './cloned-database.ts';
import { openWorld } from './world.ts';

let cloner: Cloner;
beforeAll(async () => {
  cloner = await createCloner();
});
afterAll(() => cloner.drop());

describe.concurrent('the repairs on PBAP', () => {
  for (const { name, run } of conformanceChecks(() => openWorld(cloner))) it(name, run, 240_000);
});
