/** A nats-server of the run's own, which can be killed, wiped and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromRoot } from '@piculus/example-pbap/demo/children';
import { anyFreePort } from '@piculus/example-pbap/demo/ports';
import { NATS_SERVER_USER } from '@piculus/protocol/link';
import { writeNatsServerFile } from '@piculus/server';

const START_WITHIN_MS = 20_000;

export class Nats {
  readonly port: number;
  readonly passwordFile: string;
  readonly #program: string;
  readonly #folder: string;
  readonly #log: string;
  readonly #passwords: ReadonlyMap<string, string>;
  #server: ChildProcess | null = null;

  private constructor(given: {
    program: string;
    folder: string;
    log: string;
    port: number;
    users: readonly string[];
  }) {
    this.#program = given.program;
    this.#folder = given.folder;
    this.#log = given.log;
    this.port = given.port;
    this.passwordFile = join(given.folder, 'password');
    this.#passwords = new Map(given.users.map((user) => [user, randomBytes(12).toString('hex')]));
  }

  /** @throws Error where this machine has no nats-server. */
  static async make(options: { folder: string; log: string; systems: readonly string[] }): Promise<Nats> {
    const program = findNats();
    if (program === null) throw new Error('chaos over NATS needs nats-server: run `node scripts/nats.mjs`');
    mkdirSync(options.folder, { recursive: true });
    const users = [NATS_SERVER_USER, ...options.systems];
    const nats = new Nats({
      program,
      folder: options.folder,
      log: options.log,
      port: await anyFreePort(),
      users,
    });
    writeFileSync(join(options.folder, 'nats.conf'), nats.#file(options.systems), { mode: 0o600 });
    writeFileSync(nats.passwordFile, nats.passwordOf(NATS_SERVER_USER), { mode: 0o600 });
    await nats.start();
    return nats;
  }

  passwordOf(user: string): string {
    return this.#passwords.get(user) ?? '';
  }

  get isUp(): boolean {
    return this.#server !== null;
  }

  async start(): Promise<void> {
    if (this.#server !== null) return;
    const server = spawn(this.#program, ['-c', join(this.#folder, 'nats.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.#server = server;
    const log = createWriteStream(this.#log, { flags: 'a' });
    const ready = new Promise<void>((resolve) => {
      server.stderr.on('data', (chunk: Buffer) => {
        log.write(chunk);
        if (chunk.toString().includes('Server is ready')) resolve();
      });
    });
    const late = new AbortController();
    const first = await Promise.race([
      ready.then(() => 'ready'),
      sleep(START_WITHIN_MS, 'late', { signal: late.signal }).catch(() => 'late'),
    ]);
    late.abort();
    if (first === 'late') throw new Error('nats-server was not ready in time');
  }

  async kill(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  }

  /** To be done while it is down. */
  wipe(): void {
    rmSync(join(this.#folder, 'store'), { recursive: true, force: true });
  }

  #file(systems: readonly string[]): string {
    const login = (user: string) => ({ password: this.passwordOf(user) });
    return writeNatsServerFile({
      listen: `127.0.0.1:${this.port}`,
      storeDir: join(this.#folder, 'store'),
      server: login(NATS_SERVER_USER),
      systems: new Map(systems.map((sysCode) => [sysCode, login(sysCode)])),
      tls: null,
    });
  }
}

export function findNats(): string | null {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    fromRoot('node_modules/.cache/piculus/nats-server/usr/sbin'),
  ];
  const places = [process.env.NATS_SERVER ?? '', ...folders.map((folder) => join(folder, 'nats-server'))];
  return places.find((path) => path !== '' && existsSync(path)) ?? null;
}
