/** Acts and the chain over HTTP, on a real server. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyAudit } from '../../src/admin.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openPool } from '../../src/store/pool.ts';
import { createApiClient } from '@piculus/protocol/http';
import { createPerson } from '../../../../test/support/people.ts';
import { signIn, startTestServer, type TestServer } from '../server/support.ts';

let test: TestServer;
const db = () => openDatabase(openPool({ url: test.config.databaseUrl ?? '', connectionsMax: 1 }));
beforeAll(async () => {
  test = await startTestServer();
  await test.api.createSystem({
    body: {
      sysCode: 'PBAP',
      name: 'x',
      collectCron: null,
      collectTimeZone: 'UTC',
      collectWindowMs: 86_400_000,
    },
  });
});
afterAll(() => test.stop());

it('keeps sign-ins, good and bad, and never a name that nobody has', async () => {
  await expect(signIn(test.address, 'admin', 'wrong-password-1')).rejects.toThrow('401');
  await expect(signIn(test.address, 'My-Secret-Password', 'x'.repeat(12))).rejects.toThrow('401');
  const { items } = await test.api.listAudit({ query: { act: ['sign-in', 'sign-in-refused'] } });
  expect(items.map(({ act, actor, via }) => [act, actor, via])).toEqual([
    ['sign-in-refused', 'unknown', null],
    ['sign-in-refused', 'admin', 'session'],
    ['sign-in', 'admin', 'session'],
  ]);
  for (const item of items) expect(item.from).toBe('127.0.0.1');
  expect(JSON.stringify(items)).not.toMatch(/secret/i);
});

it('tells of each act by what, from where and in which request, and filters and pages', async () => {
  const all = await test.api.listAudit({ query: { sysCode: 'PBAP' } });
  expect(all.items.map(({ act }) => act)).toEqual(['create-key', 'create-system']);
  const [first, second] = all.items;
  expect(first).toMatchObject({ actor: 'admin', via: 'session', from: '127.0.0.1' });
  expect(first?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(second?.requestId).toBe(first?.requestId);
  const page = await test.api.listAudit({ query: { sysCode: 'PBAP', limit: 1 } });
  const rest = await test.api.listAudit({ query: { sysCode: 'PBAP', limit: 1, after: page.next ?? '' } });
  expect([...page.items, ...rest.items].map(({ id }) => id)).toEqual(all.items.map(({ id }) => id));
  for (const query of [
    { actor: 'nobody' },
    { address: '192.0.2.1' },
    { target: 'nothing' },
    { via: ['token' as const] },
    { requestId: 'x' },
    { problemId: '9' },
    { to: '2020-01-01T00:00:00.000Z' },
  ])
    expect((await test.api.listAudit({ query: { sysCode: 'PBAP', ...query } })).items).toEqual([]);
  const policy = await test.api.listAudit({ query: { actor: 'policy:first-start' } });
  expect(policy.items.map(({ via, from }) => [via, from])).toEqual([['policy', null]]);
});

it('tells what was there before a change, and after', async () => {
  await test.api.changeSystem({ params: { sysCode: 'PBAP' }, body: { name: 'y' } });
  const [act] = (await test.api.listAudit({ query: { act: ['change-system'] } })).items;
  expect(act).toMatchObject({ before: { name: 'x', enabled: true }, after: { name: 'y' } });
});

it('keeps what was refused, and not so much of it that it fills the audit', async () => {
  const person = { username: 'stranger', password: 'long-enough-for-this', grants: [] };
  const { token } = await createPerson(test.api, test.address, person);
  const stranger = createApiClient({ baseUrl: test.address, token });
  for (let time = 0; time < 30; time += 1)
    await expect(stranger.listUsers({})).rejects.toMatchObject({ code: 'not-allowed' });
  const { items } = await test.api.listAudit({ query: { actor: 'stranger', act: ['refused'] } });
  expect(items).toHaveLength(20);
  expect(items[0]).toMatchObject({
    via: 'session',
    from: '127.0.0.1',
    detail: { method: 'GET', path: '/api/v1/users' },
  });
});

it('verifies the chain, names the first bad row, and keeps who looked and what was found', async () => {
  const own = db();
  try {
    const created = async () => (await test.api.listAudit({ query: { act: ['create-system'] } })).items[0];
    while (((await created())?.block ?? null) === null) await sql`SELECT 1`.execute(own);
    const good = await test.api.verifyAudit({ body: {} });
    expect(good).toMatchObject({ ok: true, faults: [], more: false });
    expect(good.rows).toBeGreaterThan(2);
    const status = await test.api.getAuditChain({});
    expect(status.lastVerification).toMatchObject({ ok: true, actor: 'admin', rows: good.rows });
    expect(status.exportedTo).toEqual({ file: false, receiver: false });
    const row = await created();
    await sql`UPDATE piculus.audit SET actor = 'somebody else' WHERE id = ${row?.id}`.execute(own);
    const bad = await test.api.verifyAudit({ body: {} });
    expect(bad.ok).toBe(false);
    expect(bad.faults).toEqual([{ kind: 'row-changed', source: 'audit', id: row?.id, block: row?.block }]);
    // Straight on the database it is the same.
    expect(await verifyAudit(test.config, { checkpoints: null, keys: [] })).toMatchObject({
      faults: bad.faults,
    });
  } finally {
    await own.destroy();
  }
});
