/** Draws sequences of steps until the time is up, and makes what differs small enough to read. */
import fc from 'fast-check';
import { OPERATIONS } from './catalogue/index.ts';
import { firstDifference, listed, told } from './compare.ts';
import type { Engine } from './engines.ts';
import { type Operation, type Step, stepsOf } from './operations.ts';
import { beginnings } from './worlds.ts';

export interface Run {
  readonly engines: readonly Engine[];
  /** Slower ones, which take part in one of so many sequences. */
  readonly alsoIn?: { readonly one: number; readonly engines: readonly Engine[] };
  readonly seed: number;
  /** How many at most. */
  readonly sequences: number;
  /** Counted until then; one under way ends. */
  readonly forMs: number;
  /** Rows after every step in one of so many sequences, and after the last step in all others. */
  readonly eachDumpIn?: number;
  readonly operations?: readonly Operation[];
  readonly stepsMax?: number;
}

export interface Ran {
  readonly sequences: number;
  readonly calls: number;
  /** How often each was called, and how often it was refused. */
  readonly byName: ReadonlyMap<string, { readonly calls: number; readonly refused: number }>;
  /** Null where all databases said the same. */
  readonly different: string | null;
}

interface Drawn {
  readonly beginning: readonly Step[];
  readonly steps: readonly Step[];
  readonly dumps: 'each' | 'last';
  readonly all: boolean;
}

export async function runSequences(run: Run): Promise<Ran> {
  const { seed, forMs, eachDumpIn = 10, alsoIn = { one: 1, engines: [] } } = run;
  const everybody = [...run.engines, ...alsoIn.engines];
  const byName = new Map<string, { calls: number; refused: number }>();
  const drawn: fc.Arbitrary<Drawn> = fc.record({
    beginning: beginnings,
    steps: fc.array(stepsOf(run.operations ?? OPERATIONS), {
      minLength: 1,
      maxLength: run.stepsMax ?? 50,
      size: 'max',
    }),
    dumps: oneIn(eachDumpIn).map((each) => (each ? 'each' : 'last')),
    all: oneIn(alsoIn.one),
  });
  const broken: unknown[] = [];
  let calls = 0;
  let sequences = 0;
  const onCall = (name: string, refused: boolean): void => {
    calls += 1;
    const known = byName.get(name) ?? { calls: 0, refused: 0 };
    byName.set(name, { calls: known.calls + 1, refused: known.refused + (refused ? 1 : 0) });
  };
  let underWay: Promise<boolean> = Promise.resolve(true);
  const compare = async ({ beginning, steps, dumps, all }: Drawn): Promise<boolean> => {
    sequences += 1;
    const engines = all ? everybody : run.engines;
    try {
      return (await firstDifference({ engines, steps: [...beginning, ...steps], dumps, onCall })) === null;
    } catch (error) {
      // A fault of the test itself, which is no difference.
      broken.push(error);
      return true;
    }
  };
  const holds = (one: Drawn): Promise<boolean> => {
    underWay = compare(one);
    return underWay;
  };
  const outcome = await fc.check(fc.asyncProperty(drawn, holds), {
    seed,
    numRuns: run.sequences,
    interruptAfterTimeLimit: forMs,
    markInterruptAsFailure: false,
    // It is made smaller below, by leaving steps out: that is quick, and all that a reader needs.
    endOnFailure: true,
  });
  // When the time is up nobody has waited for the last one.
  await underWay;
  if (broken.length > 0) throw broken[0];
  return { sequences, calls, byName, different: await explained(everybody, outcome, seed) };
}

/** Shrinks to true. */
const oneIn = (many: number): fc.Arbitrary<boolean> =>
  fc.integer({ min: 1, max: many }).map((drawn) => drawn === 1);

async function explained(
  engines: readonly Engine[],
  outcome: fc.RunDetails<[Drawn]>,
  seed: number,
): Promise<string | null> {
  if (!outcome.failed) return null;
  const [found] = outcome.counterexample ?? [];
  const steps = found === undefined ? [] : await smallest(engines, [...found.beginning, ...found.steps]);
  const difference = await firstDifference({ engines, steps, dumps: 'each' });
  const said = difference === null ? 'the same sequence again shows no difference' : told(difference);
  return [`Seed ${seed}, path ${outcome.counterexamplePath ?? ''}:`, listed(steps), said].join('\n');
}

/** Without the steps, and the calls of steps, that do not matter for there being a difference. */
async function smallest(engines: readonly Engine[], all: readonly Step[]): Promise<readonly Step[]> {
  const shown = await firstDifference({ engines, steps: all, dumps: 'each' });
  if (shown === null) return all;
  let steps = all.slice(0, shown.step + 1);
  for (let place = steps.length - 1; place >= 0; place -= 1) {
    for (const fewer of without(steps, place)) {
      const still = await firstDifference({ engines, steps: fewer, dumps: 'each' });
      if (still === null) continue;
      steps = fewer.slice(0, still.step + 1);
      break;
    }
  }
  return steps;
}

/** The step left out, or only one of its calls. */
function without(steps: readonly Step[], place: number): Step[][] {
  const before = steps.slice(0, place);
  const after = steps.slice(place + 1);
  const step = steps[place];
  if (step === undefined) return [];
  const one = step.calls.map((call): Step[] => [...before, { calls: [call], end: 'commit' }, ...after]);
  return [[...before, ...after], ...(step.calls.length > 1 ? one : [])];
}
