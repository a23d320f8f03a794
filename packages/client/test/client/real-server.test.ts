import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient, signIn, signInFirst } from '@piculus/protocol/http';
import { createServer, loadConfig, type PiculusServer } from '@piculus/server';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createMigratedDatabase,
  createTestDatabase,
  type TestDatabase,
} from '../../../../test/support/database.ts';
import { createClient, postgresJournal } from '../../src/index.ts';
import {
  collectorOf,
  createAccounts,
  creditFix,
  FIX_CODE,
  foundProblem,
  wrongOrders,
} from '../support/accounts.ts';
import { nextEvent } from '../support/client.ts';
import { gate } from '../support/gate.ts';

let databases: TestDatabase[];
let pool: pg.Pool;
let dataDir: string;
let server: PiculusServer | undefined;

beforeAll(async () => {
  databases = await Promise.all([createMigratedDatabase(), createTestDatabase()]);
  pool = new pg.Pool({ connectionString: databases[1]?.url, max: 4 });
  dataDir = await mkdtemp(join(tmpdir(), 'piculus-client-'));
});
afterAll(async () => {
  await server?.stop();
  await pool.end();
  await Promise.all(databases.map((database) => database.drop()));
  await rm(dataDir, { recursive: true, force: true });
});

async function startServer(port: number): Promise<PiculusServer> {
  const config = {
    ...loadConfig({}),
    dataDir,
    databaseUrl: databases[0]?.url ?? null,
    port,
    logLevel: 'silent' as const,
  };
  server = await createServer(config);
  await server.start();
  await server.ready();
  return server;
}

const person = { username: 'admin', password: 'a password of our own' };

test('a fix that runs while the server is restarted is answered to the new one', async () => {
  const first = await startServer(0);
  const { address } = first;
  const oneTimePassword = first.firstPassword ?? '';
  const begin = await signInFirst({ baseUrl: address }, { ...person, oneTimePassword });
  let api = createApiClient({ baseUrl: address, token: begin.token });
  const { key, serverKeys } = await api.createSystem({ body: { sysCode: 'PBAP', name: 'payments' } });
  await api.createSolution({ body: { sysCode: 'PBAP', fixCode: FIX_CODE, executionMode: 'manual' } });
  await postgresJournal({ pool }).migrate();
  const [orderNo = ''] = await createAccounts(pool, 1);
  const [begun, held] = [gate(), gate()];
  const fix = creditFix(pool);
  const slow = {
    ...fix,
    apply: async (...args: Parameters<typeof fix.apply>) => {
      begun.open();
      await held.opened;
      return fix.apply(...args);
    },
  };
  const client = createClient({
    url: address,
    systemKey: key,
    serverKeys,
    application: { name: 'pbap', version: '1.0.0' },
    fixes: [{ collector: collectorOf([foundProblem(orderNo)]), fix: slow }],
    journal: postgresJournal({ pool }),
    reconnect: { baseMs: 50, maxMs: 50 },
  });
  const collected = nextEvent(client, ({ type }) => type === 'collect-finished');
  const online = nextEvent(client, ({ type }) => type === 'welcome');
  client.start();
  await online;
  await api.startCollection({ body: {} });
  expect(await collected).toMatchObject({ done: { complete: true, problemsFound: 1 } });
  const [problem] = (await api.listProblems()).items;
  const id = problem?.id ?? expect.unreachable('no problem was reported');
  expect(await api.previewProblem({ params: { id } })).toMatchObject({ verdict: 'act' });
  await api.runProblem({ params: { id }, body: {} });
  await begun.opened;

  const back = nextEvent(client, ({ type }) => type === 'welcome');
  await first.stop();
  await startServer(Number(new URL(address).port));
  await back;
  held.open();
  await client.stop();

  const { token } = await signIn({ baseUrl: address }, person);
  api = createApiClient({ baseUrl: address, token });
  expect(await api.getProblem({ params: { id } })).toMatchObject({
    state: 'fixed',
    executions: [{ outcome: 'fixed' }],
  });
  expect(await wrongOrders(pool)).toEqual([]);
});
