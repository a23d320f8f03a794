/**
 * A PostgreSQL of the run's own, as an installation has it: fsync on. It can be crashed, stopped at once, filled
 * up and started again; nothing else uses it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { anyFreePort } from '@piculus/example-pbap/demo/ports';

export interface PostgresOptions {
  /** Where it lives; made, and removed at the end. */
  readonly folder: string;
  readonly log: string;
  /** Megabytes of a disk of its own, so that it can be full; null takes the machine's. */
  readonly diskMb: number | null;
}

const CONNECTIONS_MAX = 80;
const RESERVED = 5;
const READY_WITHIN_MS = 60_000;
const ADMIN = 'postgres';
/** The owner of all databases of the run: no superuser, so that limits hold for it. */
export const OWNER = 'chaos';

interface User {
  readonly uid: number;
  readonly gid: number;
}

export class Postgres {
  readonly port: number;
  /** Whether it has a disk of its own. */
  readonly ownDisk: boolean;
  readonly #options: PostgresOptions;
  readonly #programs: string;
  readonly #user: User | null;
  readonly #data: string;
  #server: ChildProcess | null = null;
  #hogs: pg.Client[] = [];

  private constructor(
    options: PostgresOptions,
    given: { programs: string; user: User | null; port: number; ownDisk: boolean },
  ) {
    this.#options = options;
    this.#programs = given.programs;
    this.#user = given.user;
    this.port = given.port;
    this.ownDisk = given.ownDisk;
    this.#data = join(options.folder, 'data');
  }

  /** @throws Error where there are no programs of PostgreSQL 15 or newer on this machine. */
  static async make(options: PostgresOptions): Promise<Postgres> {
    const programs = findPrograms();
    if (programs === null)
      throw new Error('chaos needs the programs initdb and postgres (Debian: apt-get install postgresql)');
    const user = process.getuid?.() === 0 ? plainUser() : null;
    mkdirSync(options.folder, { recursive: true, mode: 0o755 });
    const ownDisk = options.diskMb !== null && mountDisk(options.folder, options.diskMb);
    if (user !== null) chownSync(options.folder, user.uid, user.gid);
    chmodSync(options.folder, 0o700);
    const port = await anyFreePort();
    const postgres = new Postgres(options, { programs, user, port, ownDisk });
    execFileSync(
      join(programs, 'initdb'),
      ['-D', postgres.#data, '-U', ADMIN, '--auth=trust', '-E', 'UTF8', '--locale=C', '--wal-segsize=4'],
      { cwd: options.folder, stdio: 'ignore', ...(user ?? {}) },
    );
    await postgres.start();
    const admin = await postgres.admin();
    try {
      await admin.query(`create role ${OWNER} login`);
    } finally {
      await admin.end();
    }
    return postgres;
  }

  urlOf(database: string, port = this.port, user: string = OWNER): string {
    return `postgres://${user}@127.0.0.1:${port}/${database}`;
  }

  async createDatabase(name: string): Promise<void> {
    const admin = await this.admin();
    try {
      await admin.query(`create database "${name}" owner ${OWNER}`);
    } finally {
      await admin.end();
    }
  }

  /** A connection past all proxies and limits. */
  async admin(database = 'postgres'): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.urlOf(database, this.port, ADMIN),
      connectionTimeoutMillis: 5_000,
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  get isUp(): boolean {
    return this.#server !== null;
  }

  /** Starts it and waits until it answers: after a crash that includes its recovery. */
  async start(): Promise<void> {
    const end = Date.now() + READY_WITHIN_MS;
    while (Date.now() < end) {
      if (this.#server === null) this.#spawn();
      if (await this.#answers()) return;
      await sleep(100);
    }
    throw new Error('PostgreSQL did not come back');
  }

  /** SIGKILL for its first process; the others notice and end. */
  crash(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** "Immediate" stop: without a checkpoint, so that the next start recovers. */
  stopAtOnce(): Promise<void> {
    return this.#end('SIGQUIT');
  }

  /** @returns how many sessions were ended. */
  async endSessions(count: number): Promise<number> {
    const admin = await this.admin();
    try {
      const { rowCount } = await admin.query(
        `select pg_terminate_backend(pid) from (select pid from pg_stat_activity
           where usename = $1 and backend_type = 'client backend' order by random() limit $2) as sessions`,
        [OWNER, count],
      );
      return rowCount ?? 0;
    } finally {
      await admin.end();
    }
  }

  /**
   * Takes all connections but so many, ends those that there are, and leaves one transaction open and idle.
   * @returns how many it took.
   */
  async hogConnections(left: number, database: string): Promise<number> {
    await this.endSessions(CONNECTIONS_MAX);
    const wanted = CONNECTIONS_MAX - RESERVED - left;
    for (let taken = 0; taken < wanted; taken += 1) {
      const client = new pg.Client({
        connectionString: this.urlOf('postgres'),
        connectionTimeoutMillis: 2_000,
      });
      client.on('error', () => {});
      try {
        await client.connect();
        this.#hogs.push(client);
      } catch {
        break;
      }
    }
    const idle = await this.admin(database);
    await idle.query('begin');
    await idle.query('select count(*) from piculus.leases');
    this.#hogs.push(idle);
    return this.#hogs.length - 1;
  }

  async freeConnections(): Promise<void> {
    await Promise.all(this.#hogs.splice(0).map((client) => client.end().catch(() => {})));
  }

  /** Fills its disk to the last byte. @returns bytes taken. */
  fillDisk(): number {
    if (!this.ownDisk) return 0;
    const { bavail, bsize } = statfsSync(this.#options.folder);
    const file = join(this.#options.folder, 'ballast');
    let taken = 0;
    const block = Buffer.alloc(1_048_576);
    try {
      for (; taken < bavail * bsize; taken += block.length) writeFileSync(file, block, { flag: 'a' });
    } catch {
      // Full, as wanted.
    }
    return taken;
  }

  freeDisk(): void {
    rmSync(join(this.#options.folder, 'ballast'), { force: true });
  }

  async remove(): Promise<void> {
    await this.freeConnections();
    await this.#end('SIGQUIT');
    if (this.ownDisk) {
      // The last processes of a crashed server may still hold files open for a moment.
      for (let tries = 0; tries < 50; tries += 1) {
        try {
          execFileSync('umount', [this.#options.folder], { stdio: 'ignore' });
          break;
        } catch {
          await sleep(100);
        }
      }
    }
    rmSync(this.#options.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const exited = server.exitCode === null && server.signalCode === null ? once(server, 'exit') : null;
    server.kill(signal);
    await exited;
  }

  #spawn(): void {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: '',
      max_connections: String(CONNECTIONS_MAX),
      superuser_reserved_connections: String(RESERVED),
      shared_buffers: '64MB',
      max_wal_size: '64MB',
      min_wal_size: '16MB',
      fsync: 'on',
      synchronous_commit: 'on',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // Whatever becomes of this program, its PostgreSQL must not outlive it.
    const leash = existsSync('/usr/bin/setpriv')
      ? ['/usr/bin/setpriv', '--pdeathsig=KILL', join(this.#programs, 'postgres')]
      : [join(this.#programs, 'postgres')];
    const [command = '', ...before] = leash;
    const server = spawn(command, [...before, '-D', this.#data, ...args], {
      cwd: this.#options.folder,
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      ...(this.#user ?? {}),
    });
    server.stderr?.pipe(createWriteStream(this.#options.log, { flags: 'a' }));
    server.once('exit', () => {
      if (this.#server === server) this.#server = null;
    });
    this.#server = server;
  }

  async #answers(): Promise<boolean> {
    try {
      const admin = await this.admin();
      await admin.query('select 1');
      await admin.end();
      return true;
    } catch {
      return false;
    }
  }
}

function findPrograms(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian)
    ? readdirSync(debian)
        .map(Number)
        .filter((version) => version >= 15)
        .sort((a, b) => b - a)
    : [];
  const folders = [
    ...versions.map((version) => join(debian, String(version), 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return (
    folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ??
    null
  );
}

/** initdb refuses root. */
function plainUser(): User {
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string): number =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }).toString());
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // Not on this machine.
    }
  }
  return { uid: 65534, gid: 65534 };
}

/** @returns false where this machine does not let us. */
function mountDisk(folder: string, sizeMb: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
