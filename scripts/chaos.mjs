/**
 * `npm run chaos -- --minutes M --seed N`: three servers, two systems and their banks on a PostgreSQL of their own, under
 * faults of every kind, then checked. With --short the form that `npm test` runs. The report is in .piculus/chaos/seed-N/.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bin, capture, ROOT, run, say } from './lib.mjs';
import { hasPostgresPrograms } from './postgres.mjs';
import { setup } from './setup.mjs';

if (process.argv[1] === import.meta.filename) {
  // Ctrl-C reaches the run from the terminal as well; hearing it here keeps this process until it has tidied up.
  process.on('SIGINT', () => {});
  process.exitCode = (await setup()) ? (await chaos(process.argv.slice(2))).code : 1;
}

/**
 * Builds and runs chaos in a checkout that is set up.
 * @param quiet keeps what it prints, and returns it as `output`.
 * @returns `{ code, output }`
 */
export async function chaos(args, { env = {}, quiet = false } = {}) {
  if (!(await hasPostgresPrograms())) {
    say('chaos needs PostgreSQL 15 or newer on this machine (Debian: apt-get install postgresql)');
    return { code: 1, output: '' };
  }
  await installFakeTime();
  if ((await run(process.execPath, [bin('tsc'), '-b', 'test/chaos'])) !== 0) return { code: 1, output: '' };
  return new Promise((resolve) => {
    const program = join(ROOT, 'test', 'chaos', 'dist', 'main.js');
    const child = spawn(process.execPath, [program, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    }
    for (const signal of ['SIGTERM', 'SIGHUP']) process.once(signal, () => child.kill(signal));
    const leave = () => child.kill('SIGTERM');
    process.once('exit', leave);
    child.once('close', (code) => {
      process.removeListener('exit', leave);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Where it cannot be had, the short form leaves the jumps of clocks out and says so. */
async function installFakeTime() {
  if (process.getuid?.() !== 0) return;
  const known = await capture('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketime.so.1']);
  if (known.code === 0) return;
  await capture('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'libfaketime'], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
