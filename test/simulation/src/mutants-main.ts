/**
 * Runs every mutant in a process of its own until a seed catches it, beginning with the seed that caught it before,
 * and prints what caught what. `--write` keeps the table, `--known` tries the kept seeds only.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALL_MUTANTS as MUTANTS, type Mutant } from './mutants.ts';

const SEEDS_MAX = 300;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const KEPT = `${ROOT}docs/simulation-mutants.json`;
const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

interface Caught {
  readonly name: string;
  readonly seed: number | null;
  readonly invariant: string | null;
  readonly seeds: number;
}

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    known: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    out: { type: 'string', default: 'out' },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const kept = readKept();
  const found: Caught[] = [];
  let wrong = 0;
  for (const mutant of MUTANTS) {
    if (values.only && !values.only.includes(mutant.name)) continue;
    const known = kept.get(mutant.name)?.seed ?? null;
    if (values.known && known === null) continue;
    const caught = await tryOut(mutant, known);
    found.push(caught);
    const right = (mutant.expect === 'caught') === (caught.seed !== null);
    if (!right) wrong += 1;
    process.stdout.write(`${right ? ' ' : '!'} ${line(mutant, caught)}\n`);
  }
  if (values.write) {
    for (const caught of found) kept.set(caught.name, caught);
    const names = new Set(MUTANTS.map(({ name }) => name));
    const all = [...kept.values()].filter(({ name }) => names.has(name));
    writeFileSync(KEPT, `${JSON.stringify(all, null, 2)}\n`);
    writeFileSync(`${ROOT}docs/simulation-mutants.md`, page(all));
  }
  const done = `${found.filter(({ seed }) => seed !== null).length} of ${found.length} mutants caught, ${wrong} not as expected`;
  process.stdout.write(`${done}\n`);
  return wrong === 0 ? 0 : 1;
}

async function tryOut(mutant: Mutant, known: number | null): Promise<Caught> {
  if (known !== null) {
    const caught = await run(mutant, known, known);
    if (caught.seed !== null || values.known) return caught;
  }
  return run(mutant, 1, SEEDS_MAX);
}

function run(mutant: Mutant, from: number, to: number): Promise<Caught> {
  const server = mutant.server ?? 'stand-in';
  const args = [
    MAIN,
    '--server',
    server,
    '--mutant',
    mutant.name,
    '--seeds',
    `${from}..${to}`,
    '--until-caught',
  ];
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
        return reject(new Error(`${mutant.name}: the simulation ended early`));
      }
      const invariant = 'caught' in said && typeof said.caught === 'string' ? said.caught : null;
      const seed = 'seed' in said && typeof said.seed === 'number' ? said.seed : null;
      resolve({ name: mutant.name, invariant, seed, seeds: seed === null ? to - from + 1 : seed - from + 1 });
    });
  });
}

function line({ name, expect }: Mutant, { seed, invariant, seeds }: Caught): string {
  const came = seed === null ? `not caught in ${seeds} seeds` : `caught by ${invariant}, seed ${seed}`;
  return `${name}: ${came}${expect === 'caught' ? '' : ` (covered by ${expect.coveredBy})`}`;
}

function page(all: readonly Caught[]): string {
  const rows = MUTANTS.map((mutant) => {
    const caught = all.find(({ name }) => name === mutant.name);
    const by = caught?.seed ? `${caught.invariant}, seed ${caught.seed}` : 'not caught so far';
    return `| ${mutant.name} | ${mutant.what} | ${by} | ${mutant.expect === 'caught' ? '' : mutant.expect.coveredBy} |`;
  });
  return [
    '# What the simulation catches',
    '',
    'Each mechanism switched off on purpose, with the first of the seeds 1 to 300 in which an invariant breaks.',
    'Made by `npm run simulate -- --mutants --write`; `npm test` runs the kept seeds again. See [simulation.md](simulation.md).',
    '',
    '| mechanism | switched off | caught by | covered by |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function readKept(): Map<string, Caught> {
  if (!existsSync(KEPT)) return new Map();
  const list: unknown = JSON.parse(readFileSync(KEPT, 'utf8'));
  if (!Array.isArray(list)) throw new Error(`${KEPT} is not a list`);
  return new Map(list.filter(isCaught).map((caught) => [caught.name, caught]));
}

function isCaught(row: unknown): row is Caught {
  return typeof row === 'object' && row !== null && 'name' in row && 'seed' in row && 'invariant' in row;
}
