/**
 * The whole installation of a run: PostgreSQL, three nodes, two systems of two clients each, their banks, and a proxy
 * of ours on every arrow between them.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fleet, type Program, saysReady } from './fleet.ts';
import type { History } from './history.ts';
import { Observer } from './observer.ts';
import { People, type Registered } from './people.ts';
import { Nats } from './nats.ts';
import { Pieces } from './packets.ts';
import { anyFreePort } from '@piculus/example-pbap/demo/ports';
import { Postgres } from './postgres.ts';
import { NatsProxy } from './proxy/nats.ts';
import { TcpProxy, type Target } from './proxy/tcp.ts';
import { WebSocketProxy } from './proxy/websocket.ts';
import { type Books, bookSystems, SYSTEMS } from './systems.ts';
import type { Witness } from './witness.ts';

export interface ClusterOptions {
  readonly seed: number;
  readonly anomalies: number;
  readonly random: () => number;
  readonly history: History;
  readonly witness: Witness;
  /** For data and logs; kept by the caller. */
  readonly folder: string;
  readonly temporary: string;
  readonly diskMb: number | null;
  readonly bankProfiles: readonly string[];
  readonly transport: TransportName;
  /** Folder of the build that all programs come from at first; this checkout's own where none is given. */
  readonly root?: string;
  /** Nodes that are not started yet. */
  readonly standby?: readonly string[];
  /** Settings of every node. */
  readonly nodeSettings?: Readonly<Record<string, string>>;
  /** Told as soon as there is something that must be stopped. */
  readonly made: (cluster: Cluster) => void;
}

export type TransportName = 'websocket' | 'nats';
/** Knows the messages of one client. */
export type MessageProxy = WebSocketProxy | NatsProxy;

export const NODES = ['node-1', 'node-2', 'node-3'] as const;
/** The node whose clock can jump. */
export const CLOCKED_NODE = 'node-3';
const CLIENTS_PER_SYSTEM = 2;
const HEALTH_EVERY_MS = 400;
const HEALTH_WITHIN_MS = 1_500;
/** Orders are left to the normal path for so long. */
const MIN_AGE_MS = '15000';

export interface NodePlace {
  readonly name: string;
  readonly port: number;
  readonly url: string;
}

export class Cluster {
  readonly options: ClusterOptions;
  readonly postgres: Postgres;
  readonly fleet: Fleet;
  readonly nodes: readonly NodePlace[];
  /** By what they join: `node-1>postgres`, `pbap-1>bank`, `pbap-1>nodes`. */
  readonly arrows = new Map<string, TcpProxy>();
  readonly links = new Map<string, MessageProxy>();
  readonly frontDoors = new Map<string, string>();
  readonly clockFile: string | null;
  /** Null where clients come by WebSocket. */
  nats: Nats | null = null;
  books: readonly Books[] = [];
  #people: People | null = null;
  readonly #ready = new Set<string>();
  #health: NodeJS.Timeout | null = null;
  #turn = 0;
  readonly #keptTo = new Map<string, string>();

  private constructor(options: ClusterOptions, postgres: Postgres, nodes: readonly NodePlace[]) {
    this.options = options;
    this.postgres = postgres;
    this.nodes = nodes;
    this.fleet = new Fleet(join(options.folder, 'logs'), options.history);
    this.clockFile = fakeTimeLibrary() === null ? null : join(options.temporary, 'clock');
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { history, temporary, diskMb } = options;
    history.tell('starting PostgreSQL');
    const postgres = await Postgres.make({
      folder: join(temporary, 'postgres'),
      log: join(options.folder, 'postgres.log'),
      diskMb,
    });
    const ports = await Promise.all(NODES.map(() => anyFreePort()));
    const nodes = NODES.map((name, index) => {
      const port = ports[index] ?? 0;
      return { name, port, url: `http://127.0.0.1:${port}` };
    });
    const cluster = new Cluster(options, postgres, nodes);
    options.made(cluster);
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get people(): People {
    if (this.#people === null) throw new Error('nobody is signed in');
    return this.#people;
  }

  get clients(): string[] {
    return [...this.links.keys()];
  }

  /** As a balancer sees it. */
  isReady(node: string): boolean {
    return this.#ready.has(node);
  }

  async stop(): Promise<void> {
    if (this.#health !== null) clearInterval(this.#health);
    await this.fleet.stopAll();
    for (const proxy of [...this.links.values(), ...this.arrows.values()]) await proxy.close();
    await this.nats?.kill();
    await this.postgres.remove();
  }

  async #start(): Promise<void> {
    const { history, seed, anomalies, random } = this.options;
    history.tell('booking the orders', { systems: SYSTEMS.length, anomaliesOfEachKind: anomalies });
    this.books = await bookSystems(this.postgres, { anomalies, seed });
    await this.postgres.createDatabase('piculus');
    if (this.options.transport === 'nats') {
      this.nats = await Nats.make({
        folder: join(this.options.temporary, 'nats'),
        log: join(this.options.folder, 'logs', 'nats.log'),
        systems: SYSTEMS,
      });
    }
    if (this.clockFile !== null) writeFileSync(this.clockFile, '+0');
    const standby = this.options.standby ?? [];
    const [first, ...others] = this.nodes.map(({ name }) => name).filter((name) => !standby.includes(name));
    if (first === undefined) throw new Error('there is no node');
    history.tell('starting nodes', { nodes: 1 + others.length });
    // The first makes schema, secret, keys and password; the others find them.
    await this.startNode(first);
    await Promise.all(others.map((name) => this.startNode(name)));
    await this.#lookAtHealth();
    this.#health = setInterval(() => void this.#lookAtHealth(), HEALTH_EVERY_MS);
    this.#people = await People.signIn(
      this.nodes.map(({ url }) => url),
      this.#passwordFile,
      random,
    );
    const registered = await this.people.register();
    history.tell('starting two systems with their banks');
    await Promise.all(this.books.map((books, index) => this.#startSystem(books, registered, index)));
  }

  get #passwordFile(): string {
    return join(this.options.temporary, 'admin-password.txt');
  }

  /** @param root of the build that it comes from. */
  async startNode(name: string, root = this.options.root): Promise<void> {
    const node = this.nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`there is no ${name}`);
    const clock = node.name === CLOCKED_NODE ? this.#clockSettings() : {};
    const program: Program = {
      name: node.name,
      script: 'packages/cli/bin/piculus.js',
      args: ['serve'],
      ...this.#from(root),
      env: {
        PICULUS_DATABASE_URL: await this.#database(node.name, 'piculus'),
        PICULUS_DATA_DIR: join(this.options.temporary, 'piculus'),
        PICULUS_HOST: '127.0.0.1',
        PICULUS_PORT: String(node.port),
        PICULUS_ADMIN_PASSWORD_FILE: this.#passwordFile,
        ...(await this.#natsOfNode(node.name)),
        ...this.options.nodeSettings,
        ...clock,
      },
      isReady: (line) => line.startsWith('ready: ') || saysReady(line, 'msg', 'the server is ready'),
    };
    await this.fleet.start(program);
  }

  #from(root = this.options.root): Pick<Program, 'root'> {
    return root === undefined ? {} : { root };
  }

  /** From now on new connections of this client go to that node alone, ready or not; null: to any that is ready. */
  keepTo(client: string, node: string | null): void {
    if (node === null) this.#keptTo.delete(client);
    else this.#keptTo.set(client, node);
  }

  async #natsOfNode(name: string): Promise<Readonly<Record<string, string>>> {
    const { nats } = this;
    if (nats === null) return {};
    const port = await this.#arrow(`${name}>nats`, () => ({ host: '127.0.0.1', port: nats.port }));
    return {
      PICULUS_NATS_URL: `nats://127.0.0.1:${port}`,
      PICULUS_NATS_USER: 'server',
      PICULUS_NATS_PASSWORD_FILE: nats.passwordFile,
    };
  }

  #clockSettings(): Readonly<Record<string, string>> {
    const library = fakeTimeLibrary();
    if (library === null || this.clockFile === null) return {};
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.clockFile,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
    };
  }

  async #startSystem(books: Books, { keys, serverKeys }: Registered, index: number): Promise<void> {
    const name = books.sysCode.toLowerCase();
    const bankName = `bank-of-${name}`;
    const door = await anyFreePort();
    const frontDoor = `http://127.0.0.1:${door}`;
    this.frontDoors.set(books.sysCode, frontDoor);
    const bankPort = await anyFreePort();
    const callback = await this.#arrow(`${bankName}>${name}-1`, () => ({ host: '127.0.0.1', port: door }));
    await this.fleet.start({
      name: bankName,
      script: 'examples/pbap/dist/bank/main.js',
      ...this.#from(),
      env: {
        BANK_DATABASE_URL: await this.#database(bankName, books.bank),
        BANK_PORT: String(bankPort),
        BANK_PROFILE: this.options.bankProfiles[index] ?? 'honest',
        BANK_SEED: String(this.options.seed),
        BANK_CALLBACK_URL: `http://127.0.0.1:${callback}/bank/callback`,
      },
      isReady: (line) => saysReady(line, 'ready', true),
    });
    for (let instance = 1; instance <= CLIENTS_PER_SYSTEM; instance += 1) {
      const client = `${name}-${instance}`;
      const bank = await this.#arrow(`${client}>bank`, () => ({ host: '127.0.0.1', port: bankPort }));
      await this.fleet.start({
        name: client,
        script: 'examples/pbap/dist/pbap/main.js',
        ...this.#from(),
        env: {
          ...(await this.#wayIn(client, books.sysCode)),
          PICULUS_SYSTEM_KEY: keys.get(books.sysCode) ?? '',
          PICULUS_SERVER_KEYS: serverKeys,
          SYS_CODE: books.sysCode,
          PBAP_INSTANCE: String(instance),
          PBAP_DATABASE_URL: await this.#database(client, books.own),
          PBAP_PLACES: '4',
          BANK_URL: `http://127.0.0.1:${bank}`,
          PBAP_NORMAL_PATH: instance === 1 ? 'yes' : 'no',
          PBAP_HTTP_PORT: instance === 1 ? String(door) : '0',
          PBAP_RECHARGE_MIN_AGE_MS: MIN_AGE_MS,
          PBAP_WITHDRAW_MIN_AGE_MS: MIN_AGE_MS,
        },
        isReady: (line) => saysReady(line, 'ready', true),
      });
    }
  }

  async #wayIn(client: string, sysCode: string): Promise<Readonly<Record<string, string>>> {
    const { nats } = this;
    // Over NATS no address of a server is needed; the example wants one all the same.
    if (nats === null) return { PICULUS_URL: `http://127.0.0.1:${await this.#link(client, sysCode)}` };
    return {
      PICULUS_URL: 'http://127.0.0.1:9',
      PICULUS_NATS_URL: `nats://127.0.0.1:${await this.#natsLink(client, sysCode, nats)}`,
      PICULUS_NATS_USER: sysCode,
      PICULUS_NATS_PASSWORD: nats.passwordOf(sysCode),
    };
  }

  async #natsLink(client: string, sysCode: string, nats: Nats): Promise<number> {
    const wire = await this.#arrow(`${client}>nodes`, () => ({ host: '127.0.0.1', port: nats.port }));
    const observer = new Observer(sysCode, this.options.witness);
    const pieces = new Pieces();
    const link = new NatsProxy({
      name: client,
      targetPort: wire,
      random: this.options.random,
      saw: (direction, subject, payload) => {
        const text = pieces.add(subject, payload);
        if (text !== null) observer.saw(direction, text);
      },
    });
    this.links.set(client, link);
    return link.listen();
  }

  /** A client's way to the servers: messages first, then the wire, then any node that is ready. */
  async #link(client: string, sysCode: string): Promise<number> {
    const wire = await this.#arrow(`${client}>nodes`, () => this.#balance(client));
    const observer = new Observer(sysCode, this.options.witness);
    const link = new WebSocketProxy({
      name: client,
      targetPort: wire,
      random: this.options.random,
      saw: (direction, text) => observer.saw(direction, text),
    });
    this.links.set(client, link);
    return link.listen();
  }

  async #database(of: string, database: string): Promise<string> {
    const port = await this.#arrow(`${of}>postgres`, () => ({ host: '127.0.0.1', port: this.postgres.port }));
    return this.postgres.urlOf(database, port);
  }

  async #arrow(name: string, choose: () => Target | null): Promise<number> {
    const proxy = new TcpProxy(name, choose);
    this.arrows.set(name, proxy);
    return proxy.listen();
  }

  #balance(client: string): Target | null {
    const kept = this.nodes.find(({ name }) => name === this.#keptTo.get(client));
    if (kept !== undefined) return { host: '127.0.0.1', port: kept.port };
    const ready = this.nodes.filter(({ name }) => this.#ready.has(name));
    const from = ready.length > 0 ? ready : this.nodes;
    this.#turn += 1;
    const node = from[this.#turn % from.length];
    return node === undefined ? null : { host: '127.0.0.1', port: node.port };
  }

  async #lookAtHealth(): Promise<void> {
    await Promise.all(
      this.nodes.map(async ({ name, url }) => {
        const ok = await fetch(`${url}/api/v1/ready`, { signal: AbortSignal.timeout(HEALTH_WITHIN_MS) }).then(
          async (answer) => {
            await answer.arrayBuffer();
            return answer.ok;
          },
          () => false,
        );
        if (ok) this.#ready.add(name);
        else this.#ready.delete(name);
      }),
    );
  }
}

/** @returns null where this machine has none; then no clock jumps. */
export function fakeTimeLibrary(): string | null {
  const places = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
    (machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`,
  );
  return places.find((path) => existsSync(path)) ?? null;
}
