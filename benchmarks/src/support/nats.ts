/** A nats-server of a benchmark's own, with the configuration that Piculus writes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError, type CellContext } from '../cell.ts';
import { fromRoot } from './paths.ts';

export interface RunningNats {
  readonly url: string;
  /** Variables of a server of Piculus that uses it. */
  readonly env: Readonly<Record<string, string>>;
  /** The private key of a system's user. */
  nkeyOf(sysCode: string): Promise<string>;
}

const POLL_MS = 50;
const PATIENCE_MS = 20_000;

/** @param systems codes of the systems whose clients come by NATS. */
export async function startNats(context: CellContext, systems: readonly string[]): Promise<RunningNats> {
  const folder = await mkdtemp(join(tmpdir(), 'piculus-bench-nats-'));
  context.atEnd(() => rm(folder, { recursive: true, force: true }));
  const piculus = fromRoot('packages/cli/bin/piculus.js');
  const made = spawn(
    process.execPath,
    [piculus, 'nats', 'config', '--systems', systems.join(','), '--folder', folder],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [code] = await once(made, 'exit');
  if (code !== 0) throw new Error('the configuration of nats-server could not be written');
  // It chooses a port that is free and tells it in a file.
  const args = [
    '-c',
    join(folder, 'nats-server.conf'),
    '-a',
    '127.0.0.1',
    '-p',
    '-1',
    '--ports_file_dir',
    folder,
  ];
  const server = spawn(process.env.NATS_SERVER ?? 'nats-server', args, { stdio: 'ignore' });
  const exited = once(server, 'exit').catch(() => {
    throw new BenchError('nats-server is needed; NATS_SERVER names the program');
  });
  context.atEnd(async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await exited;
  });
  const url = await Promise.race([
    portIn(folder),
    exited.then(() => {
      throw new Error(`nats-server ended with exit code ${server.exitCode}`);
    }),
  ]);
  return {
    url,
    env: { PICULUS_NATS_URL: url, PICULUS_NATS_NKEY_FILE: join(folder, 'server.nkey') },
    nkeyOf: async (sysCode) => (await readFile(join(folder, `${sysCode}.nkey`), 'utf8')).trim(),
  };
}

async function portIn(folder: string): Promise<string> {
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; await sleep(POLL_MS)) {
    const file = (await readdir(folder)).find((name) => name.endsWith('.ports'));
    if (file === undefined) continue;
    const url = /nats:\/\/[0-9.]+:[0-9]+/.exec(await readFile(join(folder, file), 'utf8'))?.[0];
    if (url !== undefined) return url;
  }
  throw new Error('nats-server did not tell its port');
}
