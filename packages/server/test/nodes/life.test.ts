/** How nodes know of each other, take over and leave. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differencesOf } from '../../src/nodes/views.ts';
import { type DatabaseProxy, startProxy } from '../server/proxy.ts';
import { RawClient } from '../server/support.ts';
import { acquainted, listenAt, startNodes, type TestNodes, until } from './support.ts';

let test: TestNodes;
let key: string;
let proxy: DatabaseProxy;
beforeAll(async () => {
  test = await startNodes({
    parts: { registry: { beatMs: 200, goneMs: 2_000, awayMs: 1_000 } },
    via: async (url, number) => {
      if (number !== 1) return url;
      proxy = await startProxy(url);
      return proxy.url;
    },
  });
  await acquainted(test, 2);
  key = (await test.nodes[0].api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } })).key;
});
afterAll(async () => {
  await test.stop();
  proxy.close();
});

const nodeAt = async (address: string) =>
  (await test.rows('SELECT * FROM piculus.nodes WHERE address = $1 ORDER BY started_at DESC', [address]))[0];

describe('a node with another secret', () => {
  it('is refused, and told whose database it is', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'piculus-stranger-'));
    const stranger = await test.start({ dataDir });
    await expect(stranger.ready()).rejects.toMatchObject({
      code: 'wrong-state',
      message: expect.stringMatching(/another secret.*PICULUS_SECRET/),
    });
    expect(await stranger.failed).toMatchObject({ code: 'wrong-state' });
    await stranger.stop();
    expect(await nodeAt(stranger.address)).toBeUndefined();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('starts once the other one is known to be dead', async () => {
    // As one that was killed left it: it looks alive, and never gives another sign.
    await test.rows(`INSERT INTO piculus.nodes (node_id, started_at, seen_at, unbroken_since, state, version, host, pid,
      address, secret_print, audit_key) VALUES ('killed', now(), clock_timestamp(), now(), 'working', '1', 'h', 1, 'a', 'other', 'x')`);
    const third = await test.start();
    await third.ready();
    await third.stop();
    expect(await nodeAt(third.address)).toMatchObject({ state: 'gone', gone_because: 'stopped' });
  });
});

describe('a node without its database', () => {
  it('lets its clients go, is gone to the others, and comes back under another name', async () => {
    const [first, second] = test.nodes;
    const client = await RawClient.greeted(second.address, key, 'wanderer');
    const before = await nodeAt(second.address);
    const reader = await listenAt(first.address, test.token);
    proxy.cut();
    const closed = await client.closed;
    expect(closed.code).toBe(1001);
    await until(async () => (await nodeAt(second.address))?.state === 'gone');
    const gone = await nodeAt(second.address);
    expect(gone).toMatchObject({ node_id: before?.node_id, gone_because: 'silent' });
    // What it told last may have reached nobody.
    await reader.has(({ event }) => event === 'reset');
    reader.close();
    const rows = await test.rows(`SELECT disconnected_at FROM piculus.clients WHERE client_id = 'wanderer'`);
    expect(rows[0]?.disconnected_at).not.toBeNull();
    // It goes on at another node meanwhile.
    const again = await RawClient.greeted(first.address, key, 'wanderer');
    proxy.mend();
    await until(async () => {
      const now = await nodeAt(second.address);
      return now?.state === 'working' && now.node_id !== before?.node_id;
    });
    // The late end of the old connection takes nothing from the new one.
    const { items } = await first.api.listClients({ query: { sysCode: 'PBAP' } });
    expect(items.find(({ clientId }) => clientId === 'wanderer')?.connected).toBe(true);
    await again.close();
  });
});

describe('the list of nodes', () => {
  it('tells who works, who went and how, and who has other keys', async () => {
    await test.rows(`UPDATE piculus.nodes SET signing_key = 'another' WHERE address = $1`, [
      test.nodes[1].address,
    ]);
    await until(async () => {
      // A sign of life of the second node puts it right again.
      const { items } = await test.nodes[0].api.listNodes();
      return items.every(({ state, differences }) => state === 'gone' || differences.length === 0);
    });
    const { items } = await test.nodes[0].api.listNodes();
    const working = items.filter(({ state }) => state === 'working');
    expect(working.map(({ address }) => address).sort()).toEqual(
      test.nodes.map(({ address }) => address).sort(),
    );
    expect(working.find(({ answering }) => answering)?.address).toBe(test.nodes[0].address);
    expect(items.map(({ goneBecause }) => goneBecause)).toEqual(
      expect.arrayContaining(['silent', 'stopped', null]),
    );
    const marks = { secret_print: 's', signing_key: 'k', audit_key: 'a' };
    expect(differencesOf(marks, marks)).toEqual([]);
    expect(differencesOf(marks, { secret_print: 't', signing_key: null, audit_key: 'b' })).toEqual([
      'secret',
      'signing-key',
      'audit-key',
    ]);
  });
});

describe('duties', () => {
  it('are held by one node, and pass to another when it leaves', async () => {
    const holders = async () =>
      (
        await test.rows('SELECT DISTINCT node_id FROM piculus.duties WHERE expires_at > clock_timestamp()')
      ).map(({ node_id }) => node_id);
    await until(async () => (await holders()).length === 1);
    const own = await nodeAt(test.nodes[0].address);
    expect(await holders()).toEqual([own?.node_id]);
  });
});
