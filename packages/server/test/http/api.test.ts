import { readFile } from 'node:fs/promises';
import { API_PREFIX, createApiClient, ROUTES } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../src/http/document.ts';
import { VERSION } from '../../src/base/version.ts';
import { createPerson } from '../../../../test/support/people.ts';
import { startTestServer, type TestServer } from '../server/support.ts';

let test: TestServer;
beforeAll(async () => {
  test = await startTestServer();
});
afterAll(() => test.stop());

const SOLUTION = { sysCode: 'PBAP', fixCode: 'interRechargeFixServiceImpl' };

async function call(
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
) {
  const response = await fetch(`${test.address}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${test.token}`,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined
      ? {}
      : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  call('POST', `${API_PREFIX}${path}`, { body, headers });

describe('the contract', () => {
  it('lets nobody in without signing in, except where it says so', async () => {
    for (const [name, route] of Object.entries(ROUTES)) {
      const path = route.path.replace(':sysCode', 'PBAP').replace(':id', '1');
      const response = await fetch(`${test.address}${API_PREFIX}${path}`, { method: route.method });
      expect(`${name} ${response.status}`).toBe(`${name} ${route.access.where === 'open' ? 200 : 401}`);
      await response.arrayBuffer();
    }
    expect((await fetch(`${test.address}${API_PREFIX}/events`)).status).toBe(401);
  });

  it('is the document that the repository and the server hold', async () => {
    const stored = JSON.parse(await readFile(new URL('../../openapi.json', import.meta.url), 'utf8'));
    expect(stored).toEqual(JSON.parse(JSON.stringify(await openApiDocument())));
    expect((await call('GET', `${API_PREFIX}/openapi.json`)).body).toEqual(stored);
    expect(stored.openapi).toBe('3.1.0');
    const operations = Object.values(stored.paths).flatMap((path) => Object.values(path as object));
    expect(operations.map((operation) => operation.operationId).sort()).toEqual(
      [...Object.keys(ROUTES), 'exportProblems', 'getCaseFilePage', 'liveEvents'].sort(),
    );
  });

  it('can be browsed without any foreign host', async () => {
    const page = await fetch(`${test.address}${API_PREFIX}/docs/`);
    const text = await page.text();
    expect(page.status).toBe(200);
    expect(text).not.toMatch(/https?:\/\//);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const [, file] of text.matchAll(/src="\.\/(static\/[^"]+)"/g)) {
      const script = await fetch(`${test.address}${API_PREFIX}/docs/${file}`);
      expect(script.status).toBe(200);
      await script.arrayBuffer();
    }
  });

  it('says the version of the package', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(VERSION).toBe(manifest.version);
    expect((await call('GET', `${API_PREFIX}/health`)).body).toEqual({ status: 'ok', version: VERSION });
  });

  it('greets at the root', async () => {
    expect((await call('GET', '/')).body).toMatchObject({ api: API_PREFIX, docs: `${API_PREFIX}/docs` });
    const page = await fetch(test.address, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('Piculus');
  });
});

describe('bad requests', () => {
  const bad: [string, object, string][] = [
    ['maxRetries -1', { maxRetries: -1 }, 'maxRetries'],
    ['maxRetries 100', { maxRetries: 100 }, 'maxRetries'],
    ['maxRetries 1.5', { maxRetries: 1.5 }, 'maxRetries'],
    ['maxRetries "5"', { maxRetries: '5' }, 'maxRetries'],
    ['an unknown level', { level: 'urgent' }, 'level'],
    ['an unknown mode', { executionMode: 'robot' }, 'executionMode'],
    ['an unknown field', { nightly: true }, 'nightly'],
    ['cron 99 * * * * ?', { retryCron: '99 * * * * ?' }, 'retryCron'],
    ['an empty cron', { retryCron: '' }, 'retryCron'],
    ['a cron of five fields', { retryCron: '0 0/2 * * *' }, 'retryCron'],
    ['a cron of two question marks', { retryCron: '0 0 0 ? * ?' }, 'retryCron'],
    ['weekday 8', { retryCron: '0 0 0 ? * 8' }, 'retryCron'],
    ['a date that never comes', { retryCron: '0 0 0 30 2 ?' }, 'retryCron'],
    ['a time zone that is none', { timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['a long description', { description: 'x'.repeat(100_000) }, 'description'],
    ['a description of 1 MB', { description: 'x'.repeat(1_048_576) }, 'description'],
  ];
  it.each(bad)(
    '%s is refused with the field and the reason in both languages',
    async (_name, change, field) => {
      const answer = await post('/solutions', { ...SOLUTION, ...change });
      expect(answer.status).toBe(422);
      expect(answer.body.code).toBe('invalid-field');
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      const found = answer.body.fields.find((each: { field: string }) => each.field === field);
      expect(found.reason.en).toMatch(/\w/);
      expect(found.reason.zh).toMatch(/\p{Script=Han}/u);
      expect((await test.api.listSolutions()).items).toEqual([]);
    },
  );

  it.each([
    ['a body of more than 2 MB', { description: 'x'.repeat(2_100_000) }, 413, 'too-large'],
    ['broken JSON', '{"sysCode":', 400, 'invalid-request'],
    ['a polluting key', '{"__proto__":{"a":1}}', 400, undefined],
    ['a NUL character', { ...SOLUTION, description: 'a\u0000b' }, 422, 'invalid-field'],
    ['a list', [], 422, 'invalid-field'],
  ])('%s is refused', async (_name, body, status, code) => {
    const answer = await post('/solutions', body);
    expect(answer.status).toBe(status);
    if (code !== undefined) expect(answer.body.code).toBe(code);
    expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
  });

  it('names unknown fields of a query, and a cursor that is none', async () => {
    const unknown = await call('GET', `${API_PREFIX}/systems?colour=red`);
    expect([unknown.status, unknown.body.fields[0].field]).toEqual([422, 'colour']);
    const cursor = await call('GET', `${API_PREFIX}/messages?after=zz`);
    expect([cursor.status, cursor.body.fields[0].field]).toEqual([422, 'after']);
    expect((await call('GET', `${API_PREFIX}/messages?sysCode=%00`)).status).toBe(422);
  });

  it.each([
    '/problems/9999999999999999999',
    '/solutions/9999999999999999999/versions',
    '/collections?after=9999999999999999999',
    '/executions?problemId=9999999999999999999',
    '/messages?from=0000-01-01T00:00:00Z',
    '/problems?occurredFrom=2026-11-22T00:00:00%2B23:00',
    '/problems?retriesUsedFrom=9007199254740991',
  ])('that ask for what cannot be stored are the fault of who asks: %s', async (path) => {
    const answer = await call('GET', `${API_PREFIX}${path}`);
    expect([answer.status, answer.body.code, answer.body.retryable]).toEqual([400, 'invalid-request', false]);
  });

  it('that name nothing are answered in the same shape', async () => {
    expect(await call('GET', `${API_PREFIX}/nothing`)).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
    expect(await call('GET', `${API_PREFIX}/problems/77`)).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
  });
});

describe('a mutation with an Idempotency-Key', () => {
  it('runs once and is answered again, secrets included', async () => {
    const body = { sysCode: 'ONCE', name: 'Once' };
    const first = await post('/systems', body, { 'idempotency-key': 'key-1' });
    const again = await post('/systems', body, { 'idempotency-key': 'key-1' });
    expect(first.status).toBe(201);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(first.body.key).toMatch(/^pic_ONCE_/);
    expect((await post('/systems', body)).status).toBe(409);
  });

  it('refuses the key for another request', async () => {
    await post('/systems', { sysCode: 'TWO', name: 'Two' }, { 'idempotency-key': 'key-2' });
    const other = await post('/systems', { sysCode: 'THREE', name: 'Three' }, { 'idempotency-key': 'key-2' });
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-key-reused' } });
  });

  it('keeps the keys of two people apart', async () => {
    const person = { username: 'second', password: 'a-long-password' };
    const { user, token } = await createPerson(test.api, test.address, person);
    expect(user).toMatchObject({ username: 'second', enabled: true });
    const second = createApiClient({ baseUrl: test.address, token });
    await post('/systems', { sysCode: 'MINE', name: 'Mine' }, { 'idempotency-key': 'key-3' });
    await expect(
      second.createSystem({ body: { sysCode: 'YOURS', name: 'Yours' }, idempotencyKey: 'key-3' }),
    ).resolves.toMatchObject({
      system: { sysCode: 'YOURS' },
    });
  });

  it('repeats a refusal that would not change', async () => {
    const first = await post('/systems', { sysCode: 'ONCE', name: 'x' }, { 'idempotency-key': 'key-4' });
    const again = await post('/systems', { sysCode: 'ONCE', name: 'x' }, { 'idempotency-key': 'key-4' });
    expect([first.status, again.status, again.body]).toEqual([409, 409, first.body]);
  });

  it('runs once also where all repeats come at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        post('/systems', { sysCode: 'RACE', name: 'Race' }, { 'idempotency-key': 'key-5' }),
      ),
    );
    const codes = answers.map(({ status, body }) => (status === 201 ? 'made' : body.code));
    for (const code of codes) expect(['made', 'idempotency-key-running']).toContain(code);
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.key)).size).toBe(1);
  });
});

describe('a browser', () => {
  const cookieOf = async (): Promise<string> => {
    const response = await fetch(`${test.address}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: test.address },
      body: JSON.stringify({ username: 'admin', password: test.password }),
    });
    const [cookie] = response.headers.getSetCookie();
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    return cookie?.split(';', 1)[0] ?? '';
  };
  const create = (sysCode: string, headers: Record<string, string>) =>
    fetch(`${test.address}${API_PREFIX}/systems`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ sysCode, name: 'x' }),
    });

  it('may change things from our own page only', async () => {
    const cookie = await cookieOf();
    expect((await create('B1', { cookie, origin: test.address })).status).toBe(201);
    expect((await create('B2', { cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    expect((await create('B3', { cookie, origin: 'https://evil.example' })).status).toBe(403);
    expect((await create('B4', { cookie, origin: 'null' })).status).toBe(403);
    expect((await create('B5', { cookie })).status).toBe(403);
    const read = await fetch(`${test.address}${API_PREFIX}/me`, { headers: { cookie } });
    expect(await read.json()).toMatchObject({ username: 'admin' });
  });

  it('signs out', async () => {
    const cookie = await cookieOf();
    const out = await fetch(`${test.address}/api/auth/sign-out`, {
      method: 'POST',
      headers: { cookie, origin: test.address },
    });
    expect(out.status).toBe(200);
    expect((await fetch(`${test.address}${API_PREFIX}/me`, { headers: { cookie } })).status).toBe(401);
  });
});
