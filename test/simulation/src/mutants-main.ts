/**
 * Runs every mutant in a process of its own until a seed catches it, beginning with the seed that caught it before,
 * and prints what caught what. Mechanisms that cover each other are switched off together, in a seed in which each of
 * them alone would have been enough. `--write` keeps the table, `--known` tries the kept seeds only, and those behind
 * one that has come to catch nothing.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Caught, isCaught, mutantsPage } from './mutants-page.ts';
import { ALL_MUTANTS, COMBINATIONS, mutantOf } from './mutants.ts';
import type { ServerKind } from './profile.ts';
import type { WorldName } from './worlds.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const KEPT = `${ROOT}docs/simulation-mutants.json`;
const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

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
    for (const trial of next) {
      const caught = await tryOut(trial, kept.get(trial.name)?.seed ?? null);
      found.push(caught);
      if (values.write) keep(kept, caught);
      const right = trial.caught === (caught.seed !== null);
      if (!right) wrong += 1;
      process.stdout.write(`${right ? ' ' : '!'} ${line(trial, caught)}\n`);
    }
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

async function tryOut(trial: Trial, known: number | null): Promise<Caught> {
  if (values.known && known !== null) return byKept(trial, known);
  if (known !== null) {
    const caught = await run(trial, known, known);
    if (caught.seed !== null && (await eachIsEnough(trial, known))) return caught;
  }
  for (let from = 1; ; ) {
    const caught = await run(trial, from, SEEDS_MAX);
    if (caught.seed === null || (await eachIsEnough(trial, caught.seed))) return caught;
    from = caught.seed + 1;
    if (from > SEEDS_MAX) return { name: trial.name, seed: null, invariant: null, seeds: SEEDS_MAX };
  }
}

/** A change of what is simulated moves what each seed does: then one of the next has to catch it. */
async function byKept(trial: Trial, known: number): Promise<Caught> {
  const caught = await run(trial, known, known);
  return caught.seed === null ? run(trial, known + 1, known + MOVED_MAX) : caught;
}

/** Whether nothing breaks in this seed while any one of the combined mechanisms works. */
async function eachIsEnough(trial: Trial, seed: number): Promise<boolean> {
  if (trial.mutants.length === 1) return true;
  for (const working of trial.mutants) {
    const mutants = trial.mutants.filter((name) => name !== working);
    if ((await run({ ...trial, mutants }, seed, seed)).seed !== null) return false;
  }
  return true;
}

function run({ name, mutants, server, world }: Trial, from: number, to: number): Promise<Caught> {
  const flags = [
    ...mutants.flatMap((mutant) => ['--mutant', mutant]),
    ...(world === null ? [] : ['--world', world]),
  ];
  const args = [MAIN, '--server', server, ...flags, '--seeds', `${from}..${to}`, '--until-caught'];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args, '--twice-every', '0', '--out', values.out], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    child.once('error', reject);
    child.once('close', () => {
      const last = output.trim().split('\n').at(-1) ?? '';
      const said: unknown = last.startsWith('{') ? JSON.parse(last) : null;
      if (said === null || typeof said !== 'object') {
        return reject(new Error(`${name}: the simulation ended early`));
      }
      const invariant = 'caught' in said && typeof said.caught === 'string' ? said.caught : null;
      const seed = 'seed' in said && typeof said.seed === 'number' ? said.seed : null;
      resolve({ name, invariant, seed, seeds: seed === null ? to : seed });
    });
  });
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
