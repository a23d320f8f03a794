/** The conformance kit sees a PBAP of which one guard is switched off: each by the check that is for it. */
import { readFileSync } from 'node:fs';
import { conformanceChecks } from '@piculus/repairs/conformance';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cloner, createCloner } from './cloned-database.ts';
import { PBAP_MUTANTS, type PbapMutant } from './mutants.ts';
import { openWorld, type PbapWorld } from './world.ts';

/** What only shows when two meet is tried again. */
const TRIES = 5;

let cloner: Cloner;
beforeAll(async () => {
  cloner = await createCloner();
});
afterAll(() => cloner.drop());

interface Mutated {
  /** Of its changes, those that a statement was met for. */
  readonly met: ReadonlySet<string>;
  open(): Promise<PbapWorld>;
}

function mutated({ sql = [], system = (same) => same }: PbapMutant): Mutated {
  const met = new Set<string>();
  const change = (text: string): string =>
    sql.reduce((now, [from, to]) => {
      if (!now.includes(from)) return now;
      met.add(from);
      return now.replace(from, to);
    }, text);
  const changeAll = (pool: pg.Pool): void => {
    pool.on('connect', (client) => {
      const send: (...given: unknown[]) => unknown = client.query.bind(client);
      const query = (text: unknown, ...more: unknown[]): unknown =>
        send(typeof text === 'string' ? change(text) : text, ...more);
      Object.assign(client, { query });
    });
  };
  return {
    met,
    open: async () => {
      const world = await openWorld(cloner, {}, changeAll);
      return { ...world, system: system(world.system) };
    },
  };
}

/** @returns what the check said of the mutant, or null where it let it pass every time. */
async function verdict(mutant: PbapMutant, open: () => Promise<PbapWorld>): Promise<string | null> {
  const check = conformanceChecks(open).find(({ name }) => name === mutant.check);
  if (check === undefined) throw new Error(`the kit has no check "${mutant.check}"`);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const said = await check.run().then(
      () => null,
      (error: unknown) => String(error),
    );
    if (said !== null) return said;
  }
  return null;
}

describe.concurrent('the kit tells PBAP without', () => {
  it.each(PBAP_MUTANTS.map((mutant) => [mutant.guard, mutant] as const))('%s', async (_, mutant) => {
    const { met, open } = mutated(mutant);
    expect(await verdict(mutant, open)).toMatch(mutant.says);
    expect([...met]).toEqual((mutant.sql ?? []).map(([from]) => from));
  });
});

it('docs/repairs.md has the same table', () => {
  const page = readFileSync(new URL('../../../../docs/repairs.md', import.meta.url), 'utf8');
  const [, rest = ''] = page.split('| switched off in PBAP | told by |\n|---|---|\n');
  const rows = PBAP_MUTANTS.map(({ guard, check }) => `| ${guard} | ${check} |\n`);
  expect(rest.split('\n\n')[0]).toBe(rows.join('').trimEnd());
});
