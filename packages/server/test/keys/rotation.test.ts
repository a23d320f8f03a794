import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from '../../src/server.ts';
import { createLogger } from '../../src/base/logger.ts';
import { type Client, createClient, defineCollector, defineFix } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import { afterEach, expect, test } from 'vitest';
import { FIX, problem, startTestServer, type TestServer } from '../server/support.ts';

const PROBLEMS = 200;
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function started(): Promise<TestServer> {
  const server = await startTestServer();
  stops.push(() => server.stop());
  return server;
}

interface Shop {
  readonly client: Client;
  readonly refused: string[];
  /** Resolves with the next event of this type. */
  next(type: string): Promise<void>;
}

function shopOf(
  test: TestServer,
  keys: { key: string; serverKeys: readonly string[] },
  { count = PROBLEMS, followRotation = false } = {},
): Shop {
  const keysOfProblems = Array.from({ length: count }, (_, index) => `R${index}`);
  const side = { state: 'x', source: 'test', observedAt: '2026-11-22T00:00:00.000Z', fields: {} };
  const client = createClient({
    url: test.address,
    systemKey: keys.key,
    serverKeys: keys.serverKeys,
    followRotation,
    application: { name: 'shop', version: '1' },
    journal: memoryJournal<null>(),
    places: 4,
    reconnect: { baseMs: 20, maxMs: 50, refusedMs: 50 },
    fixes: [
      {
        collector: defineCollector({
          fixCode: FIX,
          async collect({ report }) {
            for (const businessKey of keysOfProblems) {
              const { fixCode: _, ...found } = problem(businessKey);
              await report([{ ...found, handling: 'fix', scenario: 'C1', outOfPocket: 'customer' }]);
            }
            return { feeds: [], complete: true };
          },
        }),
        fix: defineFix({
          fixCode: FIX,
          examine: async () => null,
          facts: () => ({ order: side, ledger: side, bank: side }),
          plan: () => ({ verdict: 'already-right', scenario: null, reason: 'right' }),
          apply: async () => ({ result: 'continue' }),
        }),
      },
    ],
  });
  stops.push(() => client.stop({ drainMs: 100 }));
  const refused: string[] = [];
  client.on((event) => {
    if (event.type === 'refused-message') refused.push(event.code);
  });
  const next = (type: string): Promise<void> =>
    new Promise((resolve) => {
      const off = client.on((event) => {
        if (event.type !== type) return;
        off();
        resolve();
      });
    });
  return { client, refused, next };
}

async function collected({ client, next }: Shop, { api }: TestServer): Promise<void> {
  const online = next('welcome');
  client.start();
  await online;
  await api.createSolution({ body: { sysCode: 'SHOP', fixCode: FIX, executionMode: 'manual' } });
  const done = next('collect-finished');
  await api.startCollection({ body: {} });
  await done;
}

async function runAll({ api }: TestServer): Promise<number> {
  const { items } = await api.listProblems({ query: { limit: 500, state: ['pending'] } });
  const { accepted } = await api.runProblems({ body: { ids: items.map(({ id }) => id) } });
  return accepted;
}

const waitUntil = (check: () => Promise<boolean>): Promise<void> =>
  expect.poll(check, { timeout: 60_000, interval: 50 }).toBe(true);

test('20 changes of both keys while commands run: none of them is refused', async () => {
  const server = await started();
  const { api } = server;
  const keys = await api.createSystem({ body: { sysCode: 'SHOP', name: 'Shop' } });
  const shop = shopOf(server, keys, { followRotation: true });
  await collected(shop, server);
  expect(await runAll(server)).toBe(PROBLEMS);
  for (let round = 0; round < 20; round += 1) {
    const before = (await api.listServerKeys()).items.find(({ inUse }) => inUse);
    const made = await api.addServerKey();
    await api.useServerKey({ params: { keyId: made.keyId } });
    await api.retireServerKey({ params: { keyId: before?.keyId ?? '' } });
    const another = await api.createSystemKey({ params: { sysCode: 'SHOP' } });
    await api.revokeSystemKey({ params: { sysCode: 'SHOP', id: another.info.id } });
  }
  await waitUntil(
    async () => (await api.listProblems({ query: { state: ['pending', 'executing'] } })).items.length === 0,
  );
  expect(shop.refused).toEqual([]);
  expect((await api.getStats()).alarms).toEqual([]);
  const { items } = await api.listMessages({ query: { type: ['fix'], state: ['refused'] } });
  expect(items).toEqual([]);
  const { items: left } = await api.listServerKeys();
  expect(left).toHaveLength(1);
  expect(left[0]?.publicKey).not.toBe(keys.serverKeys[0]);
});

test('a client without the key refuses, an alarm says so, and no retry is used', async () => {
  const server = await started();
  const { api } = server;
  const keys = await api.createSystem({ body: { sysCode: 'SHOP', name: 'Shop' } });
  const shop = shopOf(server, keys, { count: 1 });
  await collected(shop, server);
  const made = await api.addServerKey();
  await api.useServerKey({ params: { keyId: made.keyId } });
  await runAll(server);
  await waitUntil(async () => shop.refused.includes('command-key-unknown'));
  await waitUntil(async () => (await api.getStats()).alarms.some(({ sysCode }) => sysCode === 'SHOP'));
  const { items } = await api.listProblems();
  expect(items[0]).toMatchObject({ retriesUsed: 0 });
  // The way back: the client gets the line that the server shows now.
  await shop.client.stop();
  const { items: all } = await api.listServerKeys();
  const again = shopOf(server, { ...keys, serverKeys: all.map(({ publicKey }) => publicKey) }, { count: 1 });
  again.client.start();
  await waitUntil(async () => (await api.listProblems()).items[0]?.state === 'cleared');
});

test('with the key in use lost, nothing is sent; another one is made and used', async () => {
  const first = await started();
  const keys = await first.api.createSystem({ body: { sysCode: 'SHOP', name: 'Shop' } });
  const folder = join(first.config.dataDir, 'signing-keys');
  await first.server.stop();
  for (const name of await readdir(folder)) if (name.endsWith('.pem')) await rm(join(folder, name));
  const parts = { log: createLogger('silent'), signInsPerMinute: 1_000 };
  const again = await createServer({ ...first.config, port: Number(new URL(first.address).port) }, parts);
  stops.push(() => again.stop());
  await again.start();
  await again.ready();
  const { api } = first;
  expect((await api.listServerKeys()).items).toEqual([]);
  const shop = shopOf(first, keys, { count: 1 });
  await collected(shop, first);
  const { items } = await api.listProblems();
  const id = items[0]?.id ?? '';
  await expect(api.previewProblem({ params: { id } })).rejects.toMatchObject({ code: 'no-signing-key' });
  const made = await api.addServerKey();
  await api.useServerKey({ params: { keyId: made.keyId } });
  await shop.client.stop();
  const renewed = shopOf(first, { ...keys, serverKeys: [made.publicKey] }, { count: 1 });
  const online = renewed.next('welcome');
  renewed.client.start();
  await online;
  expect(await api.previewProblem({ params: { id } })).toMatchObject({ verdict: 'already-right' });
});

test('a key that others can read keeps the server from starting', async () => {
  const first = await started();
  const folder = join(first.config.dataDir, 'signing-keys');
  await first.server.stop();
  const [name = ''] = (await readdir(folder)).filter((each) => each.endsWith('.pem'));
  await chmod(join(folder, name), 0o640);
  const again = await createServer(first.config, { log: createLogger('silent') });
  stops.push(() => again.stop());
  await expect(again.start()).rejects.toMatchObject({ code: 'signing-key-unusable' });
});
