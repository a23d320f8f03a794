/** Where a request came from is what a proxy says that we trust, and nobody else. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../server/support.ts';

let trusting: TestServer;
let alone: TestServer;
beforeAll(async () => {
  [trusting, alone] = await Promise.all([
    startTestServer({ trustedProxies: ['127.0.0.1', '198.51.100.0/24'] }),
    startTestServer(),
  ]);
});
afterAll(async () => {
  await Promise.all([trusting.stop(), alone.stop()]);
});

async function toldFrom(test: TestServer, forwarded: string): Promise<string | null> {
  const response = await fetch(`${test.address}/api/auth/sign-in/username`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': forwarded },
    body: JSON.stringify({ username: 'admin', password: test.password }),
  });
  expect(response.status).toBe(200);
  const [act] = (await test.api.listAudit({ query: { act: ['sign-in'] } })).items;
  return act?.from ?? null;
}

it('believes a proxy that it knows', async () => {
  expect(await toldFrom(trusting, '203.0.113.7')).toBe('203.0.113.7');
});

it('takes the nearest address that no known proxy has, whatever was written before it', async () => {
  expect(await toldFrom(trusting, '192.0.2.66, 203.0.113.7, 198.51.100.3')).toBe('203.0.113.7');
});

it('believes nobody where no proxy is named', async () => {
  expect(await toldFrom(alone, '203.0.113.7')).toBe('127.0.0.1');
});
