import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, createApiClient, ROUTES, routeUrl, signIn } from '../src/http/index.ts';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const closers: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(
  answer: (seen: Seen, response: ServerResponse) => void,
): Promise<{ baseUrl: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const one = { method: request.method, url: request.url, headers: request.headers, body };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};

const PROBLEM_DETAILS = {
  code: 'invalid-field',
  message: { en: 'one or more fields are not valid', zh: '一个或多个字段无效' },
  detail: 'retryCron: second 99 does not exist',
  retryable: false,
  requestId: 'req-1',
  fields: [{ field: 'retryCron', reason: { en: 'second 99 does not exist', zh: '秒不能为 99' } }],
};

describe('the HTTP client', () => {
  it('has one method for each route of the table and no other', () => {
    expect(Object.keys(createApiClient({ baseUrl: '' })).sort()).toEqual(Object.keys(ROUTES).sort());
  });

  it('puts parameters into the path and lists into the query', async () => {
    const { baseUrl, seen } = await serve((_, response) => json(response, 200, { items: [], next: null }));
    const api = createApiClient({ baseUrl: `${baseUrl}/`, token: 'secret' });
    await api.listProblems({
      query: { sysCode: ['PBAP', 'PBMS'], businessKey: 'a&b=c', limit: 10, state: [] },
    });
    expect(seen[0]?.url).toBe('/api/v1/problems?sysCode=PBAP%2CPBMS&businessKey=a%26b%3Dc&limit=10');
    expect(seen[0]?.headers.authorization).toBe('Bearer secret');
    expect(seen[0]?.headers['idempotency-key']).toBeUndefined();
  });

  it('cannot be led to another path by a parameter', () => {
    const url = routeUrl('http://host', ROUTES.revokeSystemKey, {
      params: { sysCode: '../users', id: '1?x=/' },
    });
    expect(url).toBe('http://host/api/v1/systems/..%2Fusers/keys/1%3Fx%3D%2F');
  });

  it('sends every mutation with an Idempotency-Key of its own, or the one given', async () => {
    const { baseUrl, seen } = await serve((_, response) => json(response, 202, { accepted: 1 }));
    const api = createApiClient({ baseUrl });
    await api.runProblem({ params: { id: '7' }, body: {} });
    await api.runProblem({ params: { id: '7' }, body: { reason: 'asked by support' } });
    await api.runProblem({ params: { id: '7' }, body: {}, idempotencyKey: 'mine' });
    const keys = seen.map((one) => one.headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).not.toBe(keys[0]);
    expect(keys[2]).toBe('mine');
    expect(JSON.parse(seen[1]?.body ?? '')).toEqual({ reason: 'asked by support' });
  });

  it('answers null for a route without content', async () => {
    const { baseUrl } = await serve((_, response) => response.writeHead(204).end());
    expect(await createApiClient({ baseUrl }).deleteSolution({ params: { id: '3' } })).toBeNull();
  });

  it('rejects with the code, both languages and the fields of a refusal', async () => {
    const { baseUrl } = await serve((_, response) => json(response, 422, PROBLEM_DETAILS));
    const error = await createApiClient({ baseUrl })
      .listSystems()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 'invalid-field',
      status: 422,
      retryable: false,
      requestId: 'req-1',
      meaning: PROBLEM_DETAILS.message,
      fields: PROBLEM_DETAILS.fields,
    });
  });

  it('says when an answer is not one of ours', async () => {
    const { baseUrl } = await serve((_, response) => response.writeHead(500).end('<html>proxy</html>'));
    await expect(createApiClient({ baseUrl }).getStats()).rejects.toMatchObject({
      code: 'unreadable-answer',
      retryable: true,
    });
    const other = await serve((_, response) => json(response, 200, { items: 'none' }));
    await expect(createApiClient(other).listSystems()).rejects.toMatchObject({
      code: 'unreadable-answer',
      retryable: false,
    });
  });

  it.each([502, 503, 504])('takes a proxy that answers %i for a server that is away', async (status) => {
    const { baseUrl } = await serve((_, response) => response.writeHead(status).end('<html>proxy</html>'));
    await expect(createApiClient({ baseUrl }).getStats()).rejects.toMatchObject({
      code: 'unreachable',
      status,
      retryable: true,
    });
  });

  it('says when nothing answers, and when the wait is over', async () => {
    const { baseUrl } = await serve((_, response) => json(response, 200, {}));
    for (const close of closers.splice(0)) await close();
    await expect(createApiClient({ baseUrl }).getStats()).rejects.toMatchObject({
      code: 'unreachable',
      status: 0,
    });
    const silent = await serve(() => undefined);
    await expect(createApiClient({ ...silent, timeoutMs: 30 }).getStats()).rejects.toMatchObject({
      code: 'unreachable',
    });
  });
});

describe('sign-in', () => {
  const credentials = { username: 'admin', password: 'a long password' };

  it('gives the session token, from the header where there is one', async () => {
    const { baseUrl, seen } = await serve((_, response) =>
      json(response, 200, { token: 'from-body', user: {} }),
    );
    expect(await signIn({ baseUrl }, credentials)).toEqual({ token: 'from-body' });
    expect(seen[0]?.url).toBe('/api/auth/sign-in/username');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(credentials);
    const signed = await serve((_, response) => {
      response.setHeader('set-auth-token', 'signed');
      json(response, 200, { token: 'from-body' });
    });
    expect(await signIn(signed, credentials)).toEqual({ token: 'signed' });
  });

  it('tells a wrong password from a server that is away', async () => {
    const wrong = await serve((_, response) =>
      json(response, 401, { code: 'INVALID_USERNAME_OR_PASSWORD', message: 'x' }),
    );
    await expect(signIn(wrong, credentials)).rejects.toMatchObject({ code: 'not-signed-in' });
    const limited = await serve((_, response) => json(response, 429, {}));
    await expect(signIn(limited, credentials)).rejects.toMatchObject({
      code: 'too-many-requests',
      retryable: true,
    });
    const away = await serve((_, response) =>
      json(response, 503, { ...PROBLEM_DETAILS, code: 'database-away', retryable: true }),
    );
    await expect(signIn(away, credentials)).rejects.toMatchObject({ code: 'database-away' });
  });
});
