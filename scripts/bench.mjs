/**
 * `npm run bench -- <cell> [options]`: makes the checkout ready, builds the benchmarks and runs one of them, on the
 * PostgreSQL that BENCH_DATABASE_URL or TEST_DATABASE_URL names, or on a temporary one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bin, ROOT, run } from './lib.mjs';
import { natsForTests } from './nats.mjs';
import { postgresForTests } from './postgres.mjs';
import { setup } from './setup.mjs';

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  if (!(await setup())) return 1;
  if ((await run(process.execPath, [bin('tsc'), '-b', 'benchmarks'])) !== 0) return 1;
  const given = process.env.BENCH_DATABASE_URL;
  const named = args.length > 0 && !args[0].startsWith('-');
  const needed = named && (given === undefined || given === '');
  const database = needed ? await postgresForTests() : { url: given ?? '', stop: async () => {} };
  if (database === null) return 1;
  try {
    // Clients of this cell come by NATS as well; a missing one is fetched, which the others need not wait for.
    const nats = args.includes('poison') ? await natsForTests() : null;
    const child = spawn(process.execPath, [join(ROOT, 'benchmarks', 'dist', 'main.js'), ...args], {
      stdio: 'inherit',
      env: {
        ...process.env,
        BENCH_DATABASE_URL: database.url,
        ...(nats === null ? {} : { NATS_SERVER: nats }),
      },
    });
    // Ctrl-C reaches the benchmark from the terminal as well; hearing it here keeps this process until it has tidied up.
    process.on('SIGINT', () => {});
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    const [code] = await once(child, 'close');
    return code ?? 1;
  } finally {
    await database.stop();
  }
}
