/** What people do with their own password and sessions, and administrators with those of others. */
import { type ApiClient, createApiClient, ROUTES } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPerson } from '../../../../test/support/people.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { describeRoute, ROUTE_NAMES } from '../../src/http/api-routes.ts';
import { weakness } from '../../src/identity/passwords.ts';
import { signIn, startTestServer, type TestServer } from '../server/support.ts';

const PASSWORD = 'correct horse of mine';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let test: TestServer;
let aheadMs = 0;
/** Goes like any other, and can be set ahead. */
const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) };
beforeAll(async () => {
  test = await startTestServer({}, undefined, { clock });
});
afterAll(() => test.stop());

const clientOf = (token: string): ApiClient => createApiClient({ baseUrl: test.address, token });
const again = async (username: string): Promise<ApiClient> =>
  clientOf(await signIn(test.address, username, PASSWORD));
const person = async (username: string) => {
  const { user, token } = await createPerson(test.api, test.address, { username, password: PASSWORD });
  return { user, api: clientOf(token) };
};
/** Runs while the clock is ahead; the test's own administrator signs in anew where they are needed then. */
async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  aheadMs += ms;
  try {
    return await work();
  } finally {
    aheadMs -= ms;
  }
}

describe('a password that somebody else made', () => {
  it('lets its owner do nothing but choose another', async () => {
    const once = 'made by somebody else';
    await test.api.createUser({ body: { username: 'newcomer', name: 'N', password: once, grants: [] } });
    const token = await signIn(test.address, 'newcomer', once);
    const api = clientOf(token);
    expect(await api.getMe()).toMatchObject({ username: 'newcomer', passwordIsOneTime: true });
    for (const name of ROUTE_NAMES) {
      if (ROUTES[name].access.where === 'open' || name === 'getMe' || name === 'changePassword') continue;
      const { method, url } = describeRoute(name);
      const response = await fetch(`${test.address}${url.replaceAll(/:\w+/g, '1')}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(method === 'GET' ? {} : { body: '{}' }),
      });
      const body: unknown = await response.json();
      expect([name, response.status, body]).toMatchObject([name, 403, { code: 'password-change-required' }]);
    }
    const events = await fetch(`${test.address}/api/v1/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(events.status).toBe(403);
    await events.arrayBuffer();

    await api.changePassword({ body: { currentPassword: once, newPassword: PASSWORD } });
    expect(await api.getMe()).toMatchObject({ passwordIsOneTime: false });
    expect((await api.listSessions()).items).toHaveLength(1);
    await expect(signIn(test.address, 'newcomer', once)).rejects.toThrow('401');
  });

  it('is made by a reset, which ends all sessions', async () => {
    const { user, api } = await person('forgetful');
    const reset = await test.api.resetUserPassword({ params: { id: user.id } });
    expect(reset).toMatchObject({ username: 'forgetful', password: expect.stringMatching(/^[\w-]{24}$/) });
    await expect(api.getMe()).rejects.toMatchObject({ code: 'not-signed-in' });
    await expect(signIn(test.address, 'forgetful', PASSWORD)).rejects.toThrow('401');
    const anew = clientOf(await signIn(test.address, 'forgetful', reset.password));
    await expect(anew.listSessions()).rejects.toMatchObject({ code: 'password-change-required' });
    const me = await test.api.getMe();
    await expect(test.api.resetUserPassword({ params: { id: me.id } })).rejects.toMatchObject({
      code: 'wrong-state',
    });
  });
});

describe('sessions', () => {
  it('are listed, and ended one by one or all others at once', async () => {
    const { user, api } = await person('wanderer');
    const [second, third] = [await again('wanderer'), await again('wanderer')];
    const { items } = await api.listSessions();
    expect(items.map(({ current }) => current).sort()).toEqual([false, false, true]);
    expect(items[0]).toMatchObject({ address: '127.0.0.1', device: expect.any(String) });
    // What a request says of itself does not count.
    const forged = await fetch(`${test.address}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': '203.0.113.9',
        'x-piculus-address': '203.0.113.9',
      },
      body: JSON.stringify({ username: 'wanderer', password: PASSWORD }),
    });
    await forged.arrayBuffer();
    const addresses = (await api.listSessions()).items.map(({ address }) => address);
    expect(addresses).toEqual(Array(4).fill('127.0.0.1'));
    const [own] = (await second.listSessions()).items.filter(({ current }) => current);
    await api.endSession({ params: { id: own?.id ?? '' } });
    await expect(second.getMe()).rejects.toMatchObject({ code: 'not-signed-in' });
    expect(await api.endOtherSessions()).toEqual({ ended: 2 });
    await expect(third.getMe()).rejects.toMatchObject({ code: 'not-signed-in' });

    const { items: seen } = await test.api.listUserSessions({ params: { id: user.id } });
    expect(seen.map(({ current }) => current)).toEqual([false]);
    expect(await test.api.endUserSessions({ params: { id: user.id } })).toEqual({ ended: 1 });
    await expect(api.getMe()).rejects.toMatchObject({ code: 'not-signed-in' });
  });

  it('of others cannot be ended by naming them', async () => {
    const [{ api }, { api: victim }] = [await person('curious'), await person('victim')];
    const [session] = (await victim.listSessions()).items;
    await api.endSession({ params: { id: session?.id ?? '' } });
    expect((await victim.getMe()).username).toBe('victim');
  });

  it('end when nobody was seen for twelve hours, and a week after the sign-in', async () => {
    const { api } = await person('sleeper');
    await later(11 * HOUR, async () => {
      expect((await api.getMe()).username).toBe('sleeper');
    });
    await later(22 * HOUR, async () => {
      expect((await api.getMe()).username).toBe('sleeper');
    });
    await later(22 * HOUR + 12 * HOUR + 2 * MINUTE, async () => {
      await expect(api.getMe()).rejects.toMatchObject({ code: 'not-signed-in' });
    });
    const busy = await again('sleeper');
    const [session] = (await busy.listSessions()).items;
    const lastsMs = Date.parse(session?.expiresAt ?? '') - Date.parse(session?.startedAt ?? '');
    expect(Math.round(lastsMs / HOUR)).toBe(7 * 24);
  });

  it('tell when a person was last seen', async () => {
    const { user, api } = await person('regular');
    await later(30 * MINUTE, () => api.getMe());
    const { items } = await test.api.listUsers();
    const found = items.find(({ id }) => id === user.id);
    expect(Date.parse(found?.lastSeenAt ?? '') - Date.now()).toBeGreaterThan(29 * MINUTE);
  });
});

describe('acts that ask for a fresh proof', () => {
  it('are refused after ten minutes, until the password is given again', async () => {
    const { user } = await person('target');
    const act = () => test.api.resetUserPassword({ params: { id: user.id } });
    await act();
    await later(11 * MINUTE, async () => {
      await expect(act()).rejects.toMatchObject({ code: 'reauthentication-required' });
      await expect(test.api.addServerKey()).rejects.toMatchObject({ code: 'reauthentication-required' });
      await expect(test.api.confirmIdentity({ body: { password: 'not this one' } })).rejects.toMatchObject({
        code: 'invalid-field',
        fields: [{ field: 'password' }],
      });
      await expect(act()).rejects.toMatchObject({ code: 'reauthentication-required' });
      await test.api.confirmIdentity({ body: { password: test.password } });
      expect((await act()).username).toBe('target');
      expect((await test.api.addServerKey()).inUse).toBe(false);
      // The proof belongs to the session in which it was given.
      const { items } = await test.api.listAudit({ query: { act: ['confirmed', 'confirm-refused'] } });
      expect(items.map(({ act: name }) => name)).toEqual(['confirmed', 'confirm-refused']);
    });
  });

  it('cannot be reached by guessing within a session', async () => {
    const { api } = await person('robbed');
    const codes: string[] = [];
    for (let each = 0; each < 10; each += 1)
      await api.confirmIdentity({ body: { password: `guess ${each}` } }).catch((error: { code: string }) => {
        codes.push(error.code);
      });
    expect(codes).toEqual([...Array(8).fill('invalid-field'), ...Array(2).fill('too-many-requests')]);
    // The owner is not kept out elsewhere.
    await (await again('robbed')).confirmIdentity({ body: { password: PASSWORD } });
  });
});

it('says when to come back', async () => {
  const attempt = () =>
    fetch(`${test.address}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'never-was', password: 'whatever it may be' }),
    });
  // At once: one after another they might take longer than the time over which they are counted.
  const responses = await Promise.all(Array.from({ length: 20 }, attempt));
  const refused = responses.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  for (const response of refused) {
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await response.json()).toMatchObject({ code: 'too-many-requests', retryable: true });
  }
});

describe('passwords', () => {
  const about = { field: 'newPassword', username: 'operator' };
  it.each([
    'short',
    'x'.repeat(129),
    'aaaaaaaaaaaaaaaa',
    'abababababab',
    'Password123!',
    'P@ssw0rd2026!',
    'password-password',
    'adminadmin123',
    'Welcome2026!!',
    'changeme1234',
    'qwertyuiop123',
    'qwertyuiopasdf',
    '123456789012',
    '1qaz2wsx3edc',
    'abcdefghijkl',
    'iloveyou1234',
    'letmein-please',
    'woaini5201314',
    'piculus2026!',
    'summer2026!!!',
    'my operator 42 secret',
    'OPERATOR-of-the-night',
  ])('like %s are refused, in both languages', (password) => {
    expect(weakness(password, about)).toMatchObject({
      field: 'newPassword',
      reason: { en: expect.stringMatching(/\w/), zh: expect.stringMatching(/[一-鿿]/) },
    });
  });

  it.each([
    'correct horse battery',
    'a password of our own',
    'long enough for anybody',
    'kV7-mQ2pLx9wZt',
    '今天天气很好我们去公园散步吧',
    'vier Katzen tanzen leise',
  ])('like %s are taken', (password) => {
    expect(weakness(password, about)).toBeNull();
  });
});
