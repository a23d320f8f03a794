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

async function startTemporary(programs) {
  // initdb refuses root, so that root hands the cluster to a user without rights.
  const user = process.getuid?.() === 0 ? await plainUser() : null;
  const folder = mkdtempSync(join(tmpdir(), 'piculus-postgres-'));
  const data = join(folder, 'data');
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== null) {
    for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
  }
  chmodSync(folder, 0o700);
  const as = user === null ? {} : user;
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
      '--no-sync',
    ],
    { cwd: folder, env: { PATH: process.env.PATH }, ...as },
  );
  if (made.code !== 0) {
    say(`a temporary PostgreSQL could not be made: ${made.output}`);
    rmSync(folder, { recursive: true, force: true });
    return null;
  }
  const port = await freePort();
  const server = spawn(join(programs, 'postgres'), serverArguments(data, port), {
    cwd: folder,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...as,
  });
  return whenReady(server, { folder, url: `postgres://piculus:${password}@127.0.0.1:${port}/postgres` });
}

function serverArguments(data, port) {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    // The cluster is thrown away; only its answers count, not what a power failure would leave.
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

function whenReady(server, { folder, url }) {
  const closed = new Promise((resolve) => server.once('close', resolve));
  let stopping = false;
  const stop = async () => {
    stopping = true;
    process.removeListener('exit', kill);
    server.kill('SIGINT');
    await closed;
    rmSync(folder, { recursive: true, force: true });
  };
  const kill = () => server.kill('SIGQUIT');
  process.once('exit', kill);
  return new Promise((resolve) => {
    let said = '';
    server.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-4_000);
      if (said.includes('database system is ready to accept connections')) resolve({ url, stop });
    });
    server.once('error', (error) => {
      say(`a temporary PostgreSQL could not be started: ${error.message}`);
      resolve(null);
    });
    closed.then(() => {
      if (!stopping) say(`the temporary PostgreSQL ended: ${said}`);
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
