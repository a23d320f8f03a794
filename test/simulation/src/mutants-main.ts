/**
 * Runs every mutant until a seed catches it, beginning with the seed that caught it before, and prints what caught
 * what. Mechanisms that cover each other are switched off together, in a seed in which each of them alone would have
 * been enough. `--write` keeps the table, `--known` tries the kept seeds only, and those behind one that has come to
 * catch nothing, `--jobs` says how many processes there are for it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Caught, isCaught, mutantsPage } from './mutants-page.ts';
import { MutantsProcess } from './mutants-process.ts';
import { ALL_MUTANTS, COMBINATIONS, mutantOf } from './mutants.ts';
import type { ServerKind } from './profile.ts';
import type { WorldName } from './worlds.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const KEPT = `${ROOT}docs/simulation-mutants.json`;

/** What is switched off, where. */
interface Trial {
  readonly name: string;
  readonly mutants: readonly string[];
  readonly server: ServerKind;
  readonly world: WorldName | null;
  readonly caught: boolean;
}

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    known: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '1' },
    'up-to': { type: 'string', default: '300' },
    out: { type: 'string', default: 'out' },
  },
});
const SEEDS_MAX = Number(values['up-to']);
const MOVED_MAX = 40;
process.exitCode = await main();

function trials(): Trial[] {
  const single = ALL_MUTANTS.map(({ name, server = 'stand-in', world = null, expect }) => ({
    name,
    mutants: [name],
    server,
    world,
    caught: expect === 'caught',
  }));
  const together = COMBINATIONS.map(({ names, server = 'stand-in', world = null }) => ({
    name: names.join(' + '),
    mutants: names,
    server,
    world,
    caught: true,
  }));
  return [...single, ...together];
}

async function main(): Promise<number> {
  const kept = readKept();
  const all = trials();
  const found: Caught[] = [];
  let wrong = 0;
  const wanted = all.filter(
    ({ name }) =>
      (!values.only || values.only.includes(name)) && (!values.known || kept.get(name)?.seed != null),
  );
  const next = wanted.values();
  const work = async (): Promise<void> => {
    const asked = new MutantsProcess();
    for (const trial of next) {
      const caught = await tryOut(asked, trial, kept.get(trial.name)?.seed ?? null);
      found.push(caught);
      if (values.write) keep(kept, caught);
      const right = trial.caught === (caught.seed !== null);
      if (!right) wrong += 1;
      process.stdout.write(`${right ? ' ' : '!'} ${line(trial, caught)}\n`);
    }
    asked.leave();
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  const done = found.filter(({ seed }) => seed !== null).length;
  process.stdout.write(`${done} of ${found.length} caught, ${wrong} not as expected\n`);
  return wrong === 0 ? 0 : 1;
}

function keep(kept: Map<string, Caught>, caught: Caught): void {
  kept.set(caught.name, caught);
  const rows = trials().flatMap(({ name }) => kept.get(name) ?? []);
  writeFileSync(KEPT, `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(`${ROOT}docs/simulation-mutants.md`, mutantsPage(rows));
}

async function tryOut(asked: MutantsProcess, trial: Trial, known: number | null): Promise<Caught> {
  if (values.known && known !== null) return byKept(asked, trial, known);
  if (known !== null) {
    const caught = await run(asked, trial, known, known);
    if (caught.seed !== null && (await eachIsEnough(asked, trial, known))) return caught;
  }
  for (let from = 1; ; ) {
    const caught = await run(asked, trial, from, SEEDS_MAX);
    if (caught.seed === null || (await eachIsEnough(asked, trial, caught.seed))) return caught;
    from = caught.seed + 1;
    if (from > SEEDS_MAX) return { name: trial.name, seed: null, invariant: null, seeds: SEEDS_MAX };
  }
}

/** A change of what is simulated moves what each seed does: then one of the next has to catch it. */
async function byKept(asked: MutantsProcess, trial: Trial, known: number): Promise<Caught> {
  const caught = await run(asked, trial, known, known);
  return caught.seed === null ? run(asked, trial, known + 1, known + MOVED_MAX) : caught;
}

/** Whether nothing breaks in this seed while any one of the combined mechanisms works. */
async function eachIsEnough(asked: MutantsProcess, trial: Trial, seed: number): Promise<boolean> {
  if (trial.mutants.length === 1) return true;
  for (const working of trial.mutants) {
    const mutants = trial.mutants.filter((name) => name !== working);
    if ((await run(asked, { ...trial, mutants }, seed, seed)).seed !== null) return false;
  }
  return true;
}

async function run(asked: MutantsProcess, trial: Trial, from: number, to: number): Promise<Caught> {
  const { name, mutants, server, world } = trial;
  const flags = [
    ...mutants.flatMap((mutant) => ['--mutant', mutant]),
    ...(world === null ? [] : ['--world', world]),
  ];
  const out = join(values.out, mutants.join('-'));
  const args = ['--server', server, ...flags, '--seeds', `${from}..${to}`, '--out', out];
  const { caught: invariant, seed } = await asked.ask(args);
  return { name, invariant, seed, seeds: seed ?? to };
}

function line({ mutants, world, name }: Trial, { seed, invariant, seeds }: Caught): string {
  const came = seed === null ? `not caught in ${seeds} seeds` : `caught by ${invariant}, seed ${seed}`;
  const where = world === null ? '' : ` of the world "${world}"`;
  const [only] = mutants;
  const expect = mutants.length === 1 && only !== undefined ? mutantOf(only).expect : 'caught';
  return `${name}: ${came}${where}${expect === 'caught' ? '' : ` (covered by ${expect.coveredBy})`}`;
}

function readKept(): Map<string, Caught> {
  if (!existsSync(KEPT)) return new Map();
  const list: unknown = JSON.parse(readFileSync(KEPT, 'utf8'));
  if (!Array.isArray(list)) throw new Error(`${KEPT} is not a list`);
  return new Map(list.filter(isCaught).map((caught) => [caught.name, caught]));
}
