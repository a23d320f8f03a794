/** NATS killed and its store removed, again and again, while work goes on: it costs time and nothing else. */
import { postgresJournal } from '@piculus/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  balances,
  collectorOf,
  createAccounts,
  creditFix,
  foundProblem,
  wrongOrders,
} from '../../packages/client/test/support/accounts.ts';
import { nextEvent } from '../../packages/client/test/support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { clientOver, createWorld, type World } from './world.ts';

const WIPES = 3;
const PROBLEMS = 300;

let world: World;
let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  [world, database] = await Promise.all([createWorld(['PBAP']), createTestDatabase()]);
  pool = new pg.Pool({ connectionString: database.url, max: 8 });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
  await world?.stop();
});

test(`${PROBLEMS} repairs happen once each while NATS is wiped ${WIPES} times`, {
  timeout: 240_000,
}, async () => {
  const orders = await createAccounts(pool, PROBLEMS);
  const journal = postgresJournal({ pool });
  await journal.migrate();
  let finished = 0;
  const enough = { at: 0, tell: (): void => {} };
  const reached = (count: number): Promise<void> =>
    new Promise((resolve) => {
      Object.assign(enough, { at: count, tell: resolve });
      if (finished >= count) resolve();
    });
  const client = clientOver('nats', world, world.system('PBAP'), {
    journal,
    places: 16,
    fixes: [{ collector: collectorOf(orders.map((order) => foundProblem(order))), fix: creditFix(pool) }],
  });
  client.on(({ type }) => {
    if (type !== 'fix-finished') return;
    finished += 1;
    if (finished >= enough.at) enough.tell();
  });
  const collected = nextEvent(client, ({ type }) => type === 'collect-finished');
  client.start();
  await world.api.startCollection({ body: {} });
  expect(await collected).toMatchObject({ done: { complete: true, problemsFound: PROBLEMS } });
  const filter = { sysCode: ['PBAP'] };
  await world.api.runMatchingProblems({ body: { filter, expectedCount: PROBLEMS, reason: 'a test' } });

  const backMs: number[] = [];
  for (let wipe = 1; wipe <= WIPES; wipe += 1) {
    await reached(Math.floor((PROBLEMS * wipe) / (WIPES + 2)));
    const back = nextEvent(client, ({ type }) => type === 'welcome');
    const at = performance.now();
    await world.nats.wipe();
    await back;
    backMs.push(Math.round(performance.now() - at));
  }
  await allEnded();
  await client.stop();

  process.stdout.write(`NATS wiped ${WIPES} times: connected again after ${backMs.join(', ')} ms\n`);
  expect(await wrongOrders(pool)).toEqual([]);
  const { booked, due } = await balances(pool);
  expect(booked).toBe(due);
  const { rows } = await world.pool.query(
    `SELECT count(*)::int AS fixed, count(DISTINCT problem_id)::int AS problems FROM piculus.executions
     WHERE outcome IN ('fixed', 'already-right')`,
  );
  expect(rows).toEqual([{ fixed: PROBLEMS, problems: PROBLEMS }]);
});

/** Every problem is fixed; what was cut off in the middle is asked for again, as a person would. */
async function allEnded(): Promise<void> {
  for (;;) {
    const { rows } = await world.pool.query<{ id: string; busy: boolean }>(
      `SELECT p.id, EXISTS (SELECT FROM piculus.run_requests r WHERE r.problem_id = p.id)
         OR EXISTS (SELECT FROM piculus.leases l WHERE l.closed_at IS NULL) AS busy
       FROM piculus.problems p WHERE p.state <> 'fixed' ORDER BY p.id`,
    );
    if (rows.length === 0) return;
    const ids = rows.filter(({ busy }) => !busy).map(({ id }) => id);
    if (ids.length > 0) await world.api.runProblems({ body: { ids: ids.slice(0, 500), reason: 'again' } });
    await new Promise((resolve) => setImmediate(resolve));
  }
}
