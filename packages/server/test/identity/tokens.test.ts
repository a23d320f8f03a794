import { randomBytes } from 'node:crypto';
import { TOKEN_VERBS } from '@piculus/protocol';
import { API_PREFIX, type ApiClient, createApiClient, ROUTES, type RouteName } from '@piculus/protocol/http';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf } from '../../../../test/security/answers.ts';
import { createPerson } from '../../../../test/support/people.ts';
import { looksLikeToken, makeToken } from '../../src/identity/token-rules.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { openPool } from '../../src/store/pool.ts';
import { startTestServer, type TestServer } from '../server/support.ts';

const PASSWORD = 'long enough for anybody';
let test: TestServer;
let db: Database;
const clientOf = (token: string): ApiClient => createApiClient({ baseUrl: test.address, token });

beforeAll(async () => {
  test = await startTestServer();
  db = openDatabase(openPool({ url: test.config.databaseUrl ?? '', connectionsMax: 2 }));
  for (const sysCode of ['A', 'B']) await test.api.createSystem({ body: { sysCode, name: sysCode } });
});
afterAll(async () => {
  await db.destroy();
  await test.stop();
});

let people = 0;
async function person(grants: readonly { role: string; sysCode: string | null }[]) {
  people += 1;
  const username = `owner${people}`;
  const { user, token } = await createPerson(test.api, test.address, {
    username,
    password: PASSWORD,
    grants,
  });
  return { user, api: clientOf(token), session: token };
}
const operatorOfA = () => person([{ role: 'operator', sysCode: 'A' }]);
const codes = async (api: ApiClient): Promise<string[]> =>
  (await api.listSystems()).items.map(({ sysCode }) => sysCode);

describe('the form of a token', () => {
  it('has a prefix, no sign that a word would break at, and a sum that mistakes do not fit', () => {
    for (let round = 0; round < 200; round += 1) {
      const { token, prefix } = makeToken(randomBytes);
      expect(token).toMatch(/^pic_[0-9A-Za-z]{49}$/);
      expect(token.startsWith(prefix)).toBe(true);
      expect(looksLikeToken(token)).toBe(true);
      const at = 4 + (round % 49);
      const other = token[at] === 'x' ? 'y' : 'x';
      for (const wrong of [
        `${token.slice(0, at)}${other}${token.slice(at + 1)}`,
        token.slice(0, -1),
        `${token}0`,
        token.toUpperCase(),
        token.replace('pic_', 'pic-'),
      ])
        expect([wrong, looksLikeToken(wrong)]).toEqual([wrong, false]);
    }
  });

  it('is not that of a key of a system', async () => {
    const { key } = await test.api.createSystemKey({ params: { sysCode: 'A' } });
    expect(looksLikeToken(key)).toBe(false);
    expect(await codeOf(clientOf(key).getMe())).toBe('not-signed-in');
  });
});

describe('a token', () => {
  it('is shown once, acts in the name of its owner, and is named by what it did', async () => {
    const { user, api } = await operatorOfA();
    const { token, info } = await api.createToken({
      body: { name: 'nightly', verbs: ['view', 'execute'], sysCodes: ['A'], days: 7 },
    });
    expect(info).toMatchObject({ owner: user.username, name: 'nightly', lastUsedAt: null, revokedAt: null });
    expect(token.startsWith(info.prefix)).toBe(true);
    const program = clientOf(token);
    const me = await program.getMe();
    expect([me.username, me.access]).toEqual([
      user.username,
      { view: ['A'], collect: [], execute: ['A'], approve: [], configure: [], administer: [] },
    ]);
    expect(await codes(program)).toEqual(['A']);
    expect(await codeOf(program.startCollection({ body: { sysCodes: ['A'] } }))).toBe('not-allowed');
    const { items } = await api.listTokens();
    expect(items[0]).toMatchObject({ id: info.id, lastUsedAt: expect.any(String) });
    expect(JSON.stringify(items)).not.toContain(token);
    const { items: acts } = await test.api.listAudit({ query: { limit: 20 } });
    expect(acts.find(({ act }) => act === 'token-created')).toMatchObject({ actor: user.username });
    expect(acts.find(({ act }) => act === 'refused')).toMatchObject({
      actor: user.username,
      via: 'token',
      detail: { token: info.id },
    });
    await expectNowhere(token);
  });

  it('reaches nothing that gives out rights, approves or is for persons, whoever its owner is', async () => {
    const { token, info } = await test.api.createToken({
      body: { name: 'everything', verbs: [...TOKEN_VERBS] },
    });
    const guarded = (Object.keys(ROUTES) as RouteName[]).filter((name) => {
      const { access } = ROUTES[name];
      return (
        access.where === 'in-person' ||
        ('verb' in access && (access.verb === 'administer' || access.verb === 'approve'))
      );
    });
    expect(guarded).toEqual(
      expect.arrayContaining(['createToken', 'createUser', 'addServerKey', 'revealProblem']),
    );
    for (const name of guarded) {
      const { method, path } = ROUTES[name];
      const response = await fetch(`${test.address}${API_PREFIX}${path.replaceAll(/:\w+/g, info.id)}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
      });
      const { code } = JSON.parse(await response.text());
      expect([name, response.status, code]).toEqual([name, 403, 'not-allowed']);
    }
    // Nor the sign-in library's own paths.
    const response = await fetch(`${test.address}/api/auth/get-session`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await response.text()).toBe('null');
  });

  it('cannot be made for more than its owner may do, nor without a fresh sign-in', async () => {
    const { user, api } = await operatorOfA();
    const body = { name: 'x', verbs: ['view' as const] };
    expect(await codeOf(api.createToken({ body: { ...body, verbs: ['configure'] } }))).toBe('invalid-field');
    expect(await codeOf(api.createToken({ body: { ...body, sysCodes: ['A', 'B'] } }))).toBe('invalid-field');
    expect(await codeOf(api.createToken({ body: { ...body, days: 366 } }))).toBe('invalid-field');
    await sql`UPDATE piculus.sessions SET authenticated_at = now() - interval '11 minutes'
      WHERE user_id = ${user.id}`.execute(db);
    expect(await codeOf(api.createToken({ body }))).toBe('reauthentication-required');
    await api.confirmIdentity({ body: { password: PASSWORD } });
    await api.createToken({ body });
  });

  it('loses what its owner loses, at once, and ends with them', async () => {
    const { user, api } = await person([{ role: 'operator', sysCode: null }]);
    const { token } = await api.createToken({ body: { name: 'wide', verbs: ['view', 'collect'] } });
    const program = clientOf(token);
    expect(await codes(program)).toEqual(['A', 'B']);
    const narrow = [{ role: 'viewer', sysCode: 'B' }];
    await test.api.setUserGrants({
      params: { id: user.id },
      body: { before: [{ role: 'operator', sysCode: null }], grants: narrow },
    });
    expect(await codes(program)).toEqual(['B']);
    expect((await program.getMe()).access).toMatchObject({ collect: [], view: ['B'] });
    await test.api.setUserEnabled({ params: { id: user.id }, body: { enabled: false } });
    expect(await codeOf(program.getMe())).toBe('not-signed-in');
    await test.api.setUserEnabled({ params: { id: user.id }, body: { enabled: true } });
    expect(await codeOf(program.getMe())).toBe('not-signed-in');
  });

  it('ends when it is revoked by its owner or an administrator, and by nobody else', async () => {
    const { api } = await operatorOfA();
    const other = await operatorOfA();
    const body = { name: 'x', verbs: ['view' as const] };
    const [first, second] = [await api.createToken({ body }), await api.createToken({ body })];
    expect(await codeOf(other.api.revokeToken({ params: { id: first.info.id } }))).toBe('not-found');
    expect(await codeOf(other.api.listTokens({ query: { everybody: true } }))).toBe('not-allowed');
    expect((await other.api.listTokens()).items).toEqual([]);
    await api.revokeToken({ params: { id: first.info.id } });
    await api.revokeToken({ params: { id: first.info.id } });
    await test.api.revokeToken({ params: { id: second.info.id } });
    for (const { token } of [first, second])
      expect(await codeOf(clientOf(token).getMe())).toBe('not-signed-in');
    const { items } = await test.api.listTokens({ query: { everybody: true } });
    expect(items.filter(({ id }) => [first, second].some(({ info }) => info.id === id))).toHaveLength(2);
  });

  it('ends with its time', async () => {
    const { api } = await operatorOfA();
    const { token, info } = await api.createToken({ body: { name: 'x', verbs: ['view'], days: 1 } });
    await sql`UPDATE piculus.api_tokens SET created_at = created_at - interval '1 day',
      expires_at = expires_at - interval '1 day' WHERE id = ${info.id}`.execute(db);
    expect(await codeOf(clientOf(token).getMe())).toBe('not-signed-in');
  });

  it('gets no answer that its owner was given, by a key that it repeats', async () => {
    const { session, api } = await person([{ role: 'administrator', sysCode: null }]);
    const { token } = await api.createToken({
      body: { name: 'x', verbs: ['view', 'collect'], sysCodes: ['A'] },
    });
    const start = (bearer: string) =>
      fetch(`${test.address}${API_PREFIX}/collections`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${bearer}`,
          'content-type': 'application/json',
          'idempotency-key': 'one-key-for-both',
        },
        body: JSON.stringify({ sysCodes: ['B'] }),
      });
    const owners = await start(session);
    await owners.arrayBuffer();
    expect(owners.status).toBeLessThan(300);
    const tokens = await start(token);
    expect([tokens.status, await tokens.json()]).toMatchObject([422, { code: 'invalid-field' }]);
  });

  it('is shown again to its maker who repeats the request, and kept sealed', async () => {
    const { session } = await operatorOfA();
    const make = async (): Promise<unknown> => {
      const response = await fetch(`${test.address}${API_PREFIX}/tokens`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${session}`,
          'content-type': 'application/json',
          'idempotency-key': 'made-once',
        },
        body: JSON.stringify({ name: 'x', verbs: ['view'] }),
      });
      return response.json();
    };
    const first = await make();
    expect(first).toMatchObject({ token: expect.stringMatching(/^pic_/) });
    expect(await make()).toEqual(first);
    if (typeof first === 'object' && first !== null && 'token' in first)
      await expectNowhere(String(first.token));
  });

  it('comes at most fifty times for one person', async () => {
    const { api } = await operatorOfA();
    const body = { name: 'x', verbs: ['view' as const] };
    const made = await Promise.all(Array.from({ length: 55 }, () => codeOf(api.createToken({ body }))));
    expect(made.filter((code) => code === null)).toHaveLength(50);
    expect(made.filter((code) => code === 'wrong-state')).toHaveLength(5);
  }, 30_000);
});

/** Looks at every row of every table. */
async function expectNowhere(secret: string): Promise<void> {
  const { rows: tables } = await sql<{ name: string }>`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'piculus'`.execute(
    db,
  );
  expect(tables.length).toBeGreaterThan(10);
  for (const { name } of tables) {
    const { rows } = await sql<{ found: boolean }>`
      SELECT EXISTS (SELECT FROM ${sql.raw(name)} t WHERE position(${secret} in t::text) > 0) AS found`.execute(
      db,
    );
    expect([name, rows[0]?.found]).toEqual([name, false]);
  }
}
