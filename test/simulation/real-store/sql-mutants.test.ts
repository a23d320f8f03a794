/** Guards in SQL, switched off one by one: what holds them is seen on the simulated database and on PostgreSQL. */
import { afterAll, describe, expect, it } from 'vitest';
import { type Arena, type Asked, realArena, simulatedArena } from './arena.ts';
import { desk } from './desk.ts';
import { rewriter, SQL_MUTANTS, type SqlMutant } from './sql-mutants.ts';
import { storm } from './storm.ts';

type OpenArena = (asked: Asked) => Promise<Arena>;

/** Nothing is switched off. */
const NOTHING: SqlMutant = { name: 'none', what: '', changes: [], ddl: [], expect: 'caught' };
/** All of them by `SIMULATION_STORMS=all`; a storm on PostgreSQL costs a database of its own. */
const ALL = process.env['SIMULATION_STORMS'] === 'all';
const SEEDS_MAX = 300;
/** Of what is covered, and of nothing switched off. */
const SEEDS = ALL ? { simulated: 100, postgresql: 5 } : { simulated: 4, postgresql: 1 };
const IN_SHORT: ReadonlySet<string> = new Set([
  'lock-system',
  'closed-look+lease-statement+lease-trigger+unique-execution',
]);
const ON_POSTGRESQL = SQL_MUTANTS.filter(({ name }) => ALL || IN_SHORT.has(name));

async function once(open: OpenArena, mutant: SqlMutant, seed: number): Promise<Seen> {
  const met = new Set<number>();
  const arena = await open({ seed, rewrite: rewriter(mutant, met), ddl: mutant.ddl });
  try {
    const refused = `an act fails: SQLSTATE ${mutant.refusedBy}`;
    const looks = mutant.where === 'desk' ? desk : storm;
    const all = await looks(arena, seed);
    return { found: all.filter((one) => one !== refused), met: met.size, refused: all.includes(refused) };
  } finally {
    await arena.close();
  }
}

interface Seen {
  readonly found: readonly string[];
  /** How many of the changes were met. */
  readonly met: number;
  /** By the guard that is left. */
  readonly refused: boolean;
}

/** Until something is found, beginning with the seed that is kept. */
async function search(open: OpenArena, mutant: SqlMutant, where: 'simulated' | 'postgresql'): Promise<Seen> {
  const seen = { found: [] as readonly string[], met: 0, refused: false };
  const isCaught = mutant.expect === 'caught';
  const seeds = Array.from({ length: isCaught ? SEEDS_MAX : SEEDS[where] }, (_, at) => at + 1);
  const kept = ALL || mutant.seed === undefined ? seeds : [mutant.seed, ...seeds];
  let last = 0;
  for (const seed of kept) {
    last = seed;
    const { found, met, refused } = await once(open, mutant, seed);
    seen.met = Math.max(seen.met, met);
    seen.refused ||= refused;
    seen.found = found;
    if (found.length > 0) break;
  }
  const came =
    seen.found.length === 0 ? `nothing in ${last} seeds` : `seed ${last}, ${seen.found.join(', ')}`;
  const left = seen.refused ? `; refused by what is left, ${mutant.refusedBy}` : '';
  const line = `${mutant.name}, ${where}: ${came}${left}`;
  told.push(line);
  if (ALL) process.stderr.write(`${line}\n`);
  return seen;
}

const told: string[] = [];

describe('a storm of claims, answers, ticks and clicks, and a desk', () => {
  afterAll(() => console.log(told.join('\n')));

  it.each(['storm', 'desk'] as const)('finds nothing in the simulated database: %s', async (where) => {
    for (let seed = 1; seed <= SEEDS.simulated; seed += 1)
      expect([seed, (await once(simulatedArena, { ...NOTHING, where }, seed)).found]).toEqual([seed, []]);
  });

  it.each(['storm', 'desk'] as const)('finds nothing in PostgreSQL: %s', async (where) => {
    for (let seed = 1; seed <= SEEDS.postgresql; seed += 1)
      expect([seed, (await once(realArena, { ...NOTHING, where }, seed)).found]).toEqual([seed, []]);
  });

  it.each(SQL_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('tells %s', async (_, mutant) => {
    const seen = await search(simulatedArena, mutant, 'simulated');
    expect(seen.met).toBe(mutant.changes.length);
    expect(seen.found.length > 0).toBe(mutant.expect === 'caught');
  });

  it.each(ON_POSTGRESQL.map((mutant) => [mutant.name, mutant] as const))(
    'tells %s on PostgreSQL',
    { timeout: ALL ? 3_600_000 : 600_000 },
    async (_, mutant) => {
      const seen = await search(realArena, mutant, 'postgresql');
      expect(seen.met).toBe(mutant.changes.length);
      expect(seen.found.length > 0).toBe(mutant.expect === 'caught');
    },
  );
});
