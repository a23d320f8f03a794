/** Guards in SQL, switched off one by one: what holds them is seen on the simulated database and on PostgreSQL. */
import { describe, expect, it } from 'vitest';
import { type Arena, type Asked, realArena, simulatedArena } from './arena.ts';
import { rewriter, SQL_MUTANTS, type SqlMutant } from './sql-mutants.ts';
import { storm } from './storm.ts';

type OpenArena = (asked: Asked) => Promise<Arena>;

async function once(
  open: OpenArena,
  mutant: SqlMutant | null,
  seed: number,
): Promise<{ found: string[]; met: number }> {
  const met = new Set<number>();
  const arena = await open({
    seed,
    rewrite: mutant === null ? null : rewriter(mutant, met),
    ddl: mutant?.ddl ?? [],
  });
  try {
    return { found: await storm(arena, seed), met: met.size };
  } finally {
    await arena.close();
  }
}

/** All of them by `SIMULATION_STORMS=all`; a storm on PostgreSQL costs a database of its own. */
const ALL = process.env['SIMULATION_STORMS'] === 'all';
const SEEDS = ALL ? 300 : 8;
const REAL_SEEDS = 15;
const ON_POSTGRESQL = SQL_MUTANTS.filter(
  ({ name, expect: expected }) =>
    expected === 'caught' && (ALL || name === 'lock-system' || name === 'lock-lease+unique-execution'),
);

describe('a storm of claims, answers, ticks and clicks', () => {
  it('finds nothing in the simulated database', async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1)
      expect([seed, (await once(simulatedArena, null, seed)).found]).toEqual([seed, []]);
  });

  it('finds nothing in PostgreSQL', async () => {
    for (let seed = 1; seed <= (ALL ? 20 : 1); seed += 1)
      expect([seed, (await once(realArena, null, seed)).found]).toEqual([seed, []]);
  });

  it.each(SQL_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('tells %s', async (_, mutant) => {
    const found = new Set<string>();
    let met = 0;
    for (let seed = 1; seed <= SEEDS && found.size === 0; seed += 1) {
      const run = await once(simulatedArena, mutant, seed);
      met = Math.max(met, run.met);
      for (const violation of run.found) found.add(violation);
    }
    expect(met).toBe(mutant.changes.length);
    expect(found.size > 0 ? 'caught' : 'covered').toBe(mutant.expect === 'caught' ? 'caught' : 'covered');
  });

  it.each(ON_POSTGRESQL.map((mutant) => [mutant.name, mutant] as const))(
    'tells %s on PostgreSQL',
    { timeout: 240_000 },
    async (_, mutant) => {
      const found = new Set<string>();
      for (let seed = 1; seed <= REAL_SEEDS && found.size === 0; seed += 1) {
        for (const violation of (await once(realArena, mutant, seed)).found) found.add(violation);
      }
      expect([...found]).not.toEqual([]);
    },
  );
});
