import { PiculusError } from '@piculus/protocol';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openTestDatabase, type OpenTestDatabase } from '../../../../test/support/database.ts';
import { systemClock } from '../../src/base/clock.ts';
import { contextOf } from '../../src/base/context.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createIdempotency, type Idempotency, type IdempotentRequest } from '../../src/http/idempotency.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openPool } from '../../src/store/pool.ts';
import { type DatabaseProxy, startProxy } from '../server/proxy.ts';

const PATIENCE = { timeout: 40_000, interval: 100 };
const REQUEST: IdempotentRequest = {
  actor: 'operator',
  key: 'click-1',
  method: 'POST',
  url: '/api/v1/problems/run',
  body: { ids: ['1'] },
  requestId: 'r1',
  status: 200,
  secret: false,
};

let database: OpenTestDatabase;
let proxy: DatabaseProxy;
let idempotency: Idempotency;
let close: () => Promise<void>;
beforeAll(async () => {
  database = await openTestDatabase();
  proxy = await startProxy(database.url);
  const db = openDatabase(openPool({ url: proxy.url, connectionsMax: 2, connectTimeoutMs: 2_000 }));
  const context = contextOf({
    db,
    clock: systemClock,
    log: createLogger('silent'),
    nodeId: 'node-1',
    events: { publish: () => {} },
    wake: { notify: () => {}, wait: async () => {} },
  });
  idempotency = createIdempotency(context, 'x'.repeat(32));
  close = () => db.destroy();
});
afterAll(async () => {
  idempotency.close();
  await close();
  proxy.close();
  await database.drop();
});

it('runs a repeat soon after the database went away in the middle of the request', async () => {
  const first = idempotency.once(REQUEST, async () => {
    proxy.cut();
    throw new PiculusError('database-away');
  });
  await expect(first).rejects.toThrow(PiculusError);
  proxy.mend();
  const answer = await vi.waitFor(() => idempotency.once(REQUEST, async () => ({ accepted: 1 })), PATIENCE);
  expect(answer).toEqual({ status: 200, body: { accepted: 1 }, replayed: false });
  const again = await idempotency.once(REQUEST, async () => ({ accepted: 2 }));
  expect(again).toEqual({ status: 200, body: { accepted: 1 }, replayed: true });
});

it('frees no key that another node has taken over', async () => {
  const request = { ...REQUEST, key: 'click-2' };
  const first = idempotency.once(request, async () => {
    await database.pool.query(`UPDATE piculus.idempotency_keys SET node_id = 'node-2' WHERE key = 'click-2'`);
    throw new PiculusError('busy');
  });
  await expect(first).rejects.toThrow(PiculusError);
  await expect(idempotency.once(request, async () => null)).rejects.toMatchObject({
    code: 'idempotency-key-running',
  });
});

it('leaves the answer alone that another node gave after taking the key over', async () => {
  const request = { ...REQUEST, key: 'click-3' };
  const answerElsewhere = `UPDATE piculus.idempotency_keys SET node_id = 'node-2', status = 200, body = '{"by": 2}' WHERE key = 'click-3'`;
  const first = idempotency.once(request, async () => {
    await database.pool.query(answerElsewhere);
    // What it finds done already, because the other node did it.
    throw new PiculusError('wrong-state');
  });
  await expect(first).rejects.toMatchObject({ code: 'wrong-state' });
  const again = await idempotency.once(request, async () => null);
  expect(again).toEqual({ status: 200, body: { by: 2 }, replayed: true });
});

it('records the answer of a change once the database is back, so that a later repeat is not run', async () => {
  const request = { ...REQUEST, key: 'click-4' };
  const first = await idempotency.once(request, async () => {
    proxy.cut();
    return { accepted: 1 };
  });
  expect(first.replayed).toBe(false);
  proxy.mend();
  const again = await vi.waitFor(() => idempotency.once(request, async () => ({ accepted: 2 })), PATIENCE);
  expect(again).toEqual({ status: 200, body: { accepted: 1 }, replayed: true });
});
