/** What every answer tells a browser to refuse, whoever asks and whatever is answered. */
import { API_PREFIX } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../packages/server/test/server/support.ts';

const PUBLIC_URL = 'https://piculus.bank.example';
let plain: TestServer;
let secured: TestServer;
beforeAll(async () => {
  [plain, secured] = await Promise.all([startTestServer(), startTestServer({ publicUrl: PUBLIC_URL })]);
});
afterAll(() => Promise.all([plain.stop(), secured.stop()]));

const PATHS = [
  '/',
  '/problems/1',
  '/no/such/file.js',
  '/case-file.css',
  '/health',
  `${API_PREFIX}/me`,
  `${API_PREFIX}/problems`,
  `${API_PREFIX}/no/such/route`,
  `${API_PREFIX}/problems/export.csv`,
  `${API_PREFIX}/problems/1/case-file.html`,
  '/api/auth/get-session',
  '/api/openapi.json',
  '/%2e%2e/%2e%2e/etc/passwd',
];

async function headersOf({ address, token }: TestServer, path: string, signedIn: boolean): Promise<Headers> {
  const response = await fetch(`${address}${path}`, {
    redirect: 'manual',
    headers: {
      accept: 'text/html,*/*',
      origin: 'https://evil.example',
      ...(signedIn ? { authorization: `Bearer ${token}` } : {}),
    },
  });
  await response.arrayBuffer();
  return response.headers;
}

describe.each(PATHS)('an answer of %s', (path) => {
  it.each([true, false])(
    'lets no page run, frame, sniff or read anything (signed in: %s)',
    async (signedIn) => {
      const headers = await headersOf(plain, path, signedIn);
      const policy = (headers.get('content-security-policy') ?? '').split(';').map((one) => one.trim());
      // The API's own pages have no data, and a policy of their own; all others have exactly this one.
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
        ]),
      );
      expect(policy.join(' ')).not.toMatch(/unsafe|\*|https?:/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('strict-transport-security')).toBeNull();
      if (path.startsWith('/api/')) expect(headers.get('cache-control')).toBe('no-store');
    },
  );

  it('keeps browsers to https for a year where the server is reached by it', async () => {
    const said = (await headersOf(secured, path, false)).get('strict-transport-security') ?? '';
    expect(Number(/max-age=(\d+)/.exec(said)?.[1])).toBeGreaterThanOrEqual(31_536_000);
    expect(said).toContain('includeSubDomains');
  });
});

it('no method is answered that nothing asks for', async () => {
  for (const method of ['OPTIONS', 'PATCH', 'PROPFIND'])
    for (const path of PATHS) {
      const response = await fetch(`${plain.address}${path}`, {
        method,
        headers: { origin: 'https://evil.example' },
      });
      await response.arrayBuffer();
      expect([method, path, response.status < 400]).toEqual([method, path, false]);
    }
});
