/** Three servers give out the work of one database: once each, to one client at a time, and none after a stop. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  collectorOf,
  createAccounts,
  creditFix,
  FIX_CODE,
  foundProblem,
} from '../../packages/client/test/support/accounts.ts';
import { type Client, createClient, postgresJournal } from '../../packages/client/src/index.ts';
import { acquainted, startNodes, type TestNodes, until } from '../../packages/server/test/nodes/support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const PROBLEMS = 40;
const TICK_MS = 2_000;
const TICKS = 4;

let test: TestNodes;
let own: TestDatabase;
let pool: pg.Pool;
let clients: Client[];
/** When each examination began. */
const begun: number[] = [];

beforeAll(async () => {
  own = await createTestDatabase();
  pool = new pg.Pool({ connectionString: own.url, max: 6 });
  await postgresJournal({ pool }).migrate();
  await createAccounts(pool, PROBLEMS);
  test = await startNodes({ count: 3 });
  await acquainted(test, 3);
  const { api } = test.nodes[0];
  const { key, serverKeys } = await api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } });
  clients = test.nodes.map(({ address }) => {
    const fix = creditFix(pool);
    const client = createClient({
      url: address,
      systemKey: key,
      serverKeys: [...serverKeys],
      application: { name: 'pbap', version: '1.0.0' },
      fixes: [
        {
          collector: collectorOf(
            Array.from({ length: PROBLEMS }, (_, number) => foundProblem(`R${number + 1}`)),
          ),
          fix: {
            ...fix,
            plan: () => ({
              verdict: 'not-yet' as const,
              scenario: null,
              reason: 'the bank has not said it yet',
            }),
            async examine(...args: Parameters<typeof fix.examine>) {
              begun.push(Date.now());
              return fix.examine(...args);
            },
          },
        },
      ],
      journal: postgresJournal({ pool }),
    });
    client.start();
    return client;
  });
  await until(async () => (await api.listClients({ query: { connected: true } })).items.length === 3);
  await api.startCollection({ body: {} });
  await until(async () => (await api.listProblems({ query: { limit: 100 } })).items.length === PROBLEMS);
  await api.createSolution({
    body: {
      sysCode: 'PBAP',
      fixCode: FIX_CODE,
      executionMode: 'automatic',
      retryCron: '0/2 * * * * ?',
      maxRetries: 99,
    },
  });
}, 90_000);
afterAll(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  await test.stop();
  await pool.end();
  await own.drop();
});

describe('three servers', () => {
  it('fire each tick once and hand each problem to one client at a time', async () => {
    // A snapshot again and again: no problem is ever under two open leases that both have yet to answer for it.
    let watching = true;
    const watched = (async () => {
      const twice: unknown[] = [];
      while (watching) {
        twice.push(
          ...(await test.rows(`SELECT problem_id FROM piculus.leases l, unnest(l.problem_ids) AS problem_id
            WHERE l.closed_at IS NULL AND NOT problem_id = ANY(l.answered_ids)
            GROUP BY problem_id HAVING count(*) > 1`)),
        );
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return twice;
    })();
    await until(async () => {
      const [row] = await test.rows(`SELECT coalesce(min(times), 0)::int AS least, count(*)::int AS problems
        FROM (SELECT count(*) AS times FROM piculus.executions GROUP BY problem_id) AS each`);
      return row?.problems === PROBLEMS && Number(row.least) >= TICKS;
    });
    const [counted] = await test.rows(`
      SELECT max(times)::int AS most, max(spent)::float8 AS "spentMs", sum(times)::int AS executions FROM (
        SELECT count(*) AS times, extract(epoch FROM max(dispatched_at) - min(dispatched_at)) * 1000 AS spent
        FROM piculus.executions GROUP BY problem_id) AS each`);
    // Between the first and the last of a problem's executions lie as many ticks as fit between.
    expect(Number(counted?.most)).toBeLessThanOrEqual(Math.ceil(Number(counted?.spentMs) / TICK_MS) + 1);
    const nodes = await test.rows(
      'SELECT node_id, count(*)::int AS leases FROM piculus.leases GROUP BY node_id',
    );
    expect(nodes.length).toBeGreaterThan(1);
    watching = false;
    expect(await watched).toEqual([]);
    console.info(
      'three servers:',
      counted,
      nodes.map(({ leases }) => leases),
    );
  });

  it('begin nothing two seconds after a stop was answered at any of them', async () => {
    await test.nodes[2]?.api.stop({ body: { reason: 'a test of stopping' } });
    const answered = Date.now();
    await until(() => Date.now() > answered + 2.5 * TICK_MS);
    const late = begun.filter((at) => at > answered + 2_000);
    const last = Math.max(...begun) - answered;
    console.info(`the last one began ${last} ms after the stop was answered`);
    expect(late).toEqual([]);
  }, 30_000);
});
