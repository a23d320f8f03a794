/**
 * `npm test`: makes the checkout ready, then style, formatting, types of the tests, and all tests on a real
 * PostgreSQL and in a real Chromium, and beside them the short form of chaos. Nothing may be skipped. Arguments go to vitest. Ends with `N passed, N failed` alone on a line.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserForTests } from './browser.mjs';
import { chaos } from './chaos.mjs';
import { bin, capture, ROOT, run, say } from './lib.mjs';
import { natsForTests } from './nats.mjs';
import { postgresForTests } from './postgres.mjs';
import { setup } from './setup.mjs';

/** Over WebSocket and over NATS. Any other seeds are as good: `npm run chaos -- --short --seed N`. */
const CHAOS = [
  { name: 'chaos over websocket', args: ['--short', '--seed', '11'] },
  { name: 'chaos over nats', args: ['--short', '--seed', '12', '--minutes', '0.8'] },
];

/** Of what a failed part printed, so much is said again at the end. */
const LAST_LINES = 60;

const from = Date.now();
const { passed, failed, wrong } = await main(process.argv.slice(2));
if (wrong.length > 0) process.stdout.write(`\nWhat failed, once more:\n\n${wrong.join('\n\n')}\n`);
say(`all of it took ${Math.round((Date.now() - from) / 1000)} s`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

async function main(args) {
  if (!(await setup())) return broken('the checkout could not be made ready');
  const chromium = await browserForTests();
  if (chromium === null) return broken('there is no browser');
  const nats = await natsForTests();
  if (nats === null) return broken('there is no nats-server');
  const database = await postgresForTests();
  if (database === null) return broken('there is no PostgreSQL');
  try {
    const checks = await staticChecks();
    // With arguments only some tests are wanted, and the long ones are not among them.
    const beside = args.length > 0 ? [] : [allChaos(nats)];
    const parts = await Promise.all([
      vitest(args, { TEST_DATABASE_URL: database.url, TEST_CHROMIUM_PATH: chromium, NATS_SERVER: nats }),
      ...beside,
    ]);
    return sum([checks, ...parts]);
  } finally {
    await database.stop();
  }
}

/** A part that came to no result. */
function broken(reason) {
  return { passed: 0, failed: 1, wrong: [reason] };
}

function sum(parts) {
  return {
    passed: parts.reduce((all, { passed }) => all + passed, 0),
    failed: parts.reduce((all, { failed }) => all + failed, 0),
    wrong: parts.flatMap(({ wrong }) => wrong),
  };
}

/** One behind the other: each has a machine's worth of processes. */
async function allChaos(nats) {
  const parts = [];
  for (const { name, args } of CHAOS) {
    const start = (countFile) =>
      chaos(args, { env: { COUNT_FILE: countFile, NATS_SERVER: nats }, quiet: true });
    parts.push(await besideTests({ name, start }));
  }
  return sum(parts);
}

/** Runs one of the long parts quietly, beside vitest; it writes how many passed and failed to COUNT_FILE; what it said is printed as one piece when it ends. */
async function besideTests({ name, start }) {
  const folder = mkdtempSync(join(tmpdir(), 'piculus-test-'));
  const countFile = join(folder, 'counts.json');
  const from = Date.now();
  try {
    const { code, output } = await start(countFile);
    const counts = judge(readCounts(countFile), code);
    process.stdout.write(`\n${output}`);
    say(
      `${name}: ${counts.passed} passed, ${counts.failed} failed, ${Math.round((Date.now() - from) / 1000)} s`,
    );
    return counts.failed === 0 ? counts : { ...counts, wrong: [`${name}\n${endOf(output)}`] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each counts as one test. */
async function staticChecks() {
  const all = [
    ['types of the tests', bin('tsc'), ['-p', 'tsconfig.test.json']],
    ['formatting and lint', bin('biome'), ['ci', '--colors=off', '--diagnostic-level=error', '.']],
    ['style', join(ROOT, 'scripts', 'check.mjs'), []],
    ['dependencies', join(ROOT, 'scripts', 'audit-dependencies.mjs'), []],
  ];
  const wrong = [];
  for (const [name, script, args] of all) {
    const { code, output } = await capture(process.execPath, [script, ...args]);
    process.stderr.write(output);
    if (code === 0) continue;
    say(`FAILED: ${name}`);
    wrong.push(`${name}\n${endOf(output)}`);
  }
  return { passed: all.length - wrong.length, failed: wrong.length, wrong };
}

function endOf(output) {
  return output.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
}

async function vitest(args, given) {
  const folder = mkdtempSync(join(tmpdir(), 'piculus-test-'));
  const countFile = join(folder, 'counts.json');
  const script = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${join(ROOT, 'scripts', 'count-reporter.mjs')}`];
  try {
    const code = await run(process.execPath, [script, 'run', ...reporters, ...args], {
      env: { ...given, COUNT_FILE: countFile },
      output: 'stdout',
    });
    return judge(readCounts(countFile), code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(counts, code) {
  if (counts === null) return broken(`the tests did not run to their end (exit code ${code})`);
  const { passed, skipped, wrong = [] } = counts;
  const found = [...wrong];
  if (skipped > 0)
    found.push(`${skipped} tests were skipped; nothing may be skipped, so they count as failed`);
  const failed = counts.failed + skipped;
  if (failed > 0 || code === 0) return { passed, failed, wrong: found };
  return { passed, failed: 1, wrong: [...found, `all passed, but the exit code was ${code}`] };
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
