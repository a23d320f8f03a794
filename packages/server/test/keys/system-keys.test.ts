/** The key of a system is changed while its clients work, one client after the other. */
import { type Client, createClient, defineCollector, defineFix, type Logger } from '@piculus/client';
import { memoryJournal } from '@piculus/client/testing';
import { afterEach, expect, test } from 'vitest';
import { FIX, problem, startTestServer } from '../server/support.ts';

const PROBLEMS = 240;
const CLIENTS = 3;
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The system's own books: what was credited, and how often. */
const books = new Map<string, number>();
const side = (state: string) => ({
  state,
  source: 'test',
  observedAt: '2026-11-22T00:00:00.000Z',
  fields: {},
});
const facts = (key: string) => ({
  order: side('SUCCESS'),
  ledger: side(books.has(key) ? 'credited' : 'none'),
  bank: side('paid'),
});
const collector = defineCollector({
  fixCode: FIX,
  async collect({ report }) {
    const found = Array.from({ length: PROBLEMS }, (_, index) => {
      const { fixCode: _fixCode, ...row } = problem(`R${index}`);
      return { ...row, handling: 'fix' as const, scenario: 'C1' as const, outOfPocket: 'customer' as const };
    });
    await report(found);
    return { feeds: [], complete: true };
  },
});
/** Resolves when so many credits were booked. */
const waits: { readonly count: number; readonly resolve: () => void }[] = [];
const booked = (count: number): Promise<void> =>
  new Promise((resolve) => {
    waits.push({ count, resolve });
    tellBooked();
  });
function tellBooked(): void {
  for (const wait of waits) if (books.size >= wait.count) wait.resolve();
}

const fix = defineFix({
  fixCode: FIX,
  examine: async ({ businessKey }) => businessKey,
  facts,
  plan: ({ amountMinor, currency }, key: string) =>
    books.has(key)
      ? { verdict: 'already-right', scenario: null, reason: 'credited' }
      : {
          verdict: 'act',
          scenario: 'C1',
          reason: 'not credited',
          steps: [
            {
              kind: 'credit',
              key: `credit:${key}`,
              amountMinor,
              currency,
              text: { en: 'credit', zh: '入账' },
            },
          ],
        },
  apply: async ({ key: effect, kind, amountMinor, currency }, key, { record }) => {
    // As long as a short transaction takes, so that the change happens amid work.
    await new Promise((resolve) => setTimeout(resolve, 5));
    books.set(key, (books.get(key) ?? 0) + 1);
    await record(undefined, { key: effect, kind, amountMinor, currency });
    tellBooked();
    return { result: 'continue' };
  },
});

test('clients get a new key one after the other under load: nothing is lost, nothing is done twice', async () => {
  const server = await startTestServer();
  stops.push(() => server.stop());
  const { api } = server;
  const params = { sysCode: 'SHOP' };
  const { key: oldKey, serverKeys } = await api.createSystem({ body: { ...params, name: 'Shop' } });
  await api.createSolution({ body: { ...params, fixCode: FIX, executionMode: 'manual' } });
  const told: string[] = [];
  const say = (fields: object, text: string): void => void told.push(`${text} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: () => {}, info: () => {}, warn: say, error: say };

  function startClient(systemKey: string): Client {
    const client = createClient({
      url: server.address,
      systemKey,
      serverKeys,
      application: { name: 'shop', version: '1' },
      journal: memoryJournal<undefined>(),
      places: 4,
      reconnect: { baseMs: 20, maxMs: 50, refusedMs: 50 },
      logger,
      fixes: [{ collector, fix }],
    });
    stops.push(() => client.stop({ drainMs: 1_000 }));
    client.start();
    return client;
  }
  const connected = async (): Promise<number> =>
    (await api.listClients()).items.filter((each) => each.connected).length;
  const waitUntil = (check: () => Promise<boolean>): Promise<void> =>
    expect.poll(check, { timeout: 60_000, interval: 50 }).toBe(true);

  let clients = Array.from({ length: CLIENTS }, () => startClient(oldKey));
  await waitUntil(async () => (await connected()) === CLIENTS);
  await api.startCollection({ body: {} });
  await waitUntil(async () => (await api.countProblems()).problems === PROBLEMS);
  const { items } = await api.listProblems({ query: { limit: 500 } });
  const { accepted } = await api.runProblems({ body: { ids: items.map(({ id }) => id) } });
  expect(accepted).toBe(PROBLEMS);
  await booked(20);

  const { key: newKey } = await api.createSystemKey({ params });
  const renewed: Client[] = [];
  for (const client of clients) {
    await client.stop({ drainMs: 10_000 });
    renewed.push(startClient(newKey));
    const before = books.size;
    await booked(Math.min(PROBLEMS, before + 20));
  }
  clients = renewed;
  const { items: keys } = await api.listSystemKeys({ params });
  const old = keys.find(({ prefix }) => oldKey.startsWith(prefix));
  expect(keys).toHaveLength(2);
  await api.revokeSystemKey({ params: { ...params, id: old?.id ?? '' } });

  await waitUntil(
    async () => (await api.listProblems({ query: { state: ['pending', 'executing'] } })).items.length === 0,
  );
  expect(books.size).toBe(PROBLEMS);
  expect([...books.values()].filter((times) => times !== 1)).toEqual([]);
  const { items: done } = await api.listProblems({ query: { limit: 500, state: ['fixed'] } });
  expect(done).toHaveLength(PROBLEMS);
  expect(done.filter(({ attempts }) => attempts !== 1)).toEqual([]);

  // Somebody forgot one.
  told.length = 0;
  startClient(oldKey);
  await waitUntil(async () => told.some((line) => line.includes('unknown-key')));
  expect(told.find((line) => line.includes('unknown-key'))).toMatch(
    /check its key and version .*the system key is not known or was revoked \(unknown-key\)/,
  );
  expect(await connected()).toBe(CLIENTS);
});

test('revoking a key ends the connections that came by it, and says why', async () => {
  const server = await startTestServer();
  stops.push(() => server.stop());
  const { api } = server;
  const params = { sysCode: 'SHOP' };
  const { key, serverKeys } = await api.createSystem({ body: { ...params, name: 'Shop' } });
  const client = createClient({
    url: server.address,
    systemKey: key,
    serverKeys,
    application: { name: 'shop', version: '1' },
    journal: memoryJournal<undefined>(),
    reconnect: { baseMs: 20, maxMs: 50, refusedMs: 50 },
    fixes: [{ collector, fix }],
  });
  stops.push(() => client.stop({ drainMs: 100 }));
  const details: string[] = [];
  const refused = new Promise<void>((resolve) => {
    client.on((event) => {
      if (event.type !== 'state') return;
      details.push(event.detail);
      if (event.detail.includes('unknown-key')) resolve();
    });
  });
  const online = new Promise<void>((resolve) => {
    client.on(({ type }) => type === 'welcome' && resolve());
  });
  client.start();
  await online;
  const { items } = await api.listSystemKeys({ params });
  await api.revokeSystemKey({ params: { ...params, id: items[0]?.id ?? '' } });
  await refused;
  expect(details.find((detail) => detail.startsWith('closed with'))).toContain('key-revoked');
});
