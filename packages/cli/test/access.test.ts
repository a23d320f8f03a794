/** Users, roles and tokens on the command line, against a real server. */
import { createServer, loadConfig, type PiculusServer } from '@piculus/server';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { EXIT } from '../src/exit-codes.ts';
import { type Home, makeHome } from './support/world.ts';

const PASSWORD = 'known to one person alone';
let database: TestDatabase;
let server: PiculusServer;
let dataDir: string;
let home: Home;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'piculus-cli-access-'));
  const config = { ...loadConfig({}), dataDir, databaseUrl: database.url, port: 0 };
  server = await createServer({ ...config, logLevel: 'silent' });
  await server.start();
  await server.ready();
  home = await makeHome({ PICULUS_URL: server.address });
  const signedIn = await home.run(['login'], {
    environment: { PICULUS_PASSWORD: server.firstPassword ?? '', PICULUS_NEW_PASSWORD: PASSWORD },
  });
  expect(signedIn.exitCode).toBe(EXIT.ok);
  for (const sysCode of ['PBAP', 'PBMS']) await home.run(['systems', 'create', sysCode]);
});
afterAll(async () => {
  await home.remove();
  await server.stop();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const json = async (...argv: string[]) => JSON.parse((await home.run([...argv, '--json'])).stdout);

it('gives a user roles, changes them and takes them away', async () => {
  const made = await home.run(['users', 'create', 'operator', '--grant', 'operator@PBAP'], {
    environment: { PICULUS_NEW_PASSWORD: 'counts for one sign-in' },
  });
  expect([made.stderr, made.exitCode]).toEqual(['', EXIT.ok]);
  expect((await home.run(['users', 'grants', 'operator'])).stdout).toBe('operator: operator (PBAP)');
  const more = await home.run([
    'users',
    'grants',
    'operator',
    '--grant',
    'viewer',
    '--grant',
    'approver@PBMS',
  ]);
  expect(more.stdout).toBe('operator: approver (PBMS), viewer (all systems)');
  expect((await home.run(['users', 'grants', 'operator', '--none'])).stdout).toBe('operator: none');
  const unknown = await home.run(['users', 'grants', 'operator', '--grant', 'king@PBAP']);
  expect([unknown.exitCode, unknown.stderr]).toEqual([EXIT.refused, expect.stringContaining('king')]);
  expect((await home.run(['users', 'grants', 'operator', '--grant', '@PBAP'])).exitCode).toBe(EXIT.usage);
  const reset = await home.run(['users', 'reset', 'operator']);
  expect(reset.stdout).toMatch(/^operator {2}\S{20,}$/);
});

it('makes a role, changes it and deletes it', async () => {
  const set = ['roles', 'set', 'night shift', '--verbs'];
  expect((await home.run([...set, 'view,execute'])).stdout).toBe('role night shift: view, execute');
  expect((await home.run([...set, 'view'])).exitCode).toBe(EXIT.ok);
  expect((await home.run([...set, 'view,destroy'])).exitCode).toBe(EXIT.usage);
  expect((await home.run(['roles', 'list'])).stdout).toMatch(/night shift +view +0/);
  expect((await home.run(['roles', 'delete', 'night shift'])).exitCode).toBe(EXIT.ok);
  expect((await home.run(['roles', 'delete', 'administrator'])).exitCode).toBe(EXIT.refused);
});

it('makes a token that a program uses until it is revoked', async () => {
  const made = await home.run([
    'tokens',
    'create',
    'report',
    '--verbs',
    'view',
    '--systems',
    'PBAP',
    '--days',
    '3',
  ]);
  expect([made.stdout, made.exitCode]).toEqual([expect.stringMatching(/^pic_\w{49}$/), EXIT.ok]);
  const program = await makeHome({ PICULUS_URL: server.address });
  const systems = await program.run(['systems', 'list', '--token', made.stdout]);
  expect([systems.exitCode, systems.stdout]).toEqual([EXIT.ok, expect.stringContaining('PBAP')]);
  expect(systems.stdout).not.toContain('PBMS');
  const environment = { PICULUS_TOKEN: made.stdout };
  for (const argv of [
    ['users', 'list'],
    ['tokens', 'list'],
    ['tokens', 'create', 'another', '--verbs', 'view'],
    ['collect', '--system', 'PBAP'],
  ])
    expect([argv, (await program.run(argv, { environment })).exitCode]).toEqual([argv, EXIT.notSignedIn]);
  const { items } = await json('tokens', 'list');
  expect(items[0]).toMatchObject({ name: 'report', sysCodes: ['PBAP'], lastUsedAt: expect.any(String) });
  expect((await home.run(['tokens', 'revoke', items[0].id])).exitCode).toBe(EXIT.ok);
  expect((await program.run(['systems', 'list'], { environment })).exitCode).toBe(EXIT.notSignedIn);
  expect((await home.run(['tokens', 'list', '--everybody'])).stdout).toMatch(/report +admin +pic_.*revoked/);
  expect((await home.run(['tokens', 'create', 'x', '--verbs', 'approve'])).exitCode).toBe(EXIT.usage);
  await program.remove();
});

it('asks for the password again where the sign-in is too old, and does it then', async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`UPDATE piculus.sessions SET authenticated_at = now() - interval '1 hour'`);
  await client.end();
  const create = ['tokens', 'create', 'late', '--verbs', 'view'];
  const wrong = await home.run(create, { answers: ['not the password'] });
  expect(wrong.exitCode).toBe(EXIT.refused);
  const right = await home.run(create, { answers: [PASSWORD] });
  expect([right.exitCode, right.stdout]).toEqual([EXIT.ok, expect.stringMatching(/^pic_/)]);
});
