/** The scripts of a backup, run for real: taken from a node at work, restored elsewhere, and work goes on. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApiClient } from '@piculus/protocol/http';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadCheckpointKey } from '../../packages/server/src/audit/key.ts';
import { verifyChain } from '../../packages/server/src/audit/verify.ts';
import { createLogger } from '../../packages/server/src/base/logger.ts';
import { createServer, type PiculusServer } from '../../packages/server/src/server.ts';
import {
  FIX,
  problem,
  RawClient,
  signIn,
  startTestServer,
  type TestServer,
} from '../../packages/server/test/server/support.ts';
import { openDatabase } from '../../packages/server/src/store/database.ts';
import { openPool } from '../../packages/server/src/store/pool.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/backup/', import.meta.url));
const PROBLEMS = 500;

/** Where Debian keeps the programs that are as new as the database. */
function postgresPrograms(): string[] {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian)
    ? readdirSync(debian)
        .map(Number)
        .sort((a, b) => b - a)
    : [];
  return versions.map((version) => join(debian, String(version), 'bin'));
}

function run(
  script: string,
  folder: string,
  env: Record<string, string>,
): Promise<{ code: number; said: string }> {
  const path = [...postgresPrograms(), process.env.PATH ?? ''].join(delimiter);
  const child = spawn(join(FOLDER, script), [folder], { env: { PATH: path, ...env } });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += String(text);
    });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? 1, said })));
}

let test: TestServer;
let elsewhere: TestDatabase;
let restored: PiculusServer | null = null;
let folder = '';
let key = '';

/** Reports problems through a client. */
async function report(address: string, api: TestServer['api'], client: RawClient, keys: readonly string[]) {
  await api.startCollection({ body: { sysCodes: ['PBAP'] } });
  const { id, body } = await client.get('collect');
  client.say('ack', { re: id });
  const { commandId, epoch } = body;
  for (let at = 0; at < keys.length; at += 100) {
    const problems = keys.slice(at, at + 100).map((businessKey) => problem(businessKey));
    await client.acknowledged(client.say('problems', { commandId, epoch, sequence: at / 100 + 1, problems }));
  }
  const done = {
    commandId,
    epoch,
    complete: true,
    rowsScanned: 1,
    problemsFound: keys.length,
    durationMs: 1,
    feeds: [],
  };
  await client.acknowledged(client.say('collect-done', done));
  expect(address).not.toBe('');
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'piculus-backup-'));
  test = await startTestServer();
  elsewhere = await createTestDatabase();
  key = (await test.api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } })).key;
  await test.api.createSolution({ body: { sysCode: 'PBAP', fixCode: FIX, executionMode: 'manual' } });
  const client = await RawClient.greeted(test.address, key, 'before');
  const keys = Array.from({ length: PROBLEMS }, (_, index) => `ORDER-${index}`);
  await report(test.address, test.api, client, keys);
  await client.close();
});
afterAll(async () => {
  await restored?.stop();
  await test.stop();
  await elsewhere.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a backup', () => {
  const figures: Record<string, number> = {};

  it('is taken while the node works', async () => {
    const began = performance.now();
    const env = {
      PICULUS_DATABASE_URL: test.config.databaseUrl ?? '',
      PICULUS_DATA_DIR: test.config.dataDir,
    };
    expect(await run('backup.sh', join(folder, 'one'), env)).toMatchObject({ code: 0 });
    figures.backupMs = Math.round(performance.now() - began);
    expect(readdirSync(join(folder, 'one')).sort()).toEqual(['SHA256SUMS', 'database.dump', 'files.tar.gz']);
    // Of what comes after it, it knows nothing.
    await test.api.createSystem({ body: { sysCode: 'LATER', name: 'Later' } });
  });

  it('is restored elsewhere, and refuses to overwrite', async () => {
    const dataDir = join(folder, 'restored');
    const env = { PICULUS_DATABASE_URL: elsewhere.url, PICULUS_DATA_DIR: dataDir };
    const began = performance.now();
    expect(await run('restore.sh', join(folder, 'one'), env)).toMatchObject({ code: 0 });
    figures.restoreMs = Math.round(performance.now() - began);
    expect(await run('restore.sh', join(folder, 'one'), env)).toMatchObject({ code: 1 });
    const again = { ...env, PICULUS_DATA_DIR: join(folder, 'other') };
    expect((await run('restore.sh', join(folder, 'one'), again)).code).not.toBe(0);
    expect(existsSync(join(folder, 'other'))).toBe(false);
  });

  it('is refused where a byte of it changed', async () => {
    const spoiled = join(folder, 'spoiled');
    mkdirSync(spoiled);
    for (const name of readdirSync(join(folder, 'one')))
      writeFileSync(join(spoiled, name), name === 'files.tar.gz' ? 'x' : '');
    const env = { PICULUS_DATABASE_URL: elsewhere.url, PICULUS_DATA_DIR: join(folder, 'never') };
    expect((await run('restore.sh', spoiled, env)).code).not.toBe(0);
  });

  it('has everything: people, systems, problems, keys, and a chain that holds', async () => {
    const dataDir = join(folder, 'restored');
    const config = { ...test.config, databaseUrl: elsewhere.url, dataDir };
    const began = performance.now();
    restored = await createServer(config, { log: createLogger('silent'), signInsPerMinute: 1_000 });
    await restored.start();
    await restored.ready();
    figures.readyMs = Math.round(performance.now() - began);
    expect(restored.firstPassword).toBeNull();
    const token = await signIn(restored.address, 'admin', test.password);
    const api = createApiClient({ baseUrl: restored.address, token });
    expect((await api.listSystems()).items.map(({ sysCode }) => sysCode)).toEqual(['PBAP']);
    const counted = await api.countProblems({ query: { state: ['pending'] } });
    expect(counted.problems).toBe(PROBLEMS);
    // Clients trust the same keys, and the key of their system still opens.
    const keysOf = async (from: typeof api): Promise<string[]> =>
      (await from.listServerKeys()).items.map(({ publicKey }) => publicKey);
    expect(await keysOf(api)).toEqual(await keysOf(test.api));
    const client = await RawClient.greeted(restored.address, key, 'after');
    await report(restored.address, api, client, ['ORDER-0', 'ORDER-NEW']);
    expect((await api.countProblems({ query: { state: ['pending'] } })).problems).toBe(PROBLEMS + 1);
    const [first] = (await api.listProblems({ query: { businessKey: 'ORDER-NEW' } })).items;
    await api.runProblem({ params: { id: first?.id ?? '' }, body: {} });
    expect((await client.get('fix')).body.items).toMatchObject([{ businessKey: 'ORDER-NEW' }]);
    await client.close();

    const pool = openPool({ url: elsewhere.url, connectionsMax: 1 });
    const db = openDatabase(pool);
    const checkpointKey = await loadCheckpointKey(dataDir);
    // Signed by the restored node where the backup was taken before the first of them.
    await vi.waitFor(
      async () => {
        const chain = await verifyChain(db, {
          at: new Date(),
          given: [],
          trustedKeys: [checkpointKey.publicKey],
        });
        expect(chain).toMatchObject({ ok: true, faults: [] });
        expect(chain.checkpointsStored).toBeGreaterThan(0);
      },
      { timeout: 50_000, interval: 200 },
    );
    await db.destroy();
  });

  it('takes the time that the page of operating tells of', async () => {
    const sizes = new pg.Client({ connectionString: elsewhere.url });
    await sizes.connect();
    const { rows } = await sizes.query('SELECT pg_database_size(current_database()) AS bytes');
    await sizes.end();
    figures.databaseMb = Math.round(Number(rows[0]?.bytes) / 1e6);
    process.stderr.write(`backup and restore: ${JSON.stringify(figures)}\n`);
    expect(Object.keys(figures)).toHaveLength(4);
  });
});
