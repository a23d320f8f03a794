import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, readResult, startDemo, threeDatabases } from './run-demo.ts';

const MINUTES = 60_000;
const ORDERS = 200;
const ANOMALIES = 2;
const RUN = ['--once', '--json', '--anomalies', String(ANOMALIES), '--seed', '7'];
const MADE_UP = [...RUN, '--orders', String(ORDERS)];

function expectRepaired(run: Finished): void {
  expect(run.code, run.stderr).toBe(0);
  const result = readResult(run);
  expect(result.scenarios).toHaveLength(10);
  for (const row of result.scenarios) {
    expect(row).toMatchObject({ injected: ANOMALIES, reported: ANOMALIES, fixed: ANOMALIES, open: 0 });
  }
  expect(result).toMatchObject({
    orders: ORDERS,
    falsePositives: 0,
    ledger: { accountsOff: 0, actualMinor: result.ledger.expectedMinor },
    bank: { paidTwice: 0, collectedTwice: 0, paidAndReturned: 0 },
  });
  expect(BigInt(result.repairs.movedMinor)).toBeGreaterThan(0n);
}

// Each bank once, and each engine: what differs between the engines is the store's, which has tests of its own. Ports
// of their own, because test files run side by side.
describe('a whole run repairs everything exactly once', { timeout: 4 * MINUTES }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'piculus demo '));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('on embedded databases with an honest bank', async () => {
    expectRepaired(await startDemo([...MADE_UP, '--profile', 'honest', '--port', '17100']).finished);
  });

  test('on PostgreSQL with a flaky bank', async () => {
    const databases = await threeDatabases();
    const args = [...MADE_UP, '--profile', 'flaky', '--port', '17200'];
    expectRepaired(await startDemo(args, databases.env).finished);
    await databases.drop();
  });

  test('on PostgreSQL with a late bank, of a file in the folder where the command was typed, beside a taken port', async () => {
    const header = 'order_no,account_no,type,amount,currency,created_at';
    const rows = Array.from(
      { length: ORDERS },
      (_, i) => `T${i},A${i % 7},${i % 2 ? 'withdraw' : 'recharge'},10.00,CZK,1993-01-01T00:00:00Z`,
    );
    await writeFile(join(folder, 'good.csv'), `${[header, ...rows].join('\n')}\n`);
    const taken = await occupy(17_301);
    const databases = await threeDatabases();
    const args = [...RUN, '--transactions', 'good.csv', '--profile', 'late', '--port', '17301'];
    const run = await startDemo(args, { ...databases.env, INIT_CWD: folder }, tmpdir()).finished;
    taken.close();
    expectRepaired(run);
    expect(readResult(run)).toMatchObject({ accounts: 7 });
    expect(run.stderr).toMatch(/port 17301 is taken; the server listens on 17302 instead/);
    await databases.drop();
  });
});

test(
  'a whole run with a blind bank does nothing, says why, and is right with that',
  async () => {
    const databases = await threeDatabases();
    const args = [...MADE_UP, '--profile', 'blind', '--port', '17200'];
    const run = await startDemo(args, databases.env).finished;
    expect(run.code, run.stderr).toBe(0);
    const result = readResult(run);
    for (const row of result.scenarios)
      expect(row).toMatchObject({ injected: ANOMALIES, fixed: 0, open: ANOMALIES });
    expect(result).toMatchObject({
      falsePositives: 0,
      ledger: { accountsOff: 0, actualMinor: result.ledger.expectedMinor },
      repairs: { movedMinor: '0' },
    });
    expect(run.stderr).toMatch(/Nothing was done, and that is right[\s\S]*incomplete/);
    await databases.drop();
  },
  4 * MINUTES,
);

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
