/** Tokens as the sign-in library gives them out are read without it; whatever else comes is left to it. */
import { resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { sessionCookie } from '../../src/identity/auth.ts';
import { loadSecret } from '../../src/identity/index.ts';
import { readSessionToken } from '../../src/identity/session-token.ts';
import { startTestServer, type TestServer } from '../server/support.ts';

let test: TestServer;
let secret: string;
beforeAll(async () => {
  test = await startTestServer();
  secret = test.config.secret ?? (await loadSecret(resolve(test.config.dataDir), systemClock));
});
afterAll(() => test.stop());

const COOKIE = sessionCookie(null);
const read = (headers: Record<string, string>, by = secret) =>
  readSessionToken(new Headers(headers), { secret: by, cookie: COOKIE });
const token = (): string => decodeURIComponent(test.token);

describe('a token that a sign-in gave out', () => {
  it('is known in a header and in the cookie, as it is and encoded', () => {
    const [expected] = token().split('.');
    const encoded = encodeURIComponent(token());
    for (const headers of [
      { authorization: `Bearer ${token()}` },
      { authorization: `Bearer ${encoded}` },
      { cookie: `${COOKIE}=${encoded}` },
      { cookie: `theme=dark; ${COOKIE}=${encoded}; other=${COOKIE}` },
    ])
      expect(read(headers)).toBe(expected);
  });

  it('is nothing under another secret, in a cookie of another name, or beside another one', () => {
    const encoded = encodeURIComponent(token());
    expect(read({ authorization: `Bearer ${token()}` }, `${secret}x`)).toBeNull();
    expect(read({ cookie: `other=${encoded}` })).toBeNull();
    expect(read({ cookie: `${COOKIE}=${encoded}; ${COOKIE}=${encoded}` })).toBeNull();
    expect(read({ authorization: 'Basic x', cookie: `${COOKIE}=${encoded}` })).toBeNull();
  });

  it('is nothing with any of its characters changed', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: token().length - 1 }),
        fc.constantFrom(...'aZ0_-+/.=%'),
        (place, character) => {
          const changed = token().slice(0, place) + character + token().slice(place + 1);
          fc.pre(!sameBytes(changed, token()));
          expect(read({ authorization: `Bearer ${changed}` })).toBeNull();
        },
      ),
    );
  });
});

/** The last character of a signature has bits that mean nothing. */
function sameBytes(one: string, other: string): boolean {
  const [left, leftSigned = ''] = one.split('.');
  const [right, rightSigned = ''] = other.split('.');
  return left === right && Buffer.from(leftSigned, 'base64').equals(Buffer.from(rightSigned, 'base64'));
}

it('is not asked of a session that has ended: a right token alone lets nobody in', async () => {
  const ask = () =>
    fetch(`${test.address}/api/v1/me`, { headers: { authorization: `Bearer ${test.token}` } });
  expect((await ask()).status).toBe(200);
  const out = await fetch(`${test.address}/api/auth/sign-out`, {
    method: 'POST',
    headers: { authorization: `Bearer ${test.token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(out.status).toBe(200);
  expect((await ask()).status).toBe(401);
});
