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

/** The kept seeds of all mutants, run once. */
let running: ReturnType<typeof node> | null = null;
function allKept(): ReturnType<typeof node> {
  running ??= node([entry('mutants-main.js'), '--known', '--out', join(out, 'kept')]);
  return running;
}

/** What is said of a mutant's kept seed, or of the next that catches it. */
async function keptOf(mutant: string): Promise<{ invariant: string; seed: string }> {
  const { text } = await allKept();
  const said = new RegExp(`^  ${mutant}: caught by (I\\d+), seed (\\d+)`, 'm').exec(text);
  return { invariant: said?.[1] ?? '', seed: said?.[2] ?? '' };
}

/** The page of the only run that left one there. */
function pageIn(folder: string): string {
  const [run = ''] = readdirSync(folder);
  return readFileSync(join(folder, run, 'report.md'), 'utf8');
}

beforeAll(async () => {
  const built = await node([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'test/simulation']);
  expect(built.text).toBe('');
}, 300_000);

describe('the simulation', () => {
  test('no invariant breaks in the seeds of a short run, and everything was there', async () => {
    const seconds = process.env['SIMULATION_SECONDS'] ?? '60';
    // A machine that is busy with other tests still has to look at these many.
    const least = Number(seconds) >= 60 ? 20 : 1;
    const faults = ['--world', 'anything', '--twice-every', '25'];
    const { code, text } = await simulate(['--seconds', seconds, '--least', String(least), ...faults]);
    process.stderr.write(`${text}\n`);
    expect(text).toContain('0 seeds broke an invariant');
    expect(code).toBe(0);
    const seeds = Number(/^(\d+) seeds in/m.exec(text)?.[1]);
    expect(seeds).toBeGreaterThanOrEqual(least);
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
    const { code, text } = await allKept();
    process.stderr.write(`${text}\n`);
    expect(text).toMatch(/ 0 not as expected/);
    expect(code).toBe(0);
  }, 600_000);

  // What they share must not make one of them another run than alone.
  test.each([
    ['close-before-giving-back', ['--server', 'stand-in']],
    ['tick-guard', ['--server', 'nodes', '--world', 'sleepers']],
  ] as const)(
    '%s breaks alone as it breaks among the others',
    async (mutant, where) => {
      const { seed } = await keptOf(mutant);
      const folder = join(out, 'alone', mutant);
      await simulate([...where, '--mutant', mutant, '--seed', seed, '--out', folder]);
      const page = pageIn(folder);
      expect(page).toContain(' broke**');
      expect(page).toBe(pageIn(join(out, 'kept', mutant)));
    },
    600_000,
  );

  test('a person can read what broke, of which seed, under which faults, and how it came to that', async () => {
    const { invariant, seed } = await keptOf('close-before-giving-back');
    const page = pageIn(join(out, 'kept', 'close-before-giving-back'));
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
  }, 600_000);

  test('a change that does not fit the code any more is an error and not a pass', async () => {
    const { applyPatches } = await import(entry('loader/patches.js'));
    const patch = { file: 'a.js', find: 'no such text', replace: '' };
    expect(() => applyPatches('file:///x/a.js', 'text', [patch])).toThrow(/0 times, not once/);
  });

  test('a change that no run would see is an error and not a pass', async () => {
    const { resolve } = await import(entry('loader/hooks.js'));
    const loads = (path: string, by: string) =>
      resolve(path, { parentURL: `file:///x/${by}` }, () => Promise.resolve({ url: `file:///x/${path}` }));
    const changed = 'test/simulation/dist/runner.js?without=effect-key';
    await expect(loads(changed, 'worker.js')).rejects.toThrow(/booking\.js: nothing has loaded it/);
    await loads('test/simulation/dist/system/booking.js', 'other.js');
    await expect(loads(changed, 'worker.js')).rejects.toThrow(/not among what it imports/);
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
