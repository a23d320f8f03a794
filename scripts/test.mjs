/**
 * `npm test`: makes the checkout ready, then style, formatting, types of the tests, and all tests on a real
 * PostgreSQL. Nothing may be skipped. Arguments go to vitest. Ends with `N passed, N failed` alone on a line.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, ROOT, run, say } from './lib.mjs';
import { postgresForTests } from './postgres.mjs';
import { setup } from './setup.mjs';

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  if (!(await setup())) return end(0, 1);
  const database = await postgresForTests();
  if (database === null) return end(0, 1);
  try {
    const checks = await staticChecks();
    const tests = await vitest(args, database.url);
    return end(tests.passed + checks.passed, tests.failed + checks.failed);
  } finally {
    await database.stop();
  }
}

/** Each counts as one test. */
async function staticChecks() {
  const all = [
    ['types of the tests', bin('tsc'), ['-p', 'tsconfig.test.json']],
    ['formatting and lint', bin('biome'), ['ci', '--colors=off', '--diagnostic-level=error', '.']],
    ['style', join(ROOT, 'scripts', 'check.mjs'), []],
  ];
  let failed = 0;
  for (const [name, script, args] of all) {
    const code = await run(process.execPath, [script, ...args]);
    if (code !== 0) {
      failed++;
      say(`FAILED: ${name}`);
    }
  }
  return { passed: all.length - failed, failed };
}

async function vitest(args, databaseUrl) {
  const folder = mkdtempSync(join(tmpdir(), 'piculus-test-'));
  const report = join(folder, 'report.json');
  try {
    const code = await run(
      process.execPath,
      [
        join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...args,
      ],
      { env: { TEST_DATABASE_URL: databaseUrl }, output: 'stdout' },
    );
    return count(report, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(report, code) {
  const result = readReport(report);
  if (result === null) {
    say('vitest left no report');
    return { passed: 0, failed: 1 };
  }
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests, testResults } = result;
  const skipped = numPendingTests + numTodoTests;
  if (skipped > 0) say(`${skipped} tests were skipped; nothing may be skipped, so they count as failed`);
  // A file that could not even be loaded has no tests of its own, and fails all the same.
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
  ).length;
  const failed = numFailedTests + skipped + brokenFiles;
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

function readReport(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    return null;
  }
}

function end(passed, failed) {
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
