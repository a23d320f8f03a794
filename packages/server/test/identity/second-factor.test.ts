import { type ApiClient, beginSignIn, createApiClient, finishSignIn, signIn } from '@piculus/protocol/http';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPerson } from '../../../../test/support/people.ts';
import { base32, codeAt, fromBase32, matchingStep, stepOf } from '../../src/identity/totp.ts';
import { startTestServer, type TestServer } from '../server/support.ts';

const PASSWORD = 'correct horse battery';

let test: TestServer;
let pool: pg.Pool;
beforeAll(async () => {
  test = await startTestServer();
  pool = new pg.Pool({ connectionString: test.config.databaseUrl ?? '', max: 2 });
});
afterAll(async () => {
  await pool.end();
  await test.stop();
});

const own = () => ({ baseUrl: test.address });
/** The codes of the device: of now, and `ahead` steps from now. */
const codeOf = (secret: string, ahead = 0): string => codeAt(fromBase32(secret), stepOf(new Date()) + ahead);

interface Person {
  readonly username: string;
  readonly userId: string;
  readonly api: ApiClient;
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

let persons = 0;
/** Somebody whose app has the secret; the code of now is used up by the confirmation, the next one counts already. */
async function personWithFactor(): Promise<Person> {
  persons += 1;
  const username = `person-${persons}`;
  const { user, token } = await createPerson(test.api, test.address, { username, password: PASSWORD });
  const api = createApiClient({ baseUrl: test.address, token });
  const { secret } = await api.beginSecondFactor();
  const { recoveryCodes } = await api.confirmSecondFactor({ body: { code: codeOf(secret) } });
  return { username, userId: user.id, api, secret, recoveryCodes };
}

async function pendingOf(username: string): Promise<string> {
  const step = await beginSignIn(own(), { username, password: PASSWORD });
  if ('token' in step) throw new Error('no second factor was asked for');
  return step.pending;
}

async function actsOf(username: string): Promise<string[]> {
  const found = await pool.query<{ act: string }>(
    'SELECT act FROM piculus.audit WHERE target = $1 ORDER BY id',
    [`user:${username}`],
  );
  return found.rows.map(({ act }) => act);
}

describe('codes', () => {
  // The vectors of RFC 6238, appendix B, by their last six digits.
  const SECRET = Buffer.from('12345678901234567890');
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('are those of the standard at second %d', (second, code) => {
    expect(codeAt(SECRET, stepOf(new Date(second * 1_000)))).toBe(code);
    expect(matchingStep(SECRET, code, new Date((second + 29) * 1_000))).toBe(
      stepOf(new Date(second * 1_000)),
    );
    expect(matchingStep(SECRET, code, new Date((second + 120) * 1_000))).toBeNull();
  });

  it('are of secrets in base 32', () => {
    expect(base32(Buffer.from('foobar'))).toBe('MZXW6YTBOI');
    expect(fromBase32('MZXW6YTBOI').toString()).toBe('foobar');
    expect(() => fromBase32('mzxw!')).toThrow(RangeError);
  });
});

describe('a second factor', () => {
  it('counts only once a code has confirmed it', async () => {
    const { token } = await createPerson(test.api, test.address, { username: 'halfway', password: PASSWORD });
    const api = createApiClient({ ...own(), token });
    expect(await api.getSecondFactor()).toMatchObject({ enabled: false, recoveryCodesLeft: null });
    const { secret, uri } = await api.beginSecondFactor();
    expect(uri).toContain(`secret=${secret}`);
    await expect(api.confirmSecondFactor({ body: { code: '000000' } })).rejects.toMatchObject({
      code: 'invalid-field',
      fields: [{ field: 'code' }],
    });
    await expect(signIn(own(), { username: 'halfway', password: PASSWORD })).resolves.toHaveProperty('token');
    // Begun anew, the secret before counts no more.
    const again = await api.beginSecondFactor();
    expect(again.secret).not.toBe(secret);
    await expect(api.confirmSecondFactor({ body: { code: codeOf(secret) } })).rejects.toMatchObject({
      code: 'invalid-field',
    });
    const { recoveryCodes } = await api.confirmSecondFactor({ body: { code: codeOf(again.secret) } });
    expect(new Set(recoveryCodes).size).toBe(10);
    expect(await api.getSecondFactor()).toMatchObject({ enabled: true, recoveryCodesLeft: 10 });
    await expect(api.beginSecondFactor()).rejects.toMatchObject({ code: 'already-exists' });
    await expect(signIn(own(), { username: 'halfway', password: PASSWORD })).rejects.toMatchObject({
      code: 'second-factor-required',
    });
  });

  it('is nowhere in the database in the clear', async () => {
    const { userId, secret, recoveryCodes } = await personWithFactor();
    const found = await pool.query('SELECT * FROM piculus.second_factors WHERE user_id = $1', [userId]);
    const records = await pool.query('SELECT * FROM piculus.idempotency_keys');
    const text = JSON.stringify([found.rows, records.rows]);
    expect(found.rows).toHaveLength(1);
    for (const word of [secret, fromBase32(secret).toString('hex'), ...recoveryCodes])
      expect(text).not.toContain(word);
  });

  it('lets its owner in by a code', async () => {
    const { username, secret } = await personWithFactor();
    const { token } = await finishSignIn(own(), {
      pending: await pendingOf(username),
      code: codeOf(secret, 1),
    });
    expect(await createApiClient({ ...own(), token }).getMe()).toMatchObject({ username });
    expect((await actsOf(username)).slice(-2)).toEqual(['second-factor-asked', 'sign-in']);
  });

  it('takes each code once, also where two come at the same time, and none that is older', async () => {
    const { username, secret } = await personWithFactor();
    const code = codeOf(secret, 1);
    const [one, two] = [await pendingOf(username), await pendingOf(username)];
    const answers = await Promise.allSettled([
      finishSignIn(own(), { pending: one, code }),
      finishSignIn(own(), { pending: two, code }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const used of [code, codeOf(secret)])
      await expect(
        finishSignIn(own(), { pending: await pendingOf(username), code: used }),
      ).rejects.toMatchObject({
        code: 'invalid-field',
      });
    const sessions = await pool.query(
      'SELECT 1 FROM piculus.sessions s JOIN piculus.users u ON u.id = s.user_id WHERE u.username = $1',
      [username],
    );
    // The one that set it up, and the one that the code made.
    expect(sessions.rowCount).toBe(2);
  });

  it('asks for more than the password: what is between the steps opens nothing', async () => {
    const { username } = await personWithFactor();
    const response = await fetch(`${test.address}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: PASSWORD }),
    });
    expect(await response.json()).toMatchObject({ twoFactorRedirect: true });
    expect(response.headers.get('set-auth-token')).toBeNull();
    const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '');
    const headers = { cookie: cookies.join('; '), origin: test.address };
    for (const path of [
      '/api/v1/me',
      '/api/v1/me/second-factor',
      '/api/v1/problems',
      '/api/v1/users',
      '/api/v1/events',
    ]) {
      const refused = await fetch(`${test.address}${path}`, { headers });
      expect([path, refused.status]).toEqual([path, 401]);
      await refused.arrayBuffer();
    }
    for (const cookie of cookies) {
      const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1));
      if (value === '') continue;
      const refused = await fetch(`${test.address}/api/v1/me`, {
        headers: { authorization: `Bearer ${encodeURIComponent(value)}` },
      });
      expect(refused.status).toBe(401);
      await refused.arrayBuffer();
    }
    for (const path of [
      '/two-factor/enable',
      '/two-factor/disable',
      '/two-factor/send-otp',
      '/two-factor/get-totp-uri',
    ]) {
      const refused = await fetch(`${test.address}/api/auth${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ password: PASSWORD }),
      });
      expect([path, refused.status]).toEqual([path, 404]);
      await refused.arrayBuffer();
    }
  });

  it('is not asked of a session, which proves nothing about the device', async () => {
    const { api, username, secret } = await personWithFactor();
    const me = await api.getMe();
    expect(me.username).toBe(username);
    const response = await fetch(`${test.address}/api/auth/two-factor/verify-totp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${test.token}` },
      body: JSON.stringify({ code: codeOf(secret) }),
    });
    expect(response.status).toBe(401);
    await response.arrayBuffer();
  });

  it('lets each recovery code in once', async () => {
    const { username, recoveryCodes, api } = await personWithFactor();
    const [first = '', second = ''] = recoveryCodes;
    const typed = first.toLowerCase();
    const answers = await Promise.allSettled([
      finishSignIn(own(), { pending: await pendingOf(username), code: typed }),
      finishSignIn(own(), { pending: await pendingOf(username), code: typed }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(
      finishSignIn(own(), { pending: await pendingOf(username), code: first }),
    ).rejects.toMatchObject({
      code: 'invalid-field',
    });
    expect(await api.getSecondFactor()).toMatchObject({ recoveryCodesLeft: 9 });
    await api.renewRecoveryCodes();
    await expect(
      finishSignIn(own(), { pending: await pendingOf(username), code: second }),
    ).rejects.toMatchObject({
      code: 'invalid-field',
    });
    expect(await api.getSecondFactor()).toMatchObject({ recoveryCodesLeft: 10 });
  });

  it('cannot be guessed: tries are bounded, for a sign-in and for an account', async () => {
    const { username } = await personWithFactor();
    const codes: string[] = [];
    for (let sign = 0; sign < 3; sign += 1) {
      const pending = await pendingOf(username);
      for (let i = 0; i < 7; i += 1)
        codes.push(
          await finishSignIn(own(), { pending, code: '000000' }).then(
            () => 'let in',
            (error: { code: string }) => error.code,
          ),
        );
    }
    expect(codes).not.toContain('let in');
    expect(codes.filter((code) => code === 'invalid-field').length).toBeLessThanOrEqual(10);
    expect(codes.at(-1)).toBe('too-many-requests');
  });

  it('is removed by its owner, and by an administrator for somebody who lost it', async () => {
    const { username, userId, api } = await personWithFactor();
    await api.removeSecondFactor();
    const { token } = await signIn(own(), { username, password: PASSWORD });
    const again = createApiClient({ ...own(), token });
    const { secret } = await again.beginSecondFactor();
    await again.confirmSecondFactor({ body: { code: codeOf(secret) } });
    await test.api.removeUserSecondFactor({ params: { id: userId }, body: { reason: 'the phone was lost' } });
    await expect(again.getMe()).rejects.toMatchObject({ code: 'not-signed-in' });
    await expect(signIn(own(), { username, password: PASSWORD })).resolves.toHaveProperty('token');
    expect((await actsOf(username)).filter((act) => act.startsWith('second-factor'))).toEqual([
      'second-factor-set-up',
      'second-factor-removed',
      'second-factor-set-up',
      'second-factor-removed',
    ]);
    await expect(
      test.api.removeUserSecondFactor({ params: { id: userId }, body: { reason: 'again' } }),
    ).rejects.toMatchObject({ code: 'wrong-state' });
  });

  it('is set up and removed with a fresh proof only', async () => {
    const { username, userId, api } = await personWithFactor();
    await pool.query(
      "UPDATE piculus.sessions SET authenticated_at = now() - interval '11 minutes' WHERE user_id = $1",
      [userId],
    );
    for (const act of [api.removeSecondFactor, api.renewRecoveryCodes, api.beginSecondFactor])
      await expect(act()).rejects.toMatchObject({ code: 'reauthentication-required' });
    expect(await pendingOf(username)).not.toBe('');
  });
});

describe('a role that asks for a second factor', () => {
  const reachable = (api: ApiClient): Promise<unknown>[] => [
    api.listProblems(),
    api.getStats(),
    api.listUsers(),
  ];

  it('lets its holders do nothing but set one up, and everything then', async () => {
    await test.api.putRole({ params: { name: 'careful' }, body: { verbs: ['view'], version: 0 } });
    const { token } = await createPerson(test.api, test.address, {
      username: 'holder',
      password: PASSWORD,
      grants: [
        { role: 'careful', sysCode: null },
        { role: 'administrator', sysCode: null },
      ],
    });
    const api = createApiClient({ ...own(), token });
    await Promise.all(reachable(api));
    const ask = (required: boolean) => ({ params: { role: 'careful' }, body: { required } });
    await expect(test.api.setSecondFactorRole(ask(true))).rejects.toMatchObject({ code: 'wrong-state' });
    const { api: administrator } = await personWithFactor();
    await administrator.setSecondFactorRole(ask(true));
    expect(await test.api.listSecondFactorRoles()).toEqual({ items: ['careful'] });

    for (const answer of await Promise.allSettled(reachable(api)))
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'second-factor-required' } });
    expect(await api.getMe()).toMatchObject({ username: 'holder' });
    expect(await api.getSecondFactor()).toMatchObject({ enabled: false, required: true });
    const { secret } = await api.beginSecondFactor();
    await api.confirmSecondFactor({ body: { code: codeOf(secret) } });
    await Promise.all(reachable(api));

    // Nobody else is asked, and without the role nobody is.
    await test.api.listProblems();
    await administrator.setSecondFactorRole(ask(false));
    expect(await test.api.listSecondFactorRoles()).toEqual({ items: [] });
  });
});
