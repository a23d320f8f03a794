/**
 * Every route that changes something, by cookie, from pages of every kind: only a page of this very server gets
 * through. And the cookie itself.
 */
import { API_PREFIX, ROUTES } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTE_NAMES } from '../../packages/server/src/http/api-routes.ts';
import { AUTH_PATHS, AUTH_PREFIX } from '../../packages/server/src/identity/auth.ts';
import { startTestServer, type TestServer } from '../../packages/server/test/server/support.ts';

let test: TestServer;
let set = '';
let cookie = '';

beforeAll(async () => {
  test = await startTestServer();
  [set = ''] = await cookiesOf(test);
  cookie = set.split(';', 1)[0] ?? '';
});
afterAll(() => test.stop());

/** What the sign-in sets. */
async function cookiesOf({ address, password }: TestServer, headers: object = {}): Promise<string[]> {
  const response = await fetch(`${address}/api/auth/sign-in/username`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ username: 'admin', password }),
  });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  return response.headers.getSetCookie();
}

const CHANGES = [
  ...ROUTE_NAMES.filter((name) => ROUTES[name].method !== 'GET').map((name): [string, string] => {
    const { method, path } = ROUTES[name];
    return [method, `${API_PREFIX}${path.replaceAll(/:\w+/g, '1')}`];
  }),
  ...[...AUTH_PATHS].map((path): [string, string] => ['POST', `${AUTH_PREFIX}${path}`]),
];

type Headers = Readonly<Record<string, string>>;
const FORGED: [string, (address: string) => Headers][] = [
  ['a foreign page', () => ({ origin: 'https://evil.example' })],
  ['a page whose origin is hidden', () => ({ origin: 'null' })],
  ['a page of another port', (address) => ({ origin: address.replace(/\d+$/, '1') })],
  ['a page of another scheme', (address) => ({ origin: address.replace('http:', 'https:') })],
  ['a host that begins like ours', (address) => ({ origin: `${address}.evil.example` })],
  ['a form without an origin', () => ({})],
  ['a foreign page that hides its origin', () => ({ 'sec-fetch-site': 'cross-site' })],
  ['a page of a neighbour', () => ({ 'sec-fetch-site': 'same-site' })],
  ['an address that was typed', () => ({ 'sec-fetch-site': 'none' })],
  ['a foreign page with our origin', (address) => ({ origin: address, 'sec-fetch-site': 'cross-site' })],
  [
    'a form with a name and password that the browser keeps',
    () => ({ origin: 'https://evil.example', authorization: `Basic ${btoa('admin:x')}` }),
  ],
];

async function send(
  [method, path]: [string, string],
  headers: Headers,
): Promise<{ status: number; code: unknown }> {
  const response = await fetch(`${test.address}${path}`, { method, headers: { cookie, ...headers } });
  const text = await response.text();
  return { status: response.status, code: text === '' ? null : JSON.parse(text).code };
}

describe('a change by cookie', () => {
  it.each(FORGED)('is refused to %s, on every route', async (_name, headersOf) => {
    const headers = headersOf(test.address);
    for (const route of CHANGES)
      expect([...route, await send(route, headers)]).toEqual([
        ...route,
        { status: 403, code: 'not-allowed' },
      ]);
    // The session is as it was: nobody was signed out.
    expect((await fetch(`${test.address}${API_PREFIX}/me`, { headers: { cookie } })).status).toBe(200);
  });

  it.each([
    ['its origin', (address: string): Headers => ({ origin: address })],
    [
      'its origin and its site',
      (address: string): Headers => ({ origin: address, 'sec-fetch-site': 'same-origin' }),
    ],
    ['its site alone', (): Headers => ({ 'sec-fetch-site': 'same-origin' })],
  ])('is let through to a page of this server that names %s', async (_name, headersOf) => {
    const { status } = await send(['DELETE', `${API_PREFIX}/views/999999`], headersOf(test.address));
    expect(status).toBe(404);
  });

  it('is no concern of a program with a token', async () => {
    const headers = {
      authorization: `Bearer ${test.token}`,
      origin: 'https://elsewhere.example',
      cookie: '',
    };
    const { status } = await send(['DELETE', `${API_PREFIX}/views/999999`], headers);
    expect(status).toBe(404);
  });
});

describe('signing in', () => {
  const body = () => JSON.stringify({ username: 'admin', password: test.password });
  const form = () => String(new URLSearchParams({ username: 'admin', password: test.password }));

  // A page may send these without asking first, and a browser that is signed out has no cookie to tell it by.
  it.each([
    ['text/plain', body],
    ['text/plain;charset=UTF-8', body],
    ['application/x-www-form-urlencoded', form],
    ['multipart/form-data; boundary=x', body],
    ['', body],
  ])('is not possible for a foreign page that sends %j', async (type, text) => {
    const response = await fetch(`${test.address}${AUTH_PREFIX}/sign-in/username`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'content-type': type },
      body: new TextEncoder().encode(text()),
    });
    await response.arrayBuffer();
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it('lets no foreign page ask whether it may send something else', async () => {
    const response = await fetch(`${test.address}${AUTH_PREFIX}/sign-in/username`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    await response.arrayBuffer();
    for (const [name] of response.headers) expect(name).not.toMatch(/^access-control-/);
  });
});

describe('the cookie of a session', () => {
  it('is out of reach of scripts and other sites', () => {
    expect(set).toMatch(/^piculus\.session_token=.*; HttpOnly/);
    expect(set).toMatch(/; SameSite=Lax/);
  });

  it('is bound to this very host over https', async () => {
    const secured = await startTestServer({ publicUrl: 'https://piculus.bank.example' });
    try {
      const cookies = await cookiesOf(secured, { origin: 'https://piculus.bank.example' });
      expect(cookies.length).toBeGreaterThan(0);
      for (const one of cookies) {
        expect(one).toMatch(/^__Host-piculus\./);
        const attributes = one.toLowerCase().split('; ').slice(1);
        for (const attribute of ['httponly', 'secure', 'path=/', 'samesite=lax'])
          expect(attributes).toContain(attribute);
        expect(attributes.some((attribute) => attribute.startsWith('domain='))).toBe(false);
      }
      const [own = ''] = cookies;
      const headers = { cookie: own.split(';', 1)[0] ?? '' };
      expect((await fetch(`${secured.address}${API_PREFIX}/me`, { headers })).status).toBe(200);
    } finally {
      await secured.stop();
    }
  });
});
