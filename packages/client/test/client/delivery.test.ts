import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { createClient, postgresJournal } from '../../src/index.ts';
import { createTestServer } from '../../src/testing/index.ts';
import {
  balances,
  collectorOf,
  createAccounts,
  creditFix,
  FIX_CODE,
  wrongOrders,
} from '../support/accounts.ts';
import { seeded } from '../support/seeded.ts';

const COMMANDS = 200;
const LEASES = 20;

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 8 });
  await postgresJournal({ pool }).migrate();
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

test('200 commands delivered up to 20 times each, with lost connections and answers: every effect once', async () => {
  const orders = await createAccounts(pool, COMMANDS);
  const random = seeded(20_261_122);
  const server = createTestServer({ faults: { random, repeat: 0.9, loseBefore: 0.03, loseAfter: 0.03 } });
  const client = createClient({
    url: 'ws://127.0.0.1:1',
    systemKey: 'key',
    serverKeys: server.serverKeys,
    application: { name: 'pbap', version: '1.0.0' },
    fixes: [{ collector: collectorOf(), fix: creditFix(pool) }],
    journal: postgresJournal({ pool }),
    places: 100,
    reconnect: { baseMs: 1, maxMs: 5, refusedMs: 5 },
    transport: server.transport,
  });
  client.start();
  // Each command comes under three leases, in batches of another make-up each time, as after three rescues.
  const rounds = [1, 2, 3].map(async (round) => {
    for (let lease = 0; lease < LEASES; lease += 1) {
      const batch = orders.filter((_, index) => (index * round) % LEASES === lease);
      if (batch.length === 0) continue;
      const results = await server.fix(
        batch.map((businessKey) => ({ fixCode: FIX_CODE, businessKey, scenario: 'C5' as const })),
      );
      for (const result of results) expect(result).toMatchObject({ outcome: 'fixed', verified: true });
    }
  });
  await Promise.all(rounds);
  await client.stop({ drainMs: 1_000 });
  expect(server.connections).toBeGreaterThan(5);
  expect(server.results.size).toBe(COMMANDS);
  expect(await wrongOrders(pool)).toEqual([]);
  const { booked, due } = await balances(pool);
  expect(booked).toBe(due);
}, 600_000);
