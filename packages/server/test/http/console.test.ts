import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../server/support.ts';

const PAGE =
  '<!doctype html><html lang="zh-CN"><title>控制台</title><script src="/assets/main-abc.js"></script></html>';
const SCRIPT = 'export const text = "a script of the console";\n'.repeat(50);
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let parent: string;
let test: TestServer;
let bare: TestServer;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'piculus-console-'));
  const folder = join(parent, 'dist');
  await mkdir(join(folder, 'assets', 'deeper'), { recursive: true });
  const files: Record<string, string | Buffer> = {
    '../secret.js': 'outside',
    '.built': '',
    'index.html': PAGE,
    'index.html.br': brotliCompressSync(PAGE),
    'index.html.gz': gzipSync(PAGE),
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'index.html.map': '{}',
    'assets/main-abc.js': SCRIPT,
    'assets/main-abc.js.br': brotliCompressSync(SCRIPT),
    'assets/main-abc.js.gz': gzipSync(SCRIPT),
    'assets/main-abc.js.map': '{}',
    'assets/main-abc.css': 'body{margin:0}',
    'assets/face-abc.woff2': 'font',
    'assets/.hidden': 'hidden',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  [test, bare] = await Promise.all([
    startTestServer({}, undefined, { consoleFolder: folder }),
    startTestServer({}, undefined, { consoleFolder: null }),
  ]);
});
afterAll(async () => {
  await Promise.all([test.stop(), bare.stop()]);
  await rm(parent, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As it is written: neither the path nor the encoding is touched on the way. */
async function get(
  path: string,
  {
    headers = {},
    method = 'GET',
    from = test,
  }: { headers?: object; method?: string; from?: TestServer } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(from.address);
  const sent = request({ hostname, port, path, method, headers: { ...headers }, agent: false });
  sent.end();
  const [response] = await once(sent, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

function expectNotFound(answer: Answer): void {
  expect(answer.status).toBe(404);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'not-found' });
}

describe('the page', () => {
  it.each(['/', '/problems/17', '/sign-in?next=%2Fproblems', '/solutions/new', '/problems.csv'])(
    '%s opens it',
    async (path) => {
      const { status, headers, body } = await get(path, { headers: HTML });
      expect(status).toBe(200);
      expect(body.toString()).toBe(PAGE);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(headers['cache-control']).toBe('no-cache');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers.vary?.toLowerCase()).toMatch(/accept(,|$)/);
      expect(headers.vary?.toLowerCase()).toContain('accept-encoding');
    },
  );

  it('runs nothing that is not a file of this server, and in no frame', async () => {
    const policy = (await get('/', { headers: HTML })).headers['content-security-policy'];
    expect(policy).not.toMatch(/unsafe/);
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ])
      expect(policy).toContain(part);
  });

  it('is asked for again only where it changed', async () => {
    const first = await get('/problems', { headers: HTML });
    const again = await get('/problems', { headers: { ...HTML, 'if-none-match': first.headers.etag } });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it('is not given to programs', async () => {
    const links = await get('/', { headers: { accept: 'application/json' } });
    expect(JSON.parse(links.body.toString())).toMatchObject({ name: 'Piculus', api: '/api/v1' });
    expectNotFound(await get('/problems/17', { headers: { accept: 'application/json' } }));
    expectNotFound(await get('/problems/17', { headers: HTML, method: 'POST' }));
  });

  it.each([
    '/api',
    '/api?x=1',
    '/api/v1/nothing',
    '/api/nothing',
    '/gateway/v1',
    '/assets/missing.js',
    '/assets/',
  ])('is not given where a program looks: %s', async (path) =>
    expectNotFound(await get(path, { headers: HTML })),
  );
});

describe('the files', () => {
  it.each([
    ['/assets/main-abc.js', /^(text|application)\/javascript/],
    ['/assets/main-abc.css', /^text\/css/],
    ['/assets/face-abc.woff2', /^font\/woff2/],
  ])('%s is kept for ever', async (path, type) => {
    const { status, headers } = await get(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(type);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers.etag).toBeDefined();
  });

  it('without a hash in the name are asked for again', async () => {
    const { status, headers } = await get('/icon.svg', { headers: { accept: 'image/*' } });
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'image/svg+xml',
      'no-cache',
    ]);
  });

  it.each([
    ['br', 'gzip, deflate, br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
  ])('come compressed where that is accepted: %s', async (encoding, accepted, read) => {
    for (const [path, content, type] of [
      ['/assets/main-abc.js', SCRIPT, /javascript/],
      ['/problems', PAGE, /^text\/html; charset=utf-8$/],
    ] as const) {
      const { headers, body } = await get(path, { headers: { ...HTML, 'accept-encoding': accepted } });
      expect(headers['content-encoding']).toBe(encoding);
      expect(headers['content-type']).toMatch(type);
      expect(headers['content-length']).toBe(String(body.length));
      expect(headers.vary?.toLowerCase()).toContain('accept-encoding');
      expect(read(body).toString()).toBe(content);
    }
  });

  it('come plain where compression is not accepted or was not made', async () => {
    const plain = await get('/assets/main-abc.js', { headers: { 'accept-encoding': 'br;q=0, gzip;q=0' } });
    expect([plain.headers['content-encoding'], plain.body.toString()]).toEqual([undefined, SCRIPT]);
    const small = await get('/assets/main-abc.css', { headers: { 'accept-encoding': 'br, gzip' } });
    expect([small.status, small.headers['content-encoding']]).toEqual([200, undefined]);
  });

  it.each(['/', '/problems/17', '/assets/main-abc.js', '/icon.svg'])(
    'are described without being sent: %s',
    async (path) => {
      const full = await get(path, { headers: HTML });
      const head = await get(path, { headers: HTML, method: 'HEAD' });
      expect([head.status, head.body.length]).toEqual([200, 0]);
      for (const name of ['content-type', 'content-length', 'etag', 'cache-control'])
        expect(head.headers[name]).toBe(full.headers[name]);
    },
  );

  it.each([
    '/assets/../../secret.js',
    '/assets/..%2f..%2fsecret.js',
    '/assets/%2e%2e/%2e%2e/secret.js',
    '/assets/..\\..\\secret.js',
    '/assets/....//secret.js',
    '/assets/%00',
    '/assets//etc/passwd',
    '/../secret.js',
    '/%2e%2e/secret.js',
    '/..%2fsecret.js',
  ])('lead nowhere else: %s', async (path) => {
    const { status, body } = await get(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(JSON.parse(body.toString())).toHaveProperty('requestId');
  });

  it.each([
    '/assets/main-abc.js.map',
    '/assets/main-abc.js.br',
    '/assets/main-abc.js.gz',
    '/assets/.hidden',
    '/assets/deeper',
    '/assets/deeper/',
    '/index.html.map',
    '/index.html.gz',
    '/.built',
  ])('are not all given out: %s', async (path) => expectNotFound(await get(path)));
});

describe('without a build', () => {
  it('a page says how to make one', async () => {
    const { status, headers, body } = await get('/', { headers: HTML, from: bare });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body.toString()).toContain('npm run build');
    expect(body.toString()).toContain('/api/v1/docs/');
  });

  it('programs get what they get otherwise', async () => {
    expect(JSON.parse((await get('/', { from: bare })).body.toString())).toMatchObject({ api: '/api/v1' });
    expectNotFound(await get('/assets/main-abc.js', { from: bare }));
    expectNotFound(await get('/api/v1/nothing', { headers: HTML, from: bare }));
  });
});
