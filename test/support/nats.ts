/** A nats-server for tests: a process of its own with Piculus' own configuration, which a test may kill and wipe. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { anyFreePort } from '../../examples/pbap/src/demo/ports.ts';
import type { NatsConfig } from '../../packages/server/src/config-nats.ts';
import { writeNatsServerFile } from '../../packages/server/src/gateway/nats/server-file.ts';

export interface TestNats {
  /** `nats://127.0.0.1:…` */
  readonly url: string;
  readonly port: number;
  /** How a server of Piculus gets in. */
  readonly config: NatsConfig;
  /** How clients of a system get in. */
  login(sysCode: string): { readonly user: string; readonly password: string };
  /** How whoever runs NATS gets in: nothing is forbidden. */
  readonly broker: { readonly user: string; readonly pass: string };
  /** SIGKILL; what it had in memory is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port; resolves when it takes connections. */
  start(): Promise<void>;
  /** Killed, everything that it kept removed, started again. */
  wipe(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestNatsOptions {
  readonly systems: readonly string[];
  /** In place of the configuration that Piculus writes. */
  readonly file?: (places: { readonly listen: string; readonly storeDir: string }) => string;
}

const BROKER = 'broker';

export async function startTestNats({ systems, file }: TestNatsOptions): Promise<TestNats> {
  const program = findNatsServer();
  const folder = mkdtempSync(join(tmpdir(), 'piculus-nats-'));
  const storeDir = join(folder, 'store');
  const configFile = join(folder, 'nats.conf');
  const port = await anyFreePort();
  const listen = `127.0.0.1:${port}`;
  const passwords = new Map(
    ['server', BROKER, ...systems].map((name) => [name, randomBytes(12).toString('hex')]),
  );
  const password = (name: string): string => passwords.get(name) ?? 'none';
  const written =
    file?.({ listen, storeDir }) ??
    writeNatsServerFile({
      listen,
      storeDir,
      server: { password: password('server') },
      systems: new Map(systems.map((name) => [name, { password: password(name) }])),
      tls: null,
    }).replace('users: [', `users: [ { user: "${BROKER}", password: "${password(BROKER)}" }`);
  writeFileSync(configFile, written, { mode: 0o600 });
  let child: ChildProcess | null = null;
  const kill = async (): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const closed = new Promise((resolve) => running.once('close', resolve));
    running.kill('SIGKILL');
    await closed;
  };
  const start = async (): Promise<void> => {
    child = await launch(program, configFile);
  };
  await start();
  return {
    url: `nats://${listen}`,
    port,
    config: {
      servers: [listen],
      login: { kind: 'password', user: 'server', password: password('server') },
      tls: null,
    },
    broker: { user: BROKER, pass: password(BROKER) },
    login: (sysCode) => ({ user: sysCode, password: password(sysCode) }),
    kill,
    start,
    async wipe() {
      await kill();
      rmSync(storeDir, { recursive: true, force: true });
      await start();
    },
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @throws where no nats-server is on this machine; `node scripts/nats.mjs` gets one. */
export function findNatsServer(): string {
  const given = process.env.NATS_SERVER;
  const own = join(import.meta.dirname, '../../node_modules/.cache/piculus/nats-server/usr/sbin');
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin', own];
  const found = [given ?? '', ...folders.map((folder) => join(folder, 'nats-server'))].find(
    (path) => path !== '' && existsSync(path),
  );
  if (found === undefined) throw new Error('no nats-server: run `node scripts/nats.mjs`');
  return found;
}

function launch(program: string, configFile: string): Promise<ChildProcess> {
  const child = spawn(program, ['-c', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
      if (said.includes('Server is ready')) resolve(child);
    });
    child.once('error', reject);
    child.once('close', () => {
      process.removeListener('exit', kill);
      reject(new Error(`nats-server ended: ${said}`));
    });
  });
}
