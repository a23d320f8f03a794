/** A server that is asked to stop, and one that is killed, under work: what their clients had goes on at the others. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ApiClient, createApiClient } from '@piculus/protocol/http';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  balances,
  collectorOf,
  createAccounts,
  creditFix,
  FIX_CODE,
  foundProblem,
  wrongOrders,
} from '../../packages/client/test/support/accounts.ts';
import { createClient, postgresJournal } from '../../packages/client/src/index.ts';
import { acquainted, startNodes, type TestNodes, until } from '../../packages/server/test/nodes/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startBalancer } from './balancer.ts';

/** Far more than a busy machine needs. */
const TEST_MS_MAX = 300_000;
/** Of each of the two tests. */
const PROBLEMS = 100;
const SERVE = fileURLToPath(new URL('../../packages/server/dist/main.js', import.meta.url));
let test: TestNodes;
let own: TestDatabase;
let pool: pg.Pool;
let key: string;
let serverKeys: readonly string[];
let killed: ChildProcess | null = null;

beforeAll(async () => {
  own = await createTestDatabase();
  pool = new pg.Pool({ connectionString: own.url, max: 8 });
  await postgresJournal({ pool }).migrate();
  await createAccounts(pool, 2 * PROBLEMS);
  test = await startNodes({ change: { nodes: { drainMs: 1_000 } } });
  await acquainted(test, 2);
  const made = await test.nodes[0].api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } });
  ({ key, serverKeys } = made);
  await test.nodes[0].api.createSolution({
    // What a killed server had claimed, but not sent, costs a try: the click then goes on, as long as one is left.
    body: { sysCode: 'PBAP', fixCode: FIX_CODE, executionMode: 'manual', maxRetries: 1 },
  });
}, TEST_MS_MAX);
afterAll(async () => {
  killed?.kill('SIGKILL');
  await test.stop();
  await pool.end();
  await own.drop();
});

function startClient(url: string, first: number) {
  const fix = creditFix(pool);
  const client = createClient({
    url,
    systemKey: key,
    serverKeys: [...serverKeys],
    application: { name: 'pbap', version: '1.0.0' },
    fixes: [
      {
        collector: collectorOf(
          Array.from({ length: PROBLEMS }, (_, number) => foundProblem(`R${first + number}`)),
        ),
        fix: {
          ...fix,
          // Long enough for the stop to come into the middle.
          async apply(...args: Parameters<typeof fix.apply>) {
            await new Promise((resolve) => setTimeout(resolve, 40));
            return fix.apply(...args);
          },
        },
      },
    ],
    journal: postgresJournal({ pool }),
    places: 4,
    reconnect: { baseMs: 50, maxMs: 500 },
  });
  client.start();
  return client;
}

/** Resolves once its first problems are there, waiting for a click. @returns their ids. */
async function collected(api: ApiClient): Promise<string[]> {
  await until(async () => (await api.listClients({ query: { connected: true } })).items.length === 2);
  await api.startCollection({ body: {} });
  const waiting = () => api.listProblems({ query: { state: ['pending'], limit: 200 } });
  await until(async () => (await waiting()).items.length === PROBLEMS);
  return (await waiting()).items.map(({ id }) => id);
}

async function fixed(count: number): Promise<void> {
  await until(async () => {
    const [row] = await test.rows(
      `SELECT count(*)::int AS fixed FROM piculus.problems WHERE state = 'fixed'`,
    );
    return row?.fixed === count;
  });
}

const outcomes = () =>
  test.rows(
    'SELECT outcome, count(*)::int AS times, count(DISTINCT problem_id)::int AS problems FROM piculus.executions GROUP BY outcome',
  );

describe('a server that is asked to stop', () => {
  it(
    'leaves without any try used, anything unknown, or a person who notices',
    async () => {
      const [leaving, staying] = test.nodes;
      const { api } = staying;
      const balancer = await startBalancer([leaving.address, staying.address]);
      const clients = [startClient(balancer.address, 1), startClient(balancer.address, 1)];
      const ids = await collected(api);
      const person = createApiClient({ baseUrl: balancer.address, token: test.token });
      const failures: unknown[] = [];
      let answers = 0;
      let asking = true;
      const asked = (async () => {
        while (asking) {
          await person.listSystems().then(
            () => {
              answers += 1;
            },
            (error: unknown) => failures.push(error),
          );
        }
      })();
      await api.runProblems({ body: { ids, reason: 'a test of leaving' } });
      await until(async () => (await api.listExecutions({ query: { limit: 10 } })).items.length > 5);

      const begun = Date.now();
      await leaving.server.stop();
      const tookMs = Date.now() - begun;
      await fixed(PROBLEMS);
      asking = false;
      await asked;
      console.info(`left in ${tookMs} ms; ${answers} answers to a person, ${failures.length} failures`);
      expect(failures).toEqual([]);
      expect(await outcomes()).toEqual([{ outcome: 'fixed', times: PROBLEMS, problems: PROBLEMS }]);
      const unanswered = await test.rows('SELECT id FROM piculus.leases WHERE closed_at IS NULL');
      expect(unanswered).toEqual([]);
      await Promise.all(clients.map((client) => client.stop()));
      await balancer.close();
    },
    TEST_MS_MAX,
  );
});

describe('a server that is killed', () => {
  it(
    'leaves nothing undone and nothing done twice',
    async () => {
      const [, staying] = test.nodes;
      const { api } = staying;
      const child = spawn(process.execPath, [SERVE], {
        env: {
          PATH: process.env.PATH,
          PICULUS_DATABASE_URL: test.databaseUrl,
          PICULUS_DATA_DIR: test.dataDir,
          PICULUS_PORT: '0',
          PICULUS_LOG_LEVEL: 'silent',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      killed = child;
      const exited = once(child, 'exit');
      let address = '';
      for await (const line of createInterface(child.stdout)) {
        const told = z.object({ event: z.string(), address: z.string().optional() }).parse(JSON.parse(line));
        address = told.address ?? address;
        if (told.event === 'ready') break;
      }
      const balancer = await startBalancer([address, staying.address]);
      const first = PROBLEMS + 1;
      const clients = [startClient(balancer.address, first), startClient(balancer.address, first)];
      const ids = await collected(api);
      await api.runProblems({ body: { ids, reason: 'a test of dying' } });
      const done = async () => (await outcomes()).reduce((sum, { times }) => sum + Number(times), 0);
      await until(async () => (await done()) > PROBLEMS + 5);
      const begun = Date.now();
      child.kill('SIGKILL');
      await exited;
      await fixed(2 * PROBLEMS);
      const tookMs = Date.now() - begun;
      const ended = await outcomes();
      console.info(`all done ${tookMs} ms after a node was killed`, ended);
      expect(ended).toContainEqual({ outcome: 'fixed', times: 2 * PROBLEMS, problems: 2 * PROBLEMS });
      expect(ended.filter(({ outcome }) => outcome !== 'fixed' && outcome !== 'unknown')).toEqual([]);
      expect(await wrongOrders(pool)).toEqual([]);
      const { booked, due } = await balances(pool);
      expect(booked).toBe(due);
      await Promise.all(clients.map((client) => client.stop()));
      await balancer.close();
    },
    TEST_MS_MAX,
  );
});
