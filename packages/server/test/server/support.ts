/** A real server on a database of its own, a signed-in caller, and raw clients that speak the wire by hand. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, LIMITS, type ServerMessage, type ServerMessageType } from '@piculus/protocol';
import { type ApiClient, createApiClient, GATEWAY_PATH, signInFirst } from '@piculus/protocol/http';
import { WebSocket } from 'ws';
import { createMigratedDatabase } from '../../../../test/support/database.ts';
import { createLogger } from '../../src/base/logger.ts';
import { loadConfig, type ServerConfig } from '../../src/config.ts';
import { createServer, type PiculusServer, type ServerParts } from '../../src/server.ts';

export interface TestServer {
  readonly server: PiculusServer;
  readonly address: string;
  readonly token: string;
  /** The administrator's own. */
  readonly password: string;
  readonly api: ApiClient;
  readonly config: ServerConfig;
  stop(): Promise<void>;
}

/** `via` may stand between the server and its database, and gets the database's address. */
export async function startTestServer(
  change: Partial<ServerConfig> = {},
  via: (url: string) => Promise<string> = async (url) => url,
  parts: ServerParts = {},
): Promise<TestServer> {
  const database = await createMigratedDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'piculus-server-'));
  const databaseUrl = await via(database.url);
  const config: ServerConfig = {
    ...loadConfig({}),
    dataDir,
    databaseUrl,
    port: 0,
    logLevel: 'silent',
    ...change,
  };
  const server = await createServer(config, {
    log: createLogger('silent'),
    signInsPerMinute: 1_000,
    ...parts,
  });
  await server.start();
  await server.ready();
  const password = 'a password of our own';
  const oneTimePassword = server.firstPassword ?? '';
  const first = { username: 'admin', oneTimePassword, password };
  const { token } = await signInFirst({ baseUrl: server.address }, first);
  return {
    server,
    address: server.address,
    token,
    password,
    config,
    api: createApiClient({ baseUrl: server.address, token }),
    stop: async () => {
      await server.stop();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export async function signIn(address: string, username: string, password: string): Promise<string> {
  const response = await fetch(`${address}/api/auth/sign-in/username`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  const body: unknown = await response.json();
  if (typeof body === 'object' && body !== null && 'token' in body && typeof body.token === 'string')
    return body.token;
  throw new Error(`sign-in failed: ${response.status} ${JSON.stringify(body)}`);
}

export const FIX = 'interRechargeFixServiceImpl';
export const hello = (clientId: string, change: object = {}) => ({
  clientId,
  protocolVersions: [1],
  sdk: { name: 'raw', version: '1' },
  application: { name: 'pbap', version: '1.2.3' },
  host: 'test',
  pid: 1,
  places: 4,
  collectors: [FIX],
  fixes: [FIX],
  leases: [],
  ...change,
});

const side = { state: 'x', source: 'test', observedAt: '2026-11-22T00:00:00.000Z', fields: {} };
export const problem = (businessKey: string, change: object = {}) => ({
  fixCode: FIX,
  businessKey,
  scenario: 'C1',
  handling: 'fix',
  amountMinor: '700',
  currency: 'CNY',
  occurredAt: '2026-11-21T00:00:00.000Z',
  outOfPocket: 'customer',
  facts: { order: side, ledger: side, bank: side },
  contradictions: [],
  ...change,
});

/** Speaks frames by hand, so that it can also speak them wrongly. */
export class RawClient {
  readonly socket: WebSocket;
  /** Resolves with the close code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #received: ServerMessage[] = [];
  readonly #waiters: {
    wants: (message: ServerMessage) => boolean;
    resolve: (message: ServerMessage) => void;
    fail: (error: Error) => void;
  }[] = [];
  #next = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        for (const waiter of this.#waiters.splice(0))
          waiter.fail(new Error(`closed: ${code} ${reason.toString()}`));
      });
    });
    socket.on('error', () => {});
    socket.on('message', (data) => this.#take(JSON.parse(data.toString())));
  }

  static async connect(address: string, key: string): Promise<RawClient> {
    const socket = new WebSocket(`${address.replace('http', 'ws')}${GATEWAY_PATH}`, {
      headers: { authorization: `Bearer ${key}` },
      maxPayload: LIMITS.messageBytes,
    });
    const client = new RawClient(socket);
    await once(socket, 'open');
    return client;
  }

  static async greeted(
    address: string,
    key: string,
    clientId: string,
    change: object = {},
  ): Promise<RawClient> {
    const client = await RawClient.connect(address, key);
    client.say('hello', hello(clientId, change));
    await client.get('welcome');
    return client;
  }

  /** @returns the message's id. */
  say(type: string, body: unknown, envelope: object = {}): string {
    this.#next += 1;
    const id = `m${this.#next}`;
    this.raw(JSON.stringify({ v: 1, id, at: new Date().toISOString(), type, body, ...envelope }));
    return id;
  }

  raw(frame: string): void {
    this.socket.send(frame);
  }

  /** The next message of this type that nobody has got yet. */
  get<T extends ServerMessageType>(
    type: T,
    wants: (message: ServerMessage & { type: T }) => boolean = () => true,
  ) {
    const isWanted = (message: ServerMessage): message is ServerMessage & { type: T } =>
      message.type === type && wants(message as ServerMessage & { type: T });
    return new Promise<ServerMessage & { type: T }>((resolve, reject) => {
      const index = this.#received.findIndex(isWanted);
      const [found] = index < 0 ? [] : this.#received.splice(index, 1);
      if (found !== undefined && isWanted(found)) return resolve(found);
      this.#waiters.push({
        wants: isWanted,
        fail: reject,
        resolve: (message) =>
          isWanted(message) ? resolve(message) : reject(new Error('not what was waited for')),
      });
    });
  }

  acknowledged(id: string) {
    return this.get('ack', (message) => message.body.re === id);
  }

  async refused(): Promise<ErrorCode> {
    return (await this.get('error')).body.code;
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #take(message: ServerMessage): void {
    const index = this.#waiters.findIndex((waiter) => waiter.wants(message));
    const [waiter] = index < 0 ? [] : this.#waiters.splice(index, 1);
    if (waiter === undefined) this.#received.push(message);
    else waiter.resolve(message);
  }
}
