/**
 * A PostgreSQL for the tests: the one that TEST_DATABASE_URL names, or a temporary one from the programs on this
 * machine, or, on Debian as root, one that is installed first.
 */
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { capture, run, say } from './lib.mjs';

const OLDEST_MAJOR = 15;
const PORT_RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

/** @returns `{ url, stop() }`, or null after saying in one line how to get a PostgreSQL. */
export async function postgresForTests() {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined && given !== '') return { url: given, stop: async () => {} };
  const programs = findPrograms() ?? (await installOnDebian());
  if (programs !== null) return startTemporary(programs);
  say(
    `the tests need PostgreSQL ${OLDEST_MAJOR} or newer: install it (Debian: apt-get install postgresql), or set TEST_DATABASE_URL`,
  );
  return null;
}

/** @returns whether this machine has the programs for a PostgreSQL of one's own, installed first where that can be done. */
export async function hasPostgresPrograms() {
  return (findPrograms() ?? (await installOnDebian())) !== null;
}

/** @returns the folder with initdb and postgres, newest version first; null where there is none. */
export function findPrograms() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian)
    ? readdirSync(debian)
        .map(Number)
        .filter((version) => version >= OLDEST_MAJOR)
        .sort((a, b) => b - a)
    : [];
  const folders = [
    ...versions.map((version) => join(debian, String(version), 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/pgsql-17/bin',
    '/usr/local/pgsql/bin',
    '/opt/homebrew/bin',
  ];
  return (
    folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ??
    null
  );
}

export async function installOnDebian() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return null;
  say('installing PostgreSQL for the tests');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  if ((await run('apt-get', ['update', '-qq'], { env })) !== 0) return null;
  if (
    (await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'postgresql'], { env })) !== 0
  )
    return null;
  return findPrograms();
}

/**
 * A PostgreSQL for figures: of this machine's programs, with all that makes a commit durable left on.
 * @returns `{ url, stop() }`, or null after saying why not.
 */
export async function postgresForFigures() {
  const programs = findPrograms() ?? (await installOnDebian());
  if (programs !== null) return startTemporary(programs, DURABLE);
  say(`the benchmarks need PostgreSQL ${OLDEST_MAJOR} or newer: install it, or set BENCH_DATABASE_URL`);
  return null;
}

async function startTemporary(programs, settings = TEMPORARY) {
  const folder = mkdtempSync(join(tmpdir(), 'piculus-postgres-'));
  const place = await postgresPlace(programs, folder);
  if (place.owner !== null) chownSync(folder, place.owner.uid, place.owner.gid);
  const password = await makePostgres(place, { flushed: false });
  const running = password === null ? null : await runPostgres(place, await freePort(), { settings });
  if (running === null) {
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
  return {
    url: `postgres://piculus:${password}@127.0.0.1:${running.port}/postgres`,
    stop: async () => {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** It is thrown away; only its answers count, not what a power failure would leave. */
const TEMPORARY = { max_connections: 200, fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
const DURABLE = {
  max_connections: 200,
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  max_wal_size: '8GB',
};

/** @returns where a PostgreSQL in this folder keeps its data and its password, and which user it runs under. */
export async function postgresPlace(programs, folder) {
  return {
    programs,
    // initdb refuses root, so that root hands the data to a user without rights.
    owner: process.getuid?.() === 0 ? await plainUser() : null,
    data: join(folder, 'postgres'),
    passwordFile: join(folder, 'postgres-password'),
  };
}

/** @returns the password of its user `piculus`, or null after saying why it could not be made. */
export async function makePostgres({ programs, owner, data, passwordFile }, { flushed }) {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const password = randomBytes(18).toString('hex');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (owner !== null) for (const path of [data, passwordFile]) chownSync(path, owner.uid, owner.gid);
  chmodSync(data, 0o700);
  const made = await capture(
    join(programs, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'piculus',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      ...(flushed ? [] : ['--no-sync']),
    ],
    { cwd: data, env: { PATH: process.env.PATH }, ...owner },
  );
  if (made.code === 0) return password;
  say(`a PostgreSQL could not be made: ${made.output}`);
  return null;
}

/**
 * @param apart whether Ctrl-C in the terminal must not reach it, because whoever started it stops all in order.
 * @returns `{ port, stop(), ended, pid }` once it takes connections, or null after saying why it does not.
 */
export function runPostgres({ programs, owner, data }, port, { settings: given, apart = false }) {
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', ...given };
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      cwd: data,
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: apart,
      ...owner,
    },
  );
  let failed = '';
  server.once('error', (error) => {
    failed = error.message;
  });
  const ended = new Promise((resolve) => server.once('close', resolve));
  const kill = () => server.kill('SIGINT');
  process.once('exit', kill);
  let stopping = false;
  const stop = async () => {
    stopping = true;
    process.removeListener('exit', kill);
    kill();
    await ended;
  };
  return new Promise((resolve) => {
    let said = '';
    server.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-4_000);
      if (said.includes('database system is ready to accept connections'))
        resolve({ port, stop, ended, pid: server.pid });
    });
    ended.then(() => {
      if (!stopping) say(`PostgreSQL ended: ${failed}${said.split('\n').slice(-6).join('\n')}`);
      resolve(null);
    });
  });
}

export async function plainUser() {
  for (const name of ['postgres', 'nobody']) {
    const uid = await capture('id', ['-u', name]);
    const gid = await capture('id', ['-g', name]);
    if (uid.code === 0 && gid.code === 0) return { uid: Number(uid.output), gid: Number(gid.output) };
  }
  return { uid: 65534, gid: 65534 };
}

/**
 * A loopback port below those that the system gives to outgoing connections, one of which could take it before
 * somebody listens. The demo has the same in TypeScript; this one works before anything is built.
 */
export async function freePort() {
  const range = existsSync(PORT_RANGE) ? readFileSync(PORT_RANGE, 'utf8') : '';
  const first = Number.parseInt(range, 10);
  const end = first > 16_000 ? first : 32_768;
  for (;;) {
    const port = randomInt(15_000, end);
    if (await isFree(port)) return port;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
