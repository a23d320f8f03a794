/** The stop switch of a real server, with two clients under load. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient, signInFirst } from '@piculus/protocol/http';
import { createServer, loadConfig, type PiculusServer } from '@piculus/server';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type Client, createClient } from '../../src/index.ts';
import { memoryJournal } from '../../src/testing/index.ts';
import { collectorOf, FIX_CODE, foundProblem } from '../support/accounts.ts';
import { nextEvent, rightFix } from '../support/client.ts';
import { gate } from '../support/gate.ts';

const PROBLEMS = 400;

let database: TestDatabase;
let pool: pg.Pool;
let dataDir: string;
let server: PiculusServer;
const clients: Client[] = [];

beforeAll(async () => {
  database = await createMigratedDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
  dataDir = await mkdtemp(join(tmpdir(), 'piculus-switch-'));
  const config = {
    ...loadConfig({}),
    dataDir,
    databaseUrl: database.url,
    port: 0,
    logLevel: 'silent' as const,
  };
  server = await createServer(config);
  await server.start();
  await server.ready();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.stop({ drainMs: 100 })));
  await server.stop();
  await pool.end();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function signedIn(
  baseUrl: string,
  oneTimePassword: string,
): Promise<ReturnType<typeof createApiClient>> {
  const person = { username: 'admin', oneTimePassword, password: 'a password of our own' };
  return createApiClient({ baseUrl, token: (await signInFirst({ baseUrl }, person)).token });
}

async function leaseIds(): Promise<string[]> {
  const found = await pool.query<{ id: string }>(
    "SELECT id FROM piculus.leases WHERE trigger = 'tick' ORDER BY id",
  );
  return found.rows.map(({ id }) => id);
}

test('no lease is made after the switch, what runs ends, and everything goes on afterwards', async () => {
  const { address } = server;
  const api = await signedIn(address, server.firstPassword ?? '');
  const { key, serverKeys } = await api.createSystem({ body: { sysCode: 'PBAP', name: 'payments' } });
  const problems = Array.from({ length: PROBLEMS }, (_, index) => foundProblem(`R${index}`));
  const [busy, goOn, ended] = [gate(), gate(), gate()];
  let begun = 0;
  let finished = 0;
  const fix = {
    ...rightFix,
    examine: async () => {
      begun += 1;
      if (begun > 60) busy.open();
      // From here on each waits, so that both clients have their hands full when the switch is thrown.
      if (begun > 40) await goOn.opened;
    },
  };
  for (let index = 0; index < 2; index += 1) {
    const client = createClient({
      url: address,
      systemKey: key,
      serverKeys,
      application: { name: 'pbap', version: '1.0.0' },
      fixes: [{ collector: collectorOf(problems), fix }],
      journal: memoryJournal(),
      places: 20,
    });
    client.on(({ type }) => {
      if (type === 'fix-finished') finished += 1;
      if (finished === PROBLEMS) ended.open();
    });
    const online = nextEvent(client, ({ type }) => type === 'welcome');
    client.start();
    await online;
    clients.push(client);
  }
  const collected = Promise.race(
    clients.map((client) => nextEvent(client, ({ type }) => type === 'collect-finished')),
  );
  await api.startCollection({ body: {} });
  await collected;
  // Every second, so that a tick comes soon.
  await api.createSolution({ body: { sysCode: 'PBAP', fixCode: FIX_CODE, retryCron: '* * * * * ?' } });
  await busy.opened;
  const halt = await api.stop({ body: { reason: 'looks wrong' } });
  const before = await leaseIds();
  expect(before.length).toBeGreaterThan(0);
  goOn.open();
  // All that was handed out is answered or given back, and the open tick would have had hundreds more.
  await expect
    .poll(async () => (await pool.query('SELECT FROM piculus.leases WHERE closed_at IS NULL')).rowCount, {
      timeout: 60_000,
      interval: 50,
    })
    .toBe(0);
  const stopped = begun;
  expect(stopped).toBeLessThan(PROBLEMS);
  const after = await leaseIds();
  expect(after.filter((id) => !before.includes(id))).toEqual([]);
  const late = await pool.query('SELECT FROM piculus.leases WHERE leased_at > $1', [halt.since]);
  expect(late.rowCount).toBe(0);
  expect((await api.listProblems({ query: { waitReason: ['paused'], limit: 1 } })).items).toHaveLength(1);
  expect((await api.getStats()).halts).toMatchObject([
    { kind: 'switch', by: 'admin', reason: 'looks wrong' },
  ]);

  expect(begun).toBe(stopped);
  await api.resume({ params: { id: halt.id }, body: { reason: 'looked right after all' } });
  await ended.opened;
  expect((await api.countProblems({ query: { state: ['cleared'] } })).problems).toBeGreaterThan(0);
});
