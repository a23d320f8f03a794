import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDatabase, startEmbeddedDatabase } from '../src/index.ts';

const PROCESS = fileURLToPath(new URL('../dist/process.js', import.meta.url));

describe('one shared session behind the front door', () => {
  let database: EmbeddedDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await startEmbeddedDatabase({ temporary: true, idleInTransactionMs: 1_000 });
    pool = new pg.Pool({ connectionString: database.url, max: 6 });
    pool.on('error', () => {});
    await pool.query('CREATE TABLE numbers (n int)');
  });
  afterAll(async () => {
    await pool.end();
    await database.stop();
  });
  afterEach(() => pool.query('TRUNCATE numbers'));

  const client = async (): Promise<pg.Client> => {
    const opened = new pg.Client({ connectionString: database.url });
    opened.on('error', () => {});
    await opened.connect();
    return opened;
  };

  test('parallel statements of many connections each get their own answer', async () => {
    const asked = Array.from({ length: 400 }, (_, i) => i);
    const answers = await Promise.all(
      asked.map(async (i) => (await pool.query('SELECT $1::int AS n, $2::text AS t', [i, `t${i}`])).rows[0]),
    );
    expect(answers).toEqual(asked.map((i) => ({ n: i, t: `t${i}` })));
  });

  test('a statement waits until the open transaction of another connection has ended', async () => {
    const one = await client();
    await one.query('BEGIN');
    await one.query('INSERT INTO numbers VALUES (1)');
    const counted = pool.query<{ n: string }>('SELECT count(*) AS n FROM numbers');
    await one.query('INSERT INTO numbers VALUES (2)');
    await one.query('ROLLBACK');
    expect((await counted).rows[0]?.n).toBe('0');
    await one.end();
  });

  test('transactions of several connections do not mix', async () => {
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const mine = await client();
        for (let round = 0; round < 5; round++) {
          await mine.query('BEGIN');
          await mine.query('INSERT INTO numbers VALUES ($1)', [i]);
          await mine.query('INSERT INTO numbers VALUES ($1)', [i]);
          await mine.query(i % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
        }
        await mine.end();
      }),
    );
    const rows = await pool.query('SELECT n, count(*)::int AS c FROM numbers GROUP BY n ORDER BY n');
    expect(rows.rows).toEqual([0, 2, 4, 6].map((n) => ({ n, c: 10 })));
  });

  test('an error in a statement fails its transaction only, and ends with its rollback', async () => {
    const one = await client();
    await one.query('BEGIN');
    await expect(one.query('SELECT 1/0')).rejects.toMatchObject({ code: '22012' });
    await expect(one.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
    await one.query('ROLLBACK');
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await one.end();
  });

  test('a client that disappears inside a transaction is rolled back and blocks nobody', async () => {
    const script = `
      import pg from 'pg';
      const client = new pg.Client({ connectionString: process.env.URL });
      await client.connect();
      await client.query('BEGIN');
      await client.query('INSERT INTO numbers VALUES (7)');
      process.stdout.write('open\\n');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, URL: database.url },
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const counted = pool.query<{ n: string }>('SELECT count(*) AS n FROM numbers');
    child.kill('SIGKILL');
    expect((await counted).rows[0]?.n).toBe('0');
  });

  test('statements of one name and several connections are told apart, and go with their connection', async () => {
    const names = async (): Promise<unknown[]> =>
      (await pool.query('SELECT statement FROM pg_prepared_statements ORDER BY statement')).rows;
    const [one, two] = [await client(), await client()];
    const ask = async (mine: pg.Client, text: string): Promise<unknown[]> =>
      (await mine.query({ name: 'same', text, values: [20] })).rows;
    for (let time = 0; time < 3; time += 1) {
      expect(await ask(one, 'SELECT $1::int + 1 AS n')).toEqual([{ n: 21 }]);
      expect(await ask(two, 'SELECT $1::int * 2 AS n')).toEqual([{ n: 40 }]);
    }
    expect(await names()).toHaveLength(2);
    await one.end();
    await expect.poll(names).toEqual([{ statement: 'SELECT $1::int * 2 AS n' }]);
    expect(await ask(two, 'SELECT $1::int * 2 AS n')).toEqual([{ n: 40 }]);
    await two.end();
    await expect.poll(names).toEqual([]);
  });

  test('a statement that failed when it was to be prepared may be prepared again', async () => {
    const one = await client();
    const ask = () =>
      one.query({ name: 'late', text: 'SELECT n FROM comes_later WHERE n = $1', values: [1] });
    await expect(ask()).rejects.toMatchObject({ code: '42P01' });
    await one.query('CREATE TABLE comes_later (n int)');
    expect((await ask()).rows).toEqual([]);
    await one.query('DROP TABLE comes_later');
    await one.end();
  });

  test('a connection that idles inside a transaction is cut after its time', async () => {
    const one = await client();
    const ended = once(one, 'error');
    await one.query('BEGIN');
    await one.query('INSERT INTO numbers VALUES (9)');
    expect(await pool.query('SELECT n FROM numbers')).toMatchObject({ rows: [] });
    expect((await ended)[0]).toMatchObject({ code: '25P03' });
  });

  test('large parameters and large answers pass', async () => {
    const rows = Array.from({ length: 120_000 }, (_, i) => ({ id: i, note: 'a payment that came back' }));
    const payload = JSON.stringify(rows);
    expect(payload.length).toBeGreaterThan(5_000_000);
    const inserted = await pool.query(
      'INSERT INTO numbers SELECT id FROM jsonb_to_recordset($1::text::jsonb) AS x(id int, note text)',
      [payload],
    );
    expect(inserted.rowCount).toBe(120_000);
    expect((await pool.query('SELECT n FROM numbers')).rows).toHaveLength(120_000);
  });

  test('COPY FROM STDIN, which would end the database, fails as an ordinary statement', async () => {
    await expect(pool.query('COPY numbers FROM STDIN')).rejects.toMatchObject({ code: '0A000' });
    const one = await client();
    await one.query('BEGIN');
    await expect(one.query({ text: 'copy numbers from stdin', values: [] })).rejects.toMatchObject({
      code: '0A000',
    });
    await one.query('ROLLBACK');
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await one.end();
  });

  test('a wrong password and bytes that are not PostgreSQL are refused, and others go on', async () => {
    const wrong = new URL(database.url);
    wrong.password = 'wrong';
    const refused = new pg.Client({ connectionString: wrong.href });
    await expect(refused.connect()).rejects.toMatchObject({ code: '28P01' });
    const answer = await fetch(`http://${wrong.host}/`).then(
      () => 'answered',
      () => 'refused',
    );
    expect(answer).toBe('refused');
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

describe('a directory of its own', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'piculus embedded '));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const run = async (dataDir: string, ...more: string[]): Promise<{ child: ChildProcess; url: string }> => {
    const child = spawn(process.execPath, [PROCESS, '--data-dir', dataDir, ...more], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      return { child, url: (JSON.parse(line) as { url: string }).url };
    }
    throw new Error('ended before it was ready');
  };
  const ask = async (url: string, sql: string): Promise<unknown[]> => {
    const asking = new pg.Client({ connectionString: url });
    asking.on('error', () => {});
    await asking.connect();
    const answer = await asking.query(sql);
    await asking.end();
    return answer.rows;
  };

  test('what was acknowledged survives SIGKILL, and the lock of the dead process is taken over', async () => {
    const dataDir = join(folder, 'killed');
    for (let round = 1; round <= 3; round++) {
      const { child, url } = await run(dataDir);
      await ask(url, 'CREATE TABLE IF NOT EXISTS kept (n int)');
      await ask(url, `INSERT INTO kept VALUES (${round})`);
      expect(await ask(url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: round }]);
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
  });

  test('a second process on the same directory is refused by name of the first', async () => {
    const dataDir = join(folder, 'shared');
    const { child } = await run(dataDir);
    await expect(startEmbeddedDatabase({ dataDir })).rejects.toMatchObject({
      name: 'DirectoryInUseError',
      pid: child.pid,
    });
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    const again = await startEmbeddedDatabase({ dataDir });
    await expect(startEmbeddedDatabase({ dataDir })).rejects.toMatchObject({ name: 'DirectoryInUseError' });
    await again.stop();
  });

  test('a process number that another process has now is not taken for the owner', async () => {
    const dataDir = join(folder, 'reused');
    await (await startEmbeddedDatabase({ dataDir })).stop();
    const lock = { pid: process.pid, startedAt: 'another boot:1', token: 'old' };
    await writeFile(join(dataDir, 'piculus.lock'), JSON.stringify(lock));
    const opened = await startEmbeddedDatabase({ dataDir });
    await opened.stop();
  });

  test('a first start that was cut short is done again', async () => {
    const dataDir = join(folder, 'cut');
    await (await startEmbeddedDatabase({ dataDir })).stop();
    await rm(join(dataDir, 'complete'));
    await rm(join(dataDir, 'postgres', 'PG_VERSION'));
    const opened = await startEmbeddedDatabase({ dataDir });
    expect(await ask(opened.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await opened.stop();
  });

  test('it ends with its parent when told so', async () => {
    const { child } = await run(join(folder, 'child'), '--with-parent');
    const exited = once(child, 'exit');
    child.stdin?.end();
    expect(await exited).toEqual([0, null]);
  });
});
