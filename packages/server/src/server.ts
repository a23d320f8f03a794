/**
 * The composition root: builds every part, opens them in order and closes them in reverse. The HTTP server
 * listens at once, also while the database is away, so that it can say so; work begins when it is there.
 */
import { join, resolve } from 'node:path';
import { PiculusError } from '@piculus/protocol';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { bringUp } from './bring-up.ts';
import { type Clock, systemClock } from './base/clock.ts';
import { createLogger } from './base/logger.ts';
import { createChainWriter } from './audit/chain-writer.ts';
import { createAudit } from './audit/index.ts';
import { type CheckpointSink, fileSink, webhookSink } from './audit/export.ts';
import { type CheckpointKey, loadCheckpointKey } from './audit/key.ts';
import type { Context } from './base/services.ts';
import { VERSION } from './base/version.ts';
import { createWake } from './base/wake.ts';
import type { ServerConfig } from './config.ts';
import { createLiveEvents, type LiveEventRing } from './events/live-events.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import { startWebSocketTransport, type WebSocketTransport } from './gateway/websocket.ts';
import { type App, createApp } from './http/app.ts';
import { findConsole } from './http/console.ts';
import { addressOf, closeHttp, listen } from './http/listen.ts';
import { openServerKeys, type ServerKeys } from './keys/index.ts';
import { createKeyWatcher } from './keys/watcher.ts';
import { createIdentity, loadSecret } from './identity/index.ts';
import { Lifecycle } from './lifecycle.ts';
import { openOwnDatabase, ownDatabaseDir } from './own-database.ts';
import { createLoops, createRooms, type Rooms } from './rooms.ts';
import { openDatabase } from './store/database.ts';
import { pingDatabase } from './store/ping.ts';
import { openPool } from './store/pool.ts';

export interface PiculusServer {
  /**
   * Resolves once the server listens; the database may still be away then.
   * @throws StartError where it cannot listen or its own database cannot be opened.
   */
  start(): Promise<void>;
  /** Resolves once the server works. @throws PiculusError `stopping`, or why it cannot go on. */
  ready(): Promise<void>;
  /** Ends work, sessions and connections in order. Safe at any moment and again. */
  stop(): Promise<void>;
  /** Where it listens, for instance `http://127.0.0.1:7070`. Empty before the start. */
  readonly address: string;
  /** The administrator's one-time password where this start made it; to be shown once. Known once ready. */
  readonly firstPassword: string | null;
  /** Resolves with the reason where the server cannot go on by itself; never otherwise. */
  readonly failed: Promise<Error>;
}

/** What a test puts in place of the process's own. */
export interface ServerParts {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Sign-ins that one address may try in a minute. */
  readonly signInsPerMinute?: number;
  /** The folder of a built console, in place of the one that is installed; null serves none. */
  readonly consoleFolder?: string | null;
}

export async function createServer(config: ServerConfig, parts: ServerParts = {}): Promise<PiculusServer> {
  return new Server(config, parts);
}

/** Everything that `start` makes. */
interface Built {
  readonly context: Context;
  readonly events: LiveEventRing;
  readonly rooms: Rooms;
  readonly gateway: Gateway;
  readonly app: App;
  readonly checkpointKey: CheckpointKey;
  readonly keys: ServerKeys;
}

class Server implements PiculusServer {
  readonly failed: Promise<Error>;
  address = '';
  firstPassword: string | null = null;
  readonly #config: ServerConfig;
  readonly #parts: ServerParts;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #lifecycle: Lifecycle;
  #open = false;
  #starting: Promise<void> | null = null;
  #ready: Promise<void> = Promise.reject(new PiculusError('stopping', 'the server was not started'));
  #fail: (reason: Error) => void = () => {};

  constructor(config: ServerConfig, parts: ServerParts) {
    this.#config = config;
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#log = parts.log ?? createLogger(config.logLevel);
    this.#lifecycle = new Lifecycle(this.#log, this.#clock);
    this.#ready.catch(() => {});
    this.failed = new Promise((settle) => {
      this.#fail = settle;
    });
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async stop(): Promise<void> {
    this.#open = false;
    const opening = Promise.allSettled([this.#starting, this.#ready]);
    await this.#lifecycle.stop(opening);
  }

  async #start(): Promise<void> {
    const lifecycle = this.#lifecycle;
    const built = await this.#build();
    const { app, gateway, rooms } = built;
    await lifecycle.open(
      'message log',
      () => rooms.messages.start(),
      () => rooms.messages.stop(),
    );
    await lifecycle.open(
      'http',
      () => this.#listen(app.http),
      () => closeHttp(app.http, this.#clock),
    );
    await lifecycle.open(
      'live events',
      () => app.live,
      (live) => live.stop(),
    );
    await lifecycle.open(
      'gateway',
      () => this.#openGateway(built),
      async (transport) => {
        transport.close();
        await gateway.stop();
      },
    );
    this.address = addressOf(app.http);
    this.#log.info({ address: this.address, version: VERSION }, 'the server listens');
    this.#ready = this.#bringUp(built);
    this.#ready.catch((error: unknown) => {
      if (!lifecycle.signal.aborted) this.#fail(asError(error));
    });
  }

  async #build(): Promise<Built> {
    const config = this.#config;
    const secret = config.secret ?? (await loadSecret(resolve(config.dataDir), this.#clock));
    const checkpointKey = await loadCheckpointKey(resolve(config.dataDir));
    const url = config.databaseUrl ?? (await this.#startOwnDatabase());
    const onIdleError = (error: Error): void => this.#log.warn({ err: error }, 'an idle connection broke');
    const pool = await this.#lifecycle.open(
      'database pool',
      () => openPool({ url, onIdleError }),
      (opened) => opened.end(),
    );
    const events = createLiveEvents(this.#clock);
    const wake = createWake(this.#clock);
    const nodeId = this.#clock.uuid();
    const context: Context = {
      db: openDatabase(pool),
      clock: this.#clock,
      log: this.#log,
      nodeId,
      events,
      wake,
    };
    const rooms = createRooms(context, config);
    const keys = await openServerKeys(context, {
      folder: resolve(config.signingKeysDir ?? join(config.dataDir, 'signing-keys')),
      file: config.signingKeyFile,
    });
    const gateway = createGateway(context, rooms, { leaseMs: config.leaseMs, signer: keys.signer });
    const { publicUrl } = config;
    const app = await createApp({
      context,
      services: rooms,
      audit: createAudit(context, {
        problems: rooms.problems,
        messages: rooms.messages,
        publicKey: checkpointKey.publicKey,
        exportedTo: {
          file: config.auditCheckpointFile !== null,
          receiver: config.auditCheckpointUrl !== null,
        },
      }),
      identity: createIdentity(context, { secret, publicUrl, signOn: config.signOn }),
      gateway,
      keys,
      events,
      secret,
      publicUrl,
      trustedProxies: config.trustedProxies,
      consoleFolder:
        this.#parts.consoleFolder === undefined ? await findConsole() : this.#parts.consoleFolder,
      checkOpen: () => this.#checkOpen(),
      checkReady: async () => {
        this.#checkOpen();
        await pingDatabase(context.db);
      },
      ...(this.#parts.signInsPerMinute === undefined
        ? {}
        : { signInsPerMinute: this.#parts.signInsPerMinute }),
    });
    return { context, events, rooms, gateway, app, keys, checkpointKey };
  }

  async #startOwnDatabase(): Promise<string> {
    const dataDir = ownDatabaseDir(this.#config);
    this.#log.warn(
      { dataDir },
      'PICULUS_DATABASE_URL is not set: using the embedded database, which is for evaluation and does not flush to disk',
    );
    const own = await this.#lifecycle.open(
      'embedded database',
      () => openOwnDatabase(this.#config),
      (opened) => opened.stop(),
    );
    own.broken.then(this.#fail);
    return own.url;
  }

  async #listen(http: FastifyInstance): Promise<void> {
    try {
      await listen(http, this.#config);
    } catch (error) {
      await http.close();
      throw error;
    }
  }

  #openGateway({ app, gateway, rooms }: Built): WebSocketTransport {
    gateway.start();
    return startWebSocketTransport({
      server: app.http.server,
      log: this.#log,
      requestId: () => this.#clock.uuid(),
      accept: (connection, peer) => gateway.accept(connection, peer),
      authenticate: async (key) => {
        this.#checkOpen();
        const peer = await rooms.systems.authenticate(key);
        if (peer === null) throw new PiculusError('unknown-key');
        if (gateway.full) throw new PiculusError('busy', 'this server has as many connections as it takes');
        return peer;
      },
    });
  }

  async #bringUp({ context, rooms, gateway, keys, checkpointKey }: Built): Promise<void> {
    const { signal } = this.#lifecycle;
    this.firstPassword = await bringUp(context, {
      signal,
      adminPasswordFile: this.#config.adminPasswordFile,
      databaseUrl: this.#config.databaseUrl,
      migrationDatabaseUrl: this.#config.migrationDatabaseUrl,
    });
    const loops = [
      ...createLoops(context, rooms, gateway, this.#config),
      createChainWriter(context, { key: checkpointKey, sinks: this.#checkpointSinks() }),
      createKeyWatcher(context, keys, () => gateway.announceKeys()),
    ];
    await this.#lifecycle.open(
      'loops',
      () => {
        for (const loop of loops) loop.start();
      },
      // Together: one by one, those that still wait their turn would begin another round each.
      async () => {
        await Promise.all(loops.map((loop) => loop.stop()));
      },
    );
    // Closed before the loops: deliveries that wait for a client end with its connection.
    await this.#lifecycle.open(
      'sessions',
      () => gateway,
      (opened) => opened.stop(),
    );
    this.#lifecycle.check();
    this.#open = true;
    this.#log.info('the server is ready');
  }

  #checkpointSinks(): CheckpointSink[] {
    const { auditCheckpointFile: file, auditCheckpointUrl: url } = this.#config;
    const parts = { clock: this.#clock, log: this.#log };
    return [
      ...(file === null ? [] : [fileSink(resolve(file), this.#log)]),
      ...(url === null ? [] : [webhookSink(url, parts)]),
    ];
  }

  #checkOpen(): void {
    if (this.#lifecycle.signal.aborted) throw new PiculusError('stopping');
    if (!this.#open) throw new PiculusError('database-away', 'the server waits for its database');
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
