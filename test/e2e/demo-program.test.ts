import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isDirectoryInUse } from '../../packages/embedded-database/src/index.ts';
import { readOptions } from '../../examples/pbap/src/demo/options.ts';
import { startDemo, threeDatabases } from './run-demo.ts';

const MINUTES = 60_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'piculus demo '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the command line', () => {
  // What all of them have in common, the way from here to the exit code, is shown by the first.
  test.each([
    [['--nonsense'], /--nonsense/],
    [['--orders', 'many'], /--orders must be a whole number/],
    [['--anomalies', '-1'], /--anomalies/],
    [['--profile', 'kind'], /--profile must be one of honest, late, flaky, blind/],
    [['--systems', '3'], /--systems must be a whole number from 1 to 2/],
    [['--json'], /--json needs --once/],
    [['--once', '--fresh'], /leave out --fresh/],
    [['--once', '--manual'], /leave out --manual/],
    [['--once', '--transactions', 'a.csv', '--orders', '5'], /either --transactions or --orders/],
    [['stray'], /stray/],
  ])('%j makes no sense', (args, reason) => {
    expect(() => readOptions(args, {}, folder)).toThrow(
      expect.objectContaining({ name: 'DemoError', exitCode: 2, message: expect.stringMatching(reason) }),
    );
  });

  test('that makes no sense ends with 2 and says why', async () => {
    const run = await startDemo(['--nonsense']).finished;
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/--nonsense/);
  });

  test('--help shows every option and ends with 0', async () => {
    const run = await startDemo(['--help']).finished;
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/--once[\s\S]*--profile NAME[\s\S]*PICULUS_DATABASE_URL/);
  });

  test('an address that is no database names its variable', async () => {
    const run = await startDemo(['--once'], { PBAP_DATABASE_URL: 'mysql://x' }).finished;
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toMatch(/PBAP_DATABASE_URL/);
  });
});

describe('a file of transactions', () => {
  const header = 'order_no,account_no,type,amount,currency,created_at';
  test('with a bad row books nothing and names the row', async () => {
    await writeFile(
      join(folder, 'bad.csv'),
      `${header}\nT1,A1,recharge,1.00,CZK,1993-01-01T00:00:00Z\nT2,A1,gift,1.00,CZK,1993-01-01T00:00:00Z\n`,
    );
    const run = await startDemo(['--once', '--json', '--transactions', 'bad.csv'], {}, folder).finished;
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/row 2 \(line 3\).*type "gift".*nothing was booked/);
    expect(run.stderr).not.toMatch(/starting/);
  });

  test('that is not there, or has too few orders, is said before anything starts', async () => {
    const missing = await startDemo(['--once', '--json', '--transactions', 'none.csv'], {}, folder).finished;
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    await writeFile(join(folder, 'few.csv'), `${header}\nT1,A1,recharge,1.00,CZK,1993-01-01T00:00:00Z\n`);
    const few = await startDemo(
      ['--once', '--json', '--transactions', 'few.csv', '--anomalies', '1'],
      {},
      folder,
    ).finished;
    expect(few).toMatchObject({ code: 1, stdout: '' });
    expect(few.stderr).toMatch(/too few orders/);
  });
});

test(
  'a PostgreSQL that holds something else is refused and left as it was',
  async () => {
    const databases = await threeDatabases();
    const theirs = new pg.Client({ connectionString: databases.env.BANK_DATABASE_URL });
    await theirs.connect();
    await theirs.query('CREATE TABLE precious (n int); INSERT INTO precious VALUES (1)');
    for (const args of [
      ['--once', '--json'],
      ['--folder', join(folder, 'foreign')],
    ]) {
      const run = await startDemo(args, databases.env).finished;
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toMatch(
        /BANK_DATABASE_URL holds tables that are not the demo's.*Nothing was changed/,
      );
    }
    const schemas = await theirs.query(
      `SELECT nspname FROM pg_namespace WHERE nspname IN ('bank', 'piculus_demo')`,
    );
    expect(schemas.rows).toEqual([]);
    expect((await theirs.query('SELECT n FROM precious')).rows).toEqual([{ n: 1 }]);
    await theirs.end();
    await databases.drop();
  },
  2 * MINUTES,
);

test(
  'a demo that stays goes on where it stopped, and takes its processes along when it is killed',
  async () => {
    const home = join(folder, 'stays');
    const args = ['--folder', home, '--orders', '200', '--anomalies', '1', '--port', '17401'];
    const first = startDemo(args);
    const greeting = await first.said(/ready: http:\/\/127\.0\.0\.1:17401[\s\S]*with the password \S+/);
    expect(greeting).toMatch(/200 orders booked, 1 of each/);
    first.process.kill('SIGTERM');
    expect((await first.finished).code).toBe(0);

    const second = startDemo(args);
    await second.said(/goes on with its books from the last time[\s\S]*ready: http/);
    expect((await second.said(/ready/)).match(/with the password/)).toBeNull();
    const busy = await startDemo(['--fresh', '--yes', ...args]).finished;
    expect(busy.code).toBe(1);
    expect(busy.stderr).toMatch(/the demo is running; stop it first/);
    second.process.kill('SIGKILL');
    await second.finished;
    const databases = ['piculus', 'pbap', 'bank'].map((name) => join(home, 'databases', name));
    await vi.waitFor(() => expect(databases.filter((path) => isDirectoryInUse(path))).toEqual([]), {
      timeout: 60_000,
    });

    const unasked = await startDemo(['--fresh', ...args]).finished;
    expect(unasked.code).toBe(1);
    expect(unasked.stderr).toMatch(/start over\? Nobody is here to answer; add --yes/);
  },
  4 * MINUTES,
);
