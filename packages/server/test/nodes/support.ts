/** Several real servers on one database, as they stand behind a balancer: one secret, one folder of keys. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, API_PREFIX, createApiClient, signInFirst } from '@piculus/protocol/http';
import pg from 'pg';
import { createMigratedDatabase } from '../../../../test/support/database.ts';
import { createLogger } from '../../src/base/logger.ts';
import { loadConfig, type ServerConfig } from '../../src/config.ts';
import { createServer, type PiculusServer, type ServerParts } from '../../src/server.ts';

export interface TestNode {
  readonly server: PiculusServer;
  readonly address: string;
  readonly api: ApiClient;
}

export interface TestNodes {
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly token: string;
  readonly nodes: readonly [TestNode, TestNode, ...TestNode[]];
  /** Another one; given another `dataDir` it has other secrets. Not waited for to be ready. */
  start(change?: Partial<ServerConfig>, parts?: ServerParts): Promise<PiculusServer>;
  /** Rows of a query that the test asks of the database itself. */
  rows(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export interface NodesOptions {
  readonly count?: number;
  readonly change?: Partial<ServerConfig>;
  readonly parts?: ServerParts;
  /** May stand between one node, by its number, and the database. */
  readonly via?: (url: string, node: number) => Promise<string>;
}

export async function startNodes({ count = 2, change, parts, via }: NodesOptions = {}): Promise<TestNodes> {
  const database = await createMigratedDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'piculus-nodes-'));
  const servers: PiculusServer[] = [];
  const asked = new pg.Pool({ connectionString: database.url, max: 1 });
  asked.on('error', () => {});
  const start = async (more: Partial<ServerConfig> = {}, moreParts: ServerParts = {}) => {
    const config: ServerConfig = {
      ...loadConfig({}),
      dataDir,
      databaseUrl: database.url,
      port: 0,
      logLevel: 'silent',
      ...change,
      ...more,
    };
    const server = await createServer(config, {
      log: createLogger('silent'),
      signInsPerMinute: 1_000,
      consoleFolder: null,
      registry: { beatMs: 200, goneMs: 3_000 },
      ...parts,
      ...moreParts,
    });
    servers.push(server);
    await server.start();
    return server;
  };
  let token = '';
  const nodes: TestNode[] = [];
  for (let number = 0; number < count; number += 1) {
    const databaseUrl = (await via?.(database.url, number)) ?? database.url;
    const server = await start({ databaseUrl });
    await server.ready();
    const { address } = server;
    if (server.firstPassword !== null) {
      const first = {
        username: 'admin',
        oneTimePassword: server.firstPassword,
        password: 'a password of our own',
      };
      ({ token } = await signInFirst({ baseUrl: address }, first));
    }
    nodes.push({ server, address, api: createApiClient({ baseUrl: address, token }) });
  }
  const [one, two, ...rest] = nodes;
  if (one === undefined || two === undefined) throw new Error('a test of nodes has two at least');
  const rows = async (text: string, values: unknown[] = []) => (await asked.query(text, values)).rows;
  const made: TestNodes = {
    databaseUrl: database.url,
    dataDir,
    token,
    nodes: [one, two, ...rest],
    start,
    rows,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await asked.end();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return made;
}

/** Resolves once each of the nodes knows of so many others at work. */
export async function acquainted(test: TestNodes, count: number): Promise<void> {
  await until(async () => {
    const [row] = await test.rows(
      `SELECT count(*)::int AS working FROM piculus.nodes WHERE state = 'working' AND seen_at > started_at + interval '250 ms'`,
    );
    return row?.working === count;
  });
}

/** Asks again and again; the test's own time limit ends it. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export interface Heard {
  readonly events: {
    readonly id: string;
    readonly event: string;
    readonly data: string;
    readonly at: number;
  }[];
  /** Resolves once such an event is there. */
  has(wants: (event: { event: string; data: string }) => boolean): Promise<void>;
  close(): void;
}

/** Reads live events of a node; resolves once it stands in the stream. */
export async function listenAt(address: string, token: string): Promise<Heard> {
  const stop = new AbortController();
  const response = await fetch(`${address}${API_PREFIX}/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  });
  const events: Heard['events'] = [];
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string): string =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
        events.push({ id: field('id'), event: field('event'), data: field('data'), at: Date.now() });
      }
    }
  };
  read().catch(() => {});
  const heard: Heard = {
    events,
    has: (wants) => until(() => events.some(wants)),
    close: () => stop.abort(),
  };
  await heard.has(({ event }) => event === 'hello');
  return heard;
}
