/**
 * Redis for the benchmarks: the one that is installed, or, on Debian, the distribution's, unpacked beside the packages of
 * the checkout. Nothing is installed into the system, so that no service of it starts. Both ways to keep its log run: one
 * that syncs it with every write, one that does every second.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, run, say } from './lib.mjs';
import { freePort } from './postgres.mjs';

const NAME = 'redis-server';
const OWN_FOLDER = join(ROOT, 'node_modules', '.cache', 'piculus', NAME);
const OWN_PROGRAM = join(OWN_FOLDER, 'usr', 'bin', NAME);
/** With what it links to, in as far as a small Debian lacks it. */
const PACKAGES = [NAME, 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];
const READY_WITHIN_MS = 10_000;

/** @returns `{ env, stop() }` with the addresses for the benchmarks, which are empty where there is no Redis. */
export async function redisForFigures() {
  const given = process.env.BENCH_REDIS_URL ?? '';
  if (given !== '') return { env: {}, stop: async () => {} };
  const program = findProgram() ?? (await unpackOnDebian());
  if (program === null) {
    say('Redis is not here and could not be fetched; BENCH_REDIS_URL may name one');
    return { env: {}, stop: async () => {} };
  }
  const everySecond = await start(program, 'everysec');
  const always = await start(program, 'always');
  const stop = async () => {
    await everySecond?.stop();
    await always?.stop();
  };
  return {
    env: {
      ...(everySecond === null ? {} : { BENCH_REDIS_URL: everySecond.url }),
      ...(always === null ? {} : { BENCH_REDIS_ALWAYS_URL: always.url }),
    },
    stop,
  };
}

function findProgram() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin'];
  const installed = folders.map((folder) => join(folder, NAME)).find((path) => existsSync(path));
  return installed ?? (existsSync(OWN_PROGRAM) ? OWN_PROGRAM : null);
}

async function unpackOnDebian() {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb')) return null;
  say('fetching Redis for the benchmarks');
  // Without rights the lists stay as they are; often they are new enough.
  if (process.getuid?.() === 0) await run('apt-get', ['update', '-qq']);
  rmSync(OWN_FOLDER, { recursive: true, force: true });
  mkdirSync(OWN_FOLDER, { recursive: true });
  if ((await run('apt-get', ['download', '-qq', ...PACKAGES], { cwd: OWN_FOLDER })) !== 0) return null;
  for (const archive of readdirSync(OWN_FOLDER).filter((name) => name.endsWith('.deb'))) {
    if ((await run('dpkg-deb', ['-x', join(OWN_FOLDER, archive), OWN_FOLDER])) !== 0) return null;
    rmSync(join(OWN_FOLDER, archive));
  }
  return existsSync(OWN_PROGRAM) ? OWN_PROGRAM : null;
}

async function start(program, appendfsync) {
  const folder = mkdtempSync(join(tmpdir(), 'piculus-redis-'));
  const port = await freePort();
  const settings = { bind: '127.0.0.1', port, dir: folder, save: '', appendonly: 'yes', appendfsync };
  const libraries = join(OWN_FOLDER, 'usr', 'lib');
  const folders = existsSync(libraries) ? readdirSync(libraries).map((name) => join(libraries, name)) : [];
  const server = spawn(
    program,
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, LD_LIBRARY_PATH: folders.join(delimiter) },
    },
  );
  const ended = new Promise((resolve) => {
    server.once('error', resolve);
    server.once('close', resolve);
  });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.removeListener('exit', kill);
    kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  if (await Promise.race([answers(port), ended.then(() => false)]))
    return { url: `redis://127.0.0.1:${port}`, stop };
  say(`a Redis that syncs its log (${appendfsync}) did not start`);
  await stop();
  return null;
}

async function answers(port) {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until) {
    const connected = await new Promise((resolve) => {
      const probe = createConnection(port, '127.0.0.1', () => probe.end(() => resolve(true)));
      probe.once('error', () => resolve(false));
    });
    if (connected) return true;
    await sleep(50);
  }
  return false;
}
