import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { anyFreePort } from '../../../../examples/pbap/src/demo/ports.ts';
import { createPerson } from '../../../../test/support/people.ts';
import { loadConfig } from '../../src/config.ts';
import { startTestServer, type TestServer } from '../server/support.ts';
import { Browser, CLIENT_ID, CLIENT_SECRET, startProvider, type TestProvider } from './provider.ts';

let provider: TestProvider;
let test: TestServer;
let pool: pg.Pool;
let home: string;

const START = '/api/auth/single-sign-on';
const isCallback = (url: string): boolean => url.includes('/api/auth/callback/');

async function start(change: { issuer?: string; createRole?: string | null; port?: number } = {}) {
  const port = change.port ?? (await anyFreePort());
  const { issuer = provider.issuer, createRole = null } = change;
  return startTestServer({
    host: '127.0.0.1',
    port,
    publicUrl: `http://127.0.0.1:${port}`,
    signOn: { issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, label: 'Company', createRole },
  });
}

beforeAll(async () => {
  const port = await anyFreePort();
  home = `http://127.0.0.1:${port}`;
  provider = await startProvider(home);
  test = await start({ port });
  pool = new pg.Pool({ connectionString: test.config.databaseUrl ?? '', max: 2 });
  for (const username of ['alpha', 'beta', 'gamma'])
    await createPerson(test.api, test.address, { username, password: 'correct horse battery' });
});
afterAll(async () => {
  await pool.end();
  await test.stop();
  await provider.stop();
});

async function me(browser: Browser, address = home): Promise<unknown> {
  const { response } = await browser.go(`${address}/api/v1/me`);
  return response.json();
}

async function lastAct(): Promise<unknown> {
  const found = await pool.query(
    "SELECT actor, act, detail->>'failure' AS failure FROM piculus.audit WHERE act LIKE 'sign-in%' ORDER BY id DESC LIMIT 1",
  );
  return found.rows[0];
}

describe('single sign-on', () => {
  beforeEach(() => {
    provider.person = { sub: 'id-alpha', preferred_username: 'Alpha', name: 'Somebody' };
  });

  it('is offered by its name', async () => {
    expect(await test.api.getSignInOptions()).toEqual({ singleSignOn: { label: 'Company' } });
  });

  it('asks with PKCE, state and nonce, and lets in whom the provider knows by the same name', async () => {
    const browser = new Browser();
    const first = await browser.go(`${home}${START}`);
    const query = new URL(first.location).searchParams;
    expect(first.location.startsWith(provider.issuer)).toBe(true);
    expect(query.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(query.get(name)?.length).toBeGreaterThan(20);
    expect(await browser.follow(first.location)).toBe(`${home}/`);
    expect(await me(browser)).toMatchObject({ username: 'alpha' });
    expect(await lastAct()).toEqual({ actor: 'alpha', act: 'sign-in', failure: null });
    const kept = await pool.query("SELECT * FROM piculus.accounts WHERE provider_id = 'oidc'");
    expect(kept.rows).toMatchObject([{ access_token: null, refresh_token: null, id_token: null }]);
    // And again, now that they are bound.
    const second = new Browser();
    expect(await second.follow(`${home}${START}`)).toBe(`${home}/`);
    expect(await me(second)).toMatchObject({ username: 'alpha' });
  });

  it('does not let in who is not known here', async () => {
    provider.person = { sub: 'id-stranger', preferred_username: 'stranger' };
    const browser = new Browser();
    expect(await browser.follow(`${home}${START}`)).toBe(`${home}/?sign-in=unknown-user`);
    expect(await me(browser)).toMatchObject({ code: 'not-signed-in' });
    expect(await lastAct()).toEqual({ actor: 'unknown', act: 'sign-in-refused', failure: 'unknown-user' });
    const users = await pool.query("SELECT 1 FROM piculus.users WHERE username = 'stranger'");
    expect(users.rowCount).toBe(0);
  });

  it.each([[undefined], ['x'], ['../admin'], ['admin@local'], ['名字']])(
    'takes %s for no name',
    async (name) => {
      provider.person = { sub: 'id-odd', ...(name === undefined ? {} : { preferred_username: name }) };
      expect(await new Browser().follow(`${home}${START}`)).toBe(`${home}/?sign-in=unknown-user`);
    },
  );

  it('does not let in who is disabled', async () => {
    await pool.query("UPDATE piculus.users SET banned = true WHERE username = 'beta'");
    provider.person = { sub: 'id-beta', preferred_username: 'beta' };
    const browser = new Browser();
    expect(await browser.follow(`${home}${START}`)).toBe(`${home}/?sign-in=disabled-user`);
    expect(await me(browser)).toMatchObject({ code: 'not-signed-in' });
    expect(await lastAct()).toEqual({ actor: 'beta', act: 'sign-in-refused', failure: 'disabled-user' });
  });

  it('does not let in somebody else who got the name later, nor one identity as two people', async () => {
    provider.person = { sub: 'id-gamma', preferred_username: 'gamma' };
    expect(await new Browser().follow(`${home}${START}`)).toBe(`${home}/`);
    for (const person of [
      { sub: 'id-newcomer', preferred_username: 'gamma' },
      { sub: 'id-gamma', preferred_username: 'admin' },
    ]) {
      provider.person = person;
      expect(await new Browser().follow(`${home}${START}`)).toBe(`${home}/?sign-in=other-identity`);
    }
  });

  it('takes an answer only from the browser that asked, and once', async () => {
    const browser = new Browser();
    const callback = await browser.follow(`${home}${START}`, isCallback);
    // Another browser has no part in it.
    expect(await new Browser().follow(callback)).toBe(`${home}/?sign-in=refused`);
    const wrong = new URL(callback);
    wrong.searchParams.set('state', 'x'.repeat(32));
    expect(await browser.follow(wrong.href)).toBe(`${home}/?sign-in=refused`);
    const none = new URL(callback);
    none.searchParams.delete('state');
    expect(await browser.follow(none.href)).toBe(`${home}/?sign-in=refused`);
    expect(await me(browser)).toMatchObject({ code: 'not-signed-in' });

    const good = new Browser();
    const fresh = await good.follow(`${home}${START}`, isCallback);
    const before = new Map(good.cookies(home));
    expect(await good.follow(fresh)).toBe(`${home}/`);
    // The same answer again, with the cookies of then.
    const again = new Browser();
    for (const [name, value] of before) again.cookies(home).set(name, value);
    expect(await again.follow(fresh)).toBe(`${home}/?sign-in=refused`);
    expect(await me(again)).toMatchObject({ code: 'not-signed-in' });
  });

  it('takes an issuer in the answer only if it is the one that was asked', async () => {
    const browser = new Browser();
    const callback = new URL(await browser.follow(`${home}${START}`, isCallback));
    callback.searchParams.set('iss', 'https://other.example');
    expect(await browser.follow(callback.href)).toBe(`${home}/?sign-in=refused`);
  });

  it('sends nobody elsewhere, whatever the address says', async () => {
    const evil = 'https://evil.example/';
    const query = new URLSearchParams({
      callbackURL: evil,
      errorCallbackURL: evil,
      redirect_uri: evil,
      to: evil,
    });
    const browser = new Browser();
    expect(await browser.follow(`${home}${START}?${query}`)).toBe(`${home}/`);
    const refused = await new Browser().go(`${home}/api/auth/callback/oidc?error=x&state=y&${query}`);
    expect(refused.location).toBe(`${home}/?sign-in=refused`);
  });

  it('serves nothing else of the library', async () => {
    for (const path of [
      '/sign-in/social',
      '/link-social',
      '/callback/github',
      '/error',
      '/oauth2/callback/oidc',
    ]) {
      for (const method of ['GET', 'POST']) {
        const body =
          method === 'POST'
            ? { body: JSON.stringify({ provider: 'oidc', callbackURL: 'https://x.example' }) }
            : {};
        const response = await fetch(`${home}/api/auth${path}`, {
          method,
          headers: { 'content-type': 'application/json' },
          ...body,
        });
        expect([method, path, response.status]).toEqual([method, path, 404]);
        await response.arrayBuffer();
      }
    }
  });
});

it('makes users of a role where that is configured, without a password to change', async () => {
  const port = await anyFreePort();
  const address = `http://127.0.0.1:${port}`;
  const other = await startProvider(address);
  other.person = { sub: 'id-new', preferred_username: 'newcomer', name: 'New Comer' };
  const server = await start({ port, issuer: other.issuer, createRole: 'viewer' });
  const browser = new Browser();
  expect(await browser.follow(`${address}${START}`)).toBe(`${address}/`);
  const who = await me(browser, address);
  expect(who).toMatchObject({
    username: 'newcomer',
    name: 'New Comer',
    access: { view: 'all', execute: [] },
  });
  await server.stop();
  await other.stop();
});

describe('a provider that is not what it should be', () => {
  it.each(['away', 'another issuer', 'no JSON'])('lets nobody in: %s', async (kind) => {
    const fake = await fakeProvider(kind);
    const server = await start({ issuer: fake.issuer });
    const address = server.config.publicUrl ?? '';
    expect(await new Browser().follow(`${address}${START}`)).toBe(`${address}/?sign-in=provider-away`);
    // Passwords go on.
    expect(await server.api.getMe()).toMatchObject({ username: 'admin' });
    await server.stop();
    await fake.stop();
  });

  it('lets nobody in by a token for somebody else, or signed by another key', async () => {
    // The one that is as it should be shows that the others are refused for what they lack.
    for (const spoil of ['nothing', 'issuer', 'audience', 'key', 'nonce', 'expiry'] as const) {
      const port = await anyFreePort();
      const address = `http://127.0.0.1:${port}`;
      const fake = await forger(address, spoil);
      const server = await start({ issuer: fake.issuer, port });
      await createPerson(server.api, server.address, {
        username: 'victim',
        password: 'correct horse battery',
      });
      const browser = new Browser();
      expect(await browser.follow(`${address}${START}`)).toBe(
        `${address}/${spoil === 'nothing' ? '' : '?sign-in=not-verified'}`,
      );
      expect(await me(browser, address)).toMatchObject(
        spoil === 'nothing' ? { username: 'victim' } : { code: 'not-signed-in' },
      );
      await server.stop();
      await fake.stop();
    }
  });
});

describe('the configuration of single sign-on', () => {
  const GOOD = {
    PICULUS_OIDC_ISSUER: 'https://sso.example',
    PICULUS_OIDC_CLIENT_ID: 'piculus',
    PICULUS_OIDC_CLIENT_SECRET: 'x',
    PICULUS_PUBLIC_URL: 'https://piculus.example',
  };

  it('is read', () => {
    expect(loadConfig(GOOD).signOn).toMatchObject({ issuer: 'https://sso.example', createRole: null });
  });

  it.each([
    ['PICULUS_OIDC_ISSUER', undefined],
    ['PICULUS_OIDC_ISSUER', 'http://sso.example'],
    ['PICULUS_OIDC_ISSUER', 'sso.example'],
    ['PICULUS_OIDC_CLIENT_ID', undefined],
    ['PICULUS_OIDC_CLIENT_SECRET', undefined],
    ['PICULUS_OIDC_CLIENT_SECRET_FILE', '/nowhere/at/all'],
    ['PICULUS_PUBLIC_URL', undefined],
  ])('is refused by the name of what is wrong: %s=%s', (name, value) => {
    expect(() => loadConfig({ ...GOOD, [name]: value })).toThrow(name);
  });
});

interface Fake {
  readonly issuer: string;
  stop(): Promise<void>;
}

async function listen(server: Server): Promise<Fake> {
  const port = await anyFreePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function fakeProvider(kind: string): Promise<Fake> {
  if (kind === 'away') return { issuer: `http://127.0.0.1:${await anyFreePort()}`, stop: async () => {} };
  return listen(
    createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(kind === 'no JSON' ? '<html>' : JSON.stringify({ issuer: 'https://other.example' }));
    }),
  );
}

/** Does all that a provider does, but for one thing in its token. */
async function forger(
  publicUrl: string,
  spoil: 'nothing' | 'issuer' | 'audience' | 'key' | 'nonce' | 'expiry',
): Promise<Fake> {
  const [shown, hidden] = [keyPair(), keyPair()];
  const jwk = { ...shown.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' };
  let nonce = '';
  const answer = (url: URL, issuer: string): { location?: string; body?: object } => {
    if (url.pathname === '/.well-known/openid-configuration')
      return {
        body: {
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          userinfo_endpoint: `${issuer}/me`,
          jwks_uri: `${issuer}/keys`,
          id_token_signing_alg_values_supported: ['RS256'],
        },
      };
    if (url.pathname === '/keys') return { body: { keys: [jwk] } };
    const claims = { sub: 'id-victim', preferred_username: 'victim', email: 'victim@x.example' };
    if (url.pathname === '/me') return { body: claims };
    if (url.pathname === '/auth') {
      nonce = url.searchParams.get('nonce') ?? '';
      const query = new URLSearchParams({ code: 'c', state: url.searchParams.get('state') ?? '' });
      return { location: `${publicUrl}/api/auth/callback/oidc?${query}` };
    }
    const now = Math.floor(Date.now() / 1_000);
    const token = signed(spoil === 'key' ? hidden.privateKey : shown.privateKey, {
      ...claims,
      nonce: spoil === 'nonce' ? 'another' : nonce,
      iss: spoil === 'issuer' ? 'https://other.example' : issuer,
      aud: spoil === 'audience' ? 'another client' : CLIENT_ID,
      iat: now - 600,
      exp: spoil === 'expiry' ? now - 300 : now + 300,
    });
    return { body: { access_token: 'a', token_type: 'Bearer', expires_in: 60, id_token: token } };
  };
  const fake: Fake = await listen(
    createServer((request, response) => {
      const issuer = fake.issuer;
      const { location, body } = answer(new URL(request.url ?? '/', issuer), issuer);
      if (location !== undefined) response.writeHead(302, { location }).end();
      else response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    }),
  );
  return fake;
}

const keyPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });

/** A token of the provider's kind, by hand. */
function signed(key: KeyObject, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: 'one' })}.${part(claims)}`;
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}
