import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The simulation runs built code in processes of its own: its loader changes modules while they are loaded.
const root = join(import.meta.dirname, '..', '..');
const entry = (name: string): string => join(root, 'test', 'simulation', 'dist', name);
const out = mkdtempSync(join(tmpdir(), 'piculus-simulation-'));

afterAll(() => rmSync(out, { recursive: true, force: true }));

function node(
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<{ code: number; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, ...args], { cwd: root });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += String(chunk);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, text }));
  });
}

const simulate = (args: readonly string[], flags: readonly string[] = []) =>
  node([entry('main.js'), '--out', out, ...args], flags);

beforeAll(async () => {
  const built = await node([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'test/simulation']);
  expect(built.text).toBe('');
}, 300_000);

describe('the simulation', () => {
  test('no invariant breaks in the seeds of a short run, and everything was there', async () => {
    const seconds = process.env['SIMULATION_SECONDS'] ?? '60';
    const faults = ['--world', 'anything', '--twice-every', '25'];
    const { code, text } = await simulate(['--seconds', seconds, ...faults]);
    process.stderr.write(`${text}\n`);
    expect(text).toContain('0 seeds broke an invariant');
    expect(code).toBe(0);
    const seeds = Number(/^(\d+) seeds in/m.exec(text)?.[1]);
    // A machine that is busy with other tests still has to look at these many.
    expect(seeds).toBeGreaterThanOrEqual(Number(seconds) >= 60 ? 20 : 1);
    if (seeds >= 150) for (const what of EXPECTED) expect(text, what).toMatch(new RegExp(`  ${what}: [1-9]`));
  }, 600_000);

  test('the same seed gives the same hash in other processes, and with another memory', async () => {
    const hashes = async (flags: readonly string[]): Promise<string[]> => {
      const { text } = await simulate(['--seeds', '1..5', '--verbose', '--twice-every', '0'], flags);
      return [...text.matchAll(/hash ([0-9a-f]{32})/g)].map(([, hash]) => hash ?? '');
    };
    const first = await hashes([]);
    expect(first).toHaveLength(5);
    expect(new Set(first).size).toBe(5);
    expect(await hashes(['--max-semi-space-size=2'])).toEqual(first);
  }, 300_000);

  test('each mechanism that is switched off is found, by the seeds that are kept', async () => {
    const { code, text } = await node([entry('mutants-main.js'), '--known', '--out', out]);
    process.stderr.write(`${text}\n`);
    expect(text).toMatch(/ 0 not as expected/);
    expect(code).toBe(0);
  }, 600_000);

  test('a person can read what broke, of which seed, under which faults, and how it came to that', async () => {
    const kept: unknown = JSON.parse(readFileSync(join(root, 'docs', 'simulation-mutants.json'), 'utf8'));
    const [, invariant = '', seed = ''] =
      JSON.stringify(kept).match(/"close-before-giving-back","invariant":"(\w+)","seed":(\d+)/) ?? [];
    const folder = join(out, 'page');
    await simulate([
      '--server',
      'stand-in',
      '--mutant',
      'close-before-giving-back',
      '--seed',
      seed,
      '--out',
      folder,
    ]);
    const [run = ''] = readdirSync(folder);
    const page = readFileSync(join(folder, run, 'report.md'), 'utf8');
    expect(page).toContain(`# Seed ${seed}`);
    const [, broke, order = ''] = page.match(/^\*\*(I\d+) broke\*\* \(.+\): .+, order (\w+)\.$/m) ?? [];
    expect(broke).toBe(invariant);
    expect(page).toContain(`npm run simulate -- --seed ${seed} --mutant close-before-giving-back`);
    expect(page).toMatch(/- bank: answersMs \d+/);
    // Whatever the seed: this order's own story, from how it came to be, by what was heard from the bank, to what the
    // repair did in the moment that broke it, and nothing about another order.
    const story = [...page.matchAll(/^\| ([\d.]+) \| (\w*) \| (.+) \|$/gm)];
    expect(page).toContain(`## What happened to ${order}, and to all`);
    expect(new Set(story.map(([, , about]) => about || order))).toEqual(new Set([order]));
    const told = story.map(([, , , text]) => text ?? '');
    expect(told.join('\n')).toMatch(/^C\d.*: [\w-]+, \d+$/m);
    expect(told.join('\n')).toMatch(/^client-\d#\d+ asked the bank to query \w+-\d+: [A-Z_]+$/m);
    const [, lastAt] = story.at(-1) ?? [];
    const last = story.filter(([, at]) => at === lastAt).map(([, , , text]) => text);
    expect(last.join('\n')).toMatch(/^client-\d#\d+ \(repair\): ([A-Z]+ → [A-Z]+|booked|decided)/m);
  });

  test('a change that does not fit the code any more is an error and not a pass', async () => {
    const hooks = await import(entry('loader/patches.js'));
    const patch = { file: 'a.js', find: 'no such text', replace: '' };
    expect(() => hooks.applyPatches('file:///x/a.js', 'text', [patch])).toThrow(/0 times, not once/);
  });
});

const EXPECTED = [
  'fault process killed',
  'fault process loses power',
  'fault process stopped',
  'fault bank finds nothing',
  ...['fixed', 'already-right', 'not-this-problem', 'not-yet', 'failed', 'refused'].map(
    (o) => `outcome ${o}`,
  ),
  ...['credit', 'debit', 'hold', 'settle', 'release', 'reversal', 'payout', 'close', 'status'].map(
    (kind) => `effect ${kind}`,
  ),
];
