import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient } from '@piculus/protocol/http';
import { getMigrations } from 'better-auth/db/migration';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase } from '../../../../test/support/database.ts';
import { resetAdminPassword } from '../../src/admin.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import { authOptions } from '../../src/identity/auth.ts';
import { ARGON2ID } from '../../src/identity/passwords.ts';
import { loadSecret } from '../../src/identity/index.ts';
import { createServer } from '../../src/server.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createPerson } from '../../../../test/support/people.ts';
import { signIn, startTestServer, type TestServer } from '../server/support.ts';

let test: TestServer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'piculus-identity-'));
  test = await startTestServer({ adminPasswordFile: join(folder, 'first-password') });
});
afterAll(async () => {
  await test.stop();
  await rm(folder, { recursive: true, force: true });
});

const PASSWORD = 'correct horse battery';
const clientOf = async (username: string, password: string) =>
  createApiClient({ baseUrl: test.address, token: await signIn(test.address, username, password) });

it('keeps tables in which the sign-in library misses nothing', async () => {
  const database = await openTestDatabase();
  // The library looks for its tables where the connection looks first.
  const pool = new pg.Pool({ connectionString: database.url, options: '-c search_path=piculus' });
  const db = openDatabase(pool);
  const log = createLogger('silent');
  const missing = await getMigrations(
    authOptions({ db, clock: systemClock, hashing: ARGON2ID, log, secret: 'x'.repeat(40), publicUrl: null }),
  );
  expect(missing.toBeCreated.map(({ table }) => table)).toEqual([]);
  expect(missing.toBeAdded).toEqual([]);
  await db.destroy();
  await database.drop();
});

describe('the first start', () => {
  it('makes one administrator with a random password, in a file of its owner', async () => {
    const path = join(folder, 'first-password');
    expect((await readFile(path, 'utf8')).trim()).toBe(test.server.firstPassword);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(test.server.firstPassword?.length).toBeGreaterThanOrEqual(24);
    expect(await test.api.getMe()).toMatchObject({
      username: 'admin',
      enabled: true,
      grants: [{ role: 'administrator', sysCode: null }],
    });
  });

  it('is not repeated by the next one', async () => {
    const second = await createServer(test.config, { log: createLogger('silent') });
    await second.start();
    await second.ready();
    expect(second.firstPassword).toBeNull();
    await second.stop();
  });
});

describe('sign-in', () => {
  it.each([
    ['a wrong password', { username: 'admin', password: 'wrong wrong wrong' }, 401, 'not-signed-in'],
    ['an unknown user', { username: 'nobody', password: 'wrong wrong wrong' }, 401, 'not-signed-in'],
    ['nothing', {}, 400, 'invalid-request'],
  ])('refuses %s', async (_name, body, status, code) => {
    const response = await fetch(`${test.address}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
  });

  it.each([
    ['/sign-up/email', { email: 'a@b.example', password: PASSWORD, name: 'A', username: 'intruder' }],
    ['/sign-in/email', { email: 'admin@local', password: 'x' }],
    ['/admin/create-user', { email: 'a@b.example', password: PASSWORD, name: 'A' }],
    ['/update-user', { username: 'other' }],
    ['/request-password-reset', { email: 'admin@local' }],
  ])('serves no %s', async (path, body) => {
    const response = await fetch(`${test.address}/api/auth${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${test.token}` },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(404);
    await response.arrayBuffer();
  });

  it('is limited', async () => {
    const server = await createServer(test.config, { log: createLogger('silent'), signInsPerMinute: 3 });
    await server.start();
    await server.ready();
    const statuses: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const response = await fetch(`${server.address}/api/auth/sign-in/username`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'admin', password: 'wrong wrong wrong' }),
      });
      statuses.push(response.status);
      await response.arrayBuffer();
    }
    await server.stop();
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  it('refuses a token that is none', async () => {
    for (const token of ['x', 'a.b', `${test.token}x`, 'ä']) {
      const response = await fetch(`${test.address}/api/v1/me`, {
        headers: { authorization: `Bearer ${encodeURIComponent(token)}` },
      });
      expect(response.status).toBe(401);
      await response.arrayBuffer();
    }
  });

  it('lets people change their password', async () => {
    const { token } = await createPerson(test.api, test.address, { username: 'changer', password: PASSWORD });
    const api = createApiClient({ baseUrl: test.address, token });
    const change = (newPassword: string) =>
      api.changePassword({ body: { currentPassword: PASSWORD, newPassword } });
    const refused = (field: string) => ({ code: 'invalid-field', fields: [{ field }] });
    await expect(change('short')).rejects.toMatchObject(refused('newPassword'));
    await expect(change('the changer himself')).rejects.toMatchObject(refused('newPassword'));
    await expect(change('Password123456!')).rejects.toMatchObject(refused('newPassword'));
    await expect(change(PASSWORD)).rejects.toMatchObject(refused('newPassword'));
    await change('another long horse');
    await expect(signIn(test.address, 'changer', PASSWORD)).rejects.toThrow('401');
    await signIn(test.address, 'changer', 'another long horse');
    await expect(change('a third long horse')).rejects.toMatchObject(refused('currentPassword'));
  });
});

describe('users', () => {
  it('are created once, and disabling one ends the sessions', async () => {
    const person = { username: 'op.one-1', password: PASSWORD };
    const { user } = await createPerson(test.api, test.address, person);
    await expect(
      test.api.createUser({ body: { username: 'op.one-1', name: 'x', password: PASSWORD } }),
    ).rejects.toMatchObject({ code: 'already-exists' });
    const operator = await clientOf('op.one-1', PASSWORD);
    expect((await operator.getMe()).username).toBe('op.one-1');
    await test.api.setUserEnabled({ params: { id: user.id }, body: { enabled: false } });
    await expect(operator.getMe()).rejects.toMatchObject({ code: 'not-signed-in' });
    await expect(signIn(test.address, 'op.one-1', PASSWORD)).rejects.toThrow('403');
    await test.api.setUserEnabled({ params: { id: user.id }, body: { enabled: true } });
    expect((await (await clientOf('op.one-1', PASSWORD)).getMe()).enabled).toBe(true);
  });

  it('keep one who can sign in', async () => {
    const me = await test.api.getMe();
    for (const { id } of (await test.api.listUsers()).items) {
      if (id !== me.id) await test.api.setUserEnabled({ params: { id }, body: { enabled: false } });
    }
    await expect(
      test.api.setUserEnabled({ params: { id: me.id }, body: { enabled: false } }),
    ).rejects.toMatchObject({ code: 'wrong-state' });
    await expect(
      test.api.setUserEnabled({ params: { id: 'nobody' }, body: { enabled: false } }),
    ).rejects.toMatchObject({ code: 'not-found' });
  });

  it('can be told a new password for the administrator on the server itself', async () => {
    const { username, password } = await resetAdminPassword(test.config);
    await expect(test.api.getMe()).rejects.toMatchObject({ code: 'not-signed-in' });
    await expect(signIn(test.address, 'admin', test.password)).rejects.toThrow('401');
    const admin = await (await clientOf(username, password)).getMe();
    expect(admin).toMatchObject({ username: 'admin', passwordIsOneTime: true });
  });
});

describe('the secret', () => {
  it('is made once, for its owner only', async () => {
    const dataDir = join(folder, 'a b', 'data');
    const secret = await loadSecret(dataDir, systemClock);
    expect(secret.length).toBeGreaterThanOrEqual(64);
    expect(await loadSecret(dataDir, systemClock)).toBe(secret);
    expect((await stat(join(dataDir, 'secret'))).mode & 0o777).toBe(0o600);
    await writeFile(join(dataDir, 'secret'), 'short');
    await expect(loadSecret(dataDir, systemClock)).rejects.toMatchObject({ code: 'secret-unusable' });
    await writeFile(join(dataDir, 'secret'), secret);
    await chmod(join(dataDir, 'secret'), 0o640);
    await expect(loadSecret(dataDir, systemClock)).rejects.toMatchObject({ code: 'secret-unusable' });
  });
});
