import { randomBytes } from 'node:crypto';
import { API_PREFIX } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { createLogger } from '../../src/base/logger.ts';
import { loadConfig } from '../../src/config.ts';
import { createServer } from '../../src/server.ts';
import { type DatabaseProxy, startProxy } from './proxy.ts';
import { problem, RawClient, startTestServer, type TestServer } from './support.ts';

const PATIENCE = { timeout: 40_000, interval: 100 };
const log = createLogger('silent');

async function codeOf(response: Response): Promise<unknown> {
  const body: unknown = await response.json();
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
}

describe('while running', () => {
  let test: TestServer;
  let proxy: DatabaseProxy;
  let key: string;
  beforeAll(async () => {
    test = await startTestServer({}, async (url) => {
      proxy = await startProxy(url);
      return proxy.url;
    });
    key = (await test.api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } })).key;
  });
  afterAll(async () => {
    proxy.mend();
    await test.stop();
    proxy.close();
  });

  it('says so with 503, keeps clients, loses nothing and recovers by itself', async () => {
    const client = await RawClient.greeted(test.address, key, 'steady');
    await test.api.startCollection({ body: {} });
    const collect = await client.get('collect');
    client.say('ack', { re: collect.id });

    proxy.cut();
    const authorization = `Bearer ${test.token}`;
    const work = await fetch(`${test.address}${API_PREFIX}/problems`, { headers: { authorization } });
    expect([work.status, await codeOf(work)]).toEqual([503, 'database-away']);
    expect(work.headers.get('retry-after')).not.toBeNull();
    const ready = await fetch(`${test.address}${API_PREFIX}/ready`);
    expect([ready.status, await codeOf(ready)]).toEqual([503, 'database-away']);
    expect((await fetch(`${test.address}${API_PREFIX}/health`)).status).toBe(200);
    const signIn = await fetch(`${test.address}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: test.password }),
    });
    expect([signIn.status, await codeOf(signIn)]).toEqual([503, 'database-away']);
    await expect(RawClient.connect(test.address, `pic_PBAP_${'x'.repeat(43)}`)).rejects.toThrow('503');

    const body = {
      commandId: collect.body.commandId,
      epoch: collect.body.epoch,
      sequence: 1,
      problems: [problem('ORDER-1')],
    };
    const id = client.say('problems', body);
    const error = await client.get('error', (message) => message.body.re === id);
    expect(error.body).toMatchObject({ code: 'database-away', retryable: true });
    expect(client.socket.readyState).toBe(WebSocket.OPEN);

    proxy.mend();
    await vi.waitFor(
      async () => expect((await fetch(`${test.address}${API_PREFIX}/ready`)).status).toBe(200),
      PATIENCE,
    );
    await vi.waitFor(async () => {
      const again = client.say('problems', body);
      await Promise.race([
        client.acknowledged(again),
        client
          .get('error', (message) => message.body.re === again)
          .then(() => Promise.reject(new Error('refused'))),
      ]);
    }, PATIENCE);
    expect((await test.api.listProblems()).items).toMatchObject([{ businessKey: 'ORDER-1', seenCount: 1 }]);
    // What was logged while the database was away is written afterwards.
    await vi.waitFor(async () => {
      const { items } = await test.api.listMessages({ query: { type: ['problems'], state: ['refused'] } });
      expect(items).toMatchObject([{ errorCode: 'database-away' }]);
    }, PATIENCE);
    await client.close();
  });
});

describe('at the start', () => {
  it('listens, says so, and works as soon as the database comes', async () => {
    const database = await createTestDatabase();
    const proxy = await startProxy(database.url);
    proxy.cut();
    const config = {
      ...loadConfig({ PICULUS_SECRET: randomBytes(32).toString('base64') }),
      databaseUrl: proxy.url,
      port: 0,
    };
    const server = await createServer(config, { log });
    await server.start();
    const ready = await fetch(`${server.address}${API_PREFIX}/ready`);
    expect([ready.status, await codeOf(ready)]).toEqual([503, 'database-away']);
    expect((await fetch(`${server.address}${API_PREFIX}/systems`)).status).toBe(503);
    proxy.mend();
    await server.ready();
    expect(server.firstPassword).toMatch(/^.{20,}$/);
    expect((await fetch(`${server.address}${API_PREFIX}/ready`)).status).toBe(200);
    await server.stop();
    proxy.close();
    await database.drop();
  });

  it('can be stopped while it waits, twice, and refuses to be ready then', async () => {
    const proxy = await startProxy('postgres://nobody@127.0.0.1:1/none');
    proxy.cut();
    const config = {
      ...loadConfig({ PICULUS_SECRET: randomBytes(32).toString('base64') }),
      databaseUrl: proxy.url,
      port: 0,
    };
    const server = await createServer(config, { log });
    const started = server.start();
    await Promise.all([server.stop(), server.stop()]);
    await started.catch(() => {});
    await expect(server.ready()).rejects.toBeInstanceOf(Error);
    await server.stop();
    proxy.close();
  });

  it('refuses a database that another build has made, and says it cannot go on', async () => {
    const test = await startTestServer();
    const { databaseUrl } = test.config;
    await test.server.stop();
    const pg = (await import('pg')).default;
    const database = new pg.Client({ connectionString: databaseUrl ?? '' });
    await database.connect();
    await database.query("INSERT INTO piculus.migrations (name, checksum) VALUES ('9999_future.sql', 'x')");
    await database.end();
    const server = await createServer({ ...test.config }, { log });
    await server.start();
    await expect(server.ready()).rejects.toMatchObject({ code: 'wrong-state' });
    expect((await server.failed).message).toContain('9999_future.sql');
    await server.stop();
    await test.stop();
  });

  it('tells of a taken port in words', async () => {
    const test = await startTestServer();
    const port = Number(new URL(test.address).port);
    const server = await createServer({ ...test.config, port }, { log });
    await expect(server.start()).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining(String(port)),
    });
    await server.stop();
    await test.stop();
  });
});
