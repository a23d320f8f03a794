/** The PostgreSQL of the cluster: its data stays in a folder from one start to the next, and is flushed to disk. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, say } from '../lib.mjs';
import { findPrograms, freePort, installOnDebian, plainUser } from '../postgres.mjs';

const DATABASES = ['piculus', 'pbap', 'bank'];

/**
 * @returns `{ urls, stop(), ended }`, or null after saying why not.
 * @param {string} folder absolute
 */
export async function startPostgres(folder) {
  const programs = findPrograms() ?? (await installOnDebian());
  if (programs === null) {
    say('PostgreSQL 15 or newer is needed (Debian: apt-get install -y postgresql)');
    return null;
  }
  const owner = process.getuid?.() === 0 ? await plainUser() : null;
  const place = {
    programs,
    owner,
    data: join(folder, 'postgres'),
    passwordFile: join(folder, 'postgres-password'),
  };
  if (!existsSync(join(place.data, 'PG_VERSION')) && !(await makeCluster(place))) return null;
  // Left behind by a cluster that was killed: it would keep its data to itself.
  if (existsSync(join(place.data, 'postmaster.pid')))
    await capture(join(programs, 'pg_ctl'), ['-D', place.data, '-m', 'fast', '-w', 'stop'], {
      cwd: place.data,
      ...(owner ?? {}),
    });
  const password = readFileSync(place.passwordFile, 'utf8').trim();
  const port = await freePort();
  const running = await run(place, port);
  if (running === null) return null;
  const url = (name) => `postgres://piculus:${password}@127.0.0.1:${port}/${name}`;
  for (const name of DATABASES) {
    // It is there from the last time, or it is made now: both are said by psql, and only the second is an error.
    await psql(place, url('postgres'), `CREATE DATABASE ${name}`);
  }
  return { ...running, urls: Object.fromEntries(DATABASES.map((name) => [name, url(name)])) };
}

async function makeCluster({ programs, owner, data, passwordFile }) {
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
    ],
    { cwd: data, env: { PATH: process.env.PATH }, ...owner },
  );
  if (made.code === 0) return true;
  say(`the database could not be made: ${made.output}`);
  return false;
}

const psql = ({ programs }, url, statement) =>
  capture(join(programs, 'psql'), ['-X', '-q', url, '-c', statement], { env: { PATH: process.env.PATH } });

function run({ programs, owner, data }, port) {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 100,
    // Said here because the promises rest on them, although they are the defaults.
    fsync: 'on',
    synchronous_commit: 'on',
  };
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      cwd: data,
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: Ctrl-C in the terminal must not take the database away from under the nodes.
      detached: true,
      ...owner,
    },
  );
  const ended = new Promise((resolve) => server.once('close', resolve));
  const stop = async () => {
    server.kill('SIGINT');
    await ended;
  };
  process.once('exit', () => server.kill('SIGINT'));
  return new Promise((resolve) => {
    let said = '';
    server.stderr.on('data', (chunk) => {
      said = (said + chunk).slice(-4_000);
      if (said.includes('database system is ready to accept connections'))
        resolve({ stop, ended, pid: server.pid });
    });
    ended.then(() => {
      say(`PostgreSQL ended: ${said.split('\n').slice(-6).join('\n')}`);
      resolve(null);
    });
  });
}
