/**
 * `npm run bench -- <cell> [options]`: makes the checkout ready, builds the benchmarks and runs them, on the
 * PostgreSQL that BENCH_DATABASE_URL names, or on a temporary one that syncs to disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bin, ROOT, run, say } from './lib.mjs';
import { natsForTests } from './nats.mjs';
import { postgresForFigures } from './postgres.mjs';
import { redisForFigures } from './redis.mjs';
import { setup } from './setup.mjs';

const PEERS = join(ROOT, 'benchmarks', 'peers');
const BENCHMARKS = join(ROOT, 'benchmarks', 'dist', 'main.js');

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  if (!(await setup())) return 1;
  if ((await run(process.execPath, [bin('tsc'), '-b', 'benchmarks'])) !== 0) return 1;
  if (args.includes('--page')) return run(process.execPath, [BENCHMARKS, ...args]);
  const given = process.env.BENCH_DATABASE_URL ?? '';
  const needed = given === '' && !args.includes('--help');
  const program = args.includes('--help') ? process.execPath : await peersAndNode();
  if (program === null) return 1;
  const database = needed ? await postgresForFigures() : { url: given, stop: async () => {} };
  if (database === null) return 1;
  const queues = !namesCells(args) || args.includes('drain') || args.includes('ingest');
  const redis = queues && !args.includes('--help') ? await redisForFigures() : null;
  try {
    // Clients of this cell come by NATS as well; a missing one is fetched, which the others need not wait for.
    const nats = args.includes('poison') || !namesCells(args) ? await natsForTests() : null;
    const child = spawn(program, [BENCHMARKS, ...args], {
      stdio: 'inherit',
      env: {
        ...process.env,
        BENCH_DATABASE_URL: database.url,
        ...(nats === null ? {} : { NATS_SERVER: nats }),
        ...redis?.env,
      },
    });
    // Ctrl-C reaches the benchmark from the terminal as well; hearing it here keeps this process until it has tidied up.
    process.on('SIGINT', () => {});
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    const [code] = await once(child, 'close');
    return code ?? 1;
  } finally {
    await redis?.stop();
    await database.stop();
  }
}

/** What follows an option with a value is that value. */
function namesCells(args) {
  const flags = ['--quick', '--json', '--tune'];
  return args.some((arg, at) => {
    const before = args[at - 1] ?? '';
    return !arg.startsWith('-') && (!before.startsWith('--') || flags.includes(before));
  });
}

/**
 * The systems that Piculus is put beside need a newer Node than it does itself; they are installed beside their own lock
 * file, and bring one along that everything in a benchmark runs on.
 * @returns the path of that Node, or null after saying why not.
 */
async function peersAndNode() {
  const record = join(PEERS, 'node_modules', '.package-lock.json');
  const lock = join(PEERS, 'package-lock.json');
  if (!existsSync(record) || statSync(record).mtimeMs < statSync(lock).mtimeMs) {
    say('installing the systems to compare with, once');
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    if ((await run('npm', ['install', ...quiet], { cwd: PEERS })) !== 0) return null;
  }
  const carried = join(PEERS, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(carried)) return carried;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  say('the benchmarks need Node 24 or newer on this system');
  return null;
}
