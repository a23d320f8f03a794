/** One server that clients can reach over every transport, with its database and its NATS. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, type ClientOptions, createClient } from '@piculus/client';
import { natsTransport } from '@piculus/client/nats';
import { memoryJournal } from '@piculus/client/testing';
import { type ApiClient, createApiClient, signIn, signInFirst } from '@piculus/protocol/http';
import { createServer, loadConfig, type PiculusServer } from '@piculus/server';
import type pg from 'pg';
import pgLibrary from 'pg';
import { FIX_CODE } from '../../packages/client/test/support/accounts.ts';
import type { Transport } from '../../packages/client/src/connection/transport.ts';
import { webSocketTransport } from '../../packages/client/src/connection/websocket.ts';
import { createMigratedDatabase } from '../support/database.ts';
import { startTestNats, type TestNats } from '../support/nats.ts';

export interface System {
  readonly sysCode: string;
  readonly key: string;
}

export interface World {
  readonly nats: TestNats;
  readonly pool: pg.Pool;
  readonly serverKeys: readonly string[];
  server: PiculusServer;
  api: ApiClient;
  system(sysCode: string): System;
  /** A further server on the same database and NATS, as another node. */
  anotherServer(): Promise<PiculusServer>;
  stop(): Promise<void>;
}

const PERSON = { username: 'admin', password: 'a password of our own' };

export async function createWorld(
  sysCodes: readonly string[],
  { natsAway = false }: { readonly natsAway?: boolean } = {},
): Promise<World> {
  const [nats, database] = await Promise.all([
    startTestNats({ systems: sysCodes }),
    createMigratedDatabase(),
  ]);
  if (natsAway) await nats.kill();
  const dataDir = await mkdtemp(join(tmpdir(), 'piculus-transports-'));
  const pool = new pgLibrary.Pool({ connectionString: database.url, max: 2 });
  const servers: PiculusServer[] = [];
  const start = async (): Promise<PiculusServer> => {
    const server = await createServer({
      ...loadConfig({}),
      dataDir,
      databaseUrl: database.url,
      port: 0,
      logLevel: 'silent',
      nats: nats.config,
    });
    servers.push(server);
    await server.start();
    await server.ready();
    return server;
  };
  const server = await start();
  const oneTimePassword = server.firstPassword ?? '';
  const { token } = await signInFirst({ baseUrl: server.address }, { ...PERSON, oneTimePassword });
  const api = createApiClient({ baseUrl: server.address, token });
  const systems = new Map<string, System>();
  let serverKeys: readonly string[] = [];
  for (const sysCode of sysCodes) {
    const made = await api.createSystem({ body: { sysCode, name: sysCode } });
    serverKeys = made.serverKeys;
    systems.set(sysCode, { sysCode, key: made.key });
    await api.createSolution({ body: { sysCode, fixCode: FIX_CODE, executionMode: 'manual' } });
  }
  return {
    nats,
    pool,
    serverKeys,
    server,
    api,
    system(sysCode) {
      const system = systems.get(sysCode);
      if (system === undefined) throw new Error(`no system ${sysCode}`);
      return system;
    },
    anotherServer: start,
    async stop() {
      await Promise.all(servers.map((each) => each.stop()));
      await pool.end();
      await nats.stop();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function signedIn(server: PiculusServer): Promise<ApiClient> {
  const { token } = await signIn({ baseUrl: server.address }, PERSON);
  return createApiClient({ baseUrl: server.address, token });
}

/** The ways for a client to come in. */
export const WAYS = ['websocket', 'nats'] as const;
export type Way = (typeof WAYS)[number];

export function transportOf(way: Way, world: World, { sysCode, key: systemKey }: System): Transport {
  return way === 'websocket'
    ? webSocketTransport({ url: world.server.address, systemKey })
    : natsTransport({ servers: world.nats.url, systemKey, login: world.nats.login(sysCode) });
}

export type SomeOptions = Pick<ClientOptions<unknown>, 'fixes'> & Partial<ClientOptions<unknown>>;

export function clientOver(way: Way, world: World, system: System, options: SomeOptions): Client {
  return createClient({
    systemKey: system.key,
    serverKeys: world.serverKeys,
    application: { name: system.sysCode, version: '1.0.0' },
    journal: memoryJournal(),
    reconnect: { baseMs: 20, maxMs: 200, refusedMs: 500 },
    transport: transportOf(way, world, system),
    ...options,
  });
}
