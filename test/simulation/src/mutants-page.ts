/** The page of what the simulation catches: mechanisms by invariants. */
import { ALL_MUTANTS, COMBINATIONS } from './mutants.ts';

export interface Caught {
  readonly name: string;
  readonly seed: number | null;
  readonly invariant: string | null;
  /** The last seed that was tried. */
  readonly seeds: number;
}

export function isCaught(row: unknown): row is Caught {
  return typeof row === 'object' && row !== null && 'name' in row && 'seed' in row && 'invariant' in row;
}

/** In the order in which they are explained. */
const INVARIANTS = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
  'I13',
  'I14',
  'I15',
] as const;

export function mutantsPage(all: readonly Caught[]): string {
  const seedOf = new Map(all.map((caught) => [caught.name, caught]));
  const cells = (name: string): string => {
    const caught = seedOf.get(name);
    return INVARIANTS.map((invariant) => (caught?.invariant === invariant ? `seed ${caught.seed}` : '')).join(
      ' | ',
    );
  };
  const rows = ALL_MUTANTS.map(({ name, what, world, expect }) => {
    const caught = seedOf.get(name);
    const tried = caught ? `in ${caught.seeds} seeds ` : '';
    const by = expect === 'caught' ? '' : `${tried}${expect.coveredBy}`;
    return `| ${name} | ${what} | ${world ?? ''} | ${cells(name)} | ${by} |`;
  });
  const together = COMBINATIONS.map(({ names, world }) => {
    const name = names.join(' + ');
    return `| ${name} | ${world ?? ''} | ${cells(name)} |`;
  });
  const marks = INVARIANTS.map(() => '---').join('|');
  return [
    '# What the simulation catches',
    '',
    'Each mechanism switched off on purpose, with one of the seeds 1 to 300 in which an invariant breaks, under',
    'the invariant that breaks first. Where a world is named, the seeds are of that world, which is built to break this',
    'mechanism; otherwise each seed draws its own. Made by `npm run simulate -- --mutants --write`; `npm test` runs the',
    'kept seeds again. What the invariants say, and what the worlds are: [simulation.md](simulation.md). Guards that live',
    'in SQL are also switched off on a real PostgreSQL: [store-model.md](store-model.md#guards-in-sql). That the stop switch',
    'takes turns with claims is shown by a test of its own, `packages/server/test/limits/turns.test.ts`: no seed was found for it.',
    '',
    `| mechanism | switched off | world | ${INVARIANTS.join(' | ')} | covered by |`,
    `|---|---|---|${marks}|---|`,
    ...rows,
    '',
    '## Together',
    '',
    'What covers each other is switched off together. In the seed that is named all of them off break the invariant, and',
    'with any one of them on again nothing breaks: so each of them is enough, and there is no other.',
    '',
    `| mechanisms | world | ${INVARIANTS.join(' | ')} |`,
    `|---|---|${marks}|`,
    ...together,
    '',
  ].join('\n');
}
