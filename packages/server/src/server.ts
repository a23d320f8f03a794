/**
 * The composition root: builds every part, opens them in order and closes them in reverse. The HTTP server
 * listens at once, also while the database is away, so that it can say so; work begins when it is there.
 */
import { resolve } from 'node:path';
import { PiculusError } from '@piculus/protocol';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createChainWriter } from './audit/chain-writer.ts';
import { type CheckpointSink, fileSink, webhookSink } from './audit/export.ts';
import { type Clock, systemClock } from './base/clock.ts';
import { createLogger } from './base/logger.ts';
import { VERSION } from './base/version.ts';
import { bringUp } from './bring-up.ts';
import { type Built, compose, type ServerParts } from './compose.ts';
import { ACK_MS_MAX, drain } from './drain.ts';
import type { ServerConfig } from './config.ts';
import type { Door } from './gateway/transport.ts';
import { addressOf, closeHttp, listen } from './http/listen.ts';
import { createKeyWatcher } from './keys/watcher.ts';
import { Lifecycle } from './lifecycle.ts';
import {
  createDisciplinedClock,
  createTimeKeeper,
  type DisciplinedClock,
  measureTime,
} from './nodes/clock.ts';
import { createLoops } from './rooms.ts';
import { nextConnection } from './store/fencing.ts';

export type { ServerParts } from './compose.ts';

/** Whoever waits for the process to end does not wait longer, whatever hangs. */
const STOP_MS_MAX = 25_000;
const ALONE_ACK_MS_MAX = 500;

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
  /** Where the metrics are read. Empty where they are not offered, and before the start. */
  readonly metricsAddress: string;
  /** The administrator's one-time password where this start made it; to be shown once. Known once ready. */
  readonly firstPassword: string | null;
  /** Resolves with the reason where the server cannot go on by itself; never otherwise. */
  readonly failed: Promise<Error>;
}

export async function createServer(config: ServerConfig, parts: ServerParts = {}): Promise<PiculusServer> {
  return new Server(config, parts);
}

class Server implements PiculusServer {
  readonly failed: Promise<Error>;
  address = '';
  metricsAddress = '';
  firstPassword: string | null = null;
  readonly #config: ServerConfig;
  readonly #parts: ServerParts;
  readonly #clock: Clock;
  readonly #disciplined: DisciplinedClock | null;
  readonly #log: Logger;
  readonly #lifecycle: Lifecycle;
  #open = false;
  #draining = false;
  /** What is there to drain; null before it works. */
  #leave: (() => Promise<void>) | null = null;
  #stopped: Promise<void> | null = null;
  #starting: Promise<void> | null = null;
  #ready: Promise<void> = Promise.reject(new PiculusError('stopping', 'the server was not started'));
  #fail: (reason: Error) => void = () => {};

  constructor(config: ServerConfig, parts: ServerParts) {
    this.#config = config;
    this.#parts = parts;
    // A test that gives a clock wants that time and no other.
    this.#disciplined = parts.clock === undefined ? createDisciplinedClock(systemClock) : null;
    this.#clock = parts.clock ?? this.#disciplined ?? systemClock;
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

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#draining = true;
    await this.#leave?.();
    this.#open = false;
    const opening = Promise.allSettled([this.#starting, this.#ready]);
    const done = new AbortController();
    const late = this.#clock.sleep(STOP_MS_MAX, done.signal).then(() => {
      if (!done.signal.aborted) this.#log.error('the stop took too long; what is left is left');
    });
    await Promise.race([this.#lifecycle.stop(opening), late]).finally(() => done.abort());
  }

  async #start(): Promise<void> {
    const lifecycle = this.#lifecycle;
    const isLeaving = (): boolean => this.#draining;
    const built = await compose({
      config: this.#config,
      parts: this.#parts,
      clock: this.#clock,
      log: this.#log,
      lifecycle,
      fail: (reason) => this.#fail(reason),
      checkOpen: () => this.#checkOpen(),
      checkWorking: () => this.#checkWorking(),
      get isLeaving() {
        return isLeaving();
      },
      address: () => this.address,
    });
    const { app, gateway, nodes, rooms, telemetry, transports } = built;
    await lifecycle.open(
      'telemetry',
      () => telemetry.start(),
      () => telemetry.stop(),
    );
    this.metricsAddress = telemetry.address;
    await lifecycle.open(
      'message log',
      () => rooms.messages.start(),
      () => rooms.messages.stop(),
    );
    await lifecycle.open(
      'nodes',
      () => nodes,
      () => nodes.leave(),
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
      async () => {
        await Promise.all(transports.map((transport) => transport.close()));
        await gateway.stop();
        await Promise.all(transports.map((transport) => transport.end()));
      },
    );
    this.address = addressOf(app.http);
    this.#log.info({ address: this.address, version: VERSION }, 'the server listens');
    this.#ready = this.#bringUp(built);
    this.#ready.catch((error: unknown) => {
      if (!lifecycle.signal.aborted) this.#fail(asError(error));
    });
  }

  async #listen(http: FastifyInstance): Promise<void> {
    try {
      await listen(http, this.#config);
    } catch (error) {
      await http.close();
      throw error;
    }
  }

  async #openGateway(built: Built): Promise<void> {
    const { gateway, rooms, transports } = built;
    gateway.start();
    const door: Door = {
      accept: (connection, peer) => gateway.accept(connection, peer),
      authenticate: (key) => this.#admit(built, () => rooms.systems.authenticate(key)),
      authenticateProof: (sysCode, proves) =>
        this.#admit(built, () => rooms.systems.authenticateProof(sysCode, proves)),
    };
    for (const transport of transports) await transport.start(door);
  }

  async #admit<P extends object>(
    { context, gateway }: Built,
    authenticate: () => Promise<P | null>,
  ): Promise<P & { connection: string }> {
    this.#checkWorking();
    const peer = await authenticate();
    if (peer === null) throw new PiculusError('unknown-key');
    if (gateway.full) throw new PiculusError('busy', 'this server has as many connections as it takes');
    return { ...peer, connection: await nextConnection(context.db) };
  }

  async #bringUp({ context, rooms, gateway, keys, checkpointKey, nodes }: Built): Promise<void> {
    const { signal } = this.#lifecycle;
    const disciplined = this.#disciplined;
    this.firstPassword = await bringUp(context, {
      signal,
      reached: async () => {
        // Before anything is judged by the time.
        if (disciplined !== null) await measureTime(context, disciplined);
      },
      adminPasswordFile: this.#config.adminPasswordFile,
      databaseUrl: this.#config.databaseUrl,
      migrationDatabaseUrl: this.#config.migrationDatabaseUrl,
      join: () => nodes.join(signal),
    });
    const loops = [
      ...(disciplined === null ? [] : [createTimeKeeper(context, disciplined)]),
      ...nodes.loops,
      ...createLoops(context, rooms, gateway, {
        ...this.#config,
        isCleaner: () => nodes.duties.has('cleaner'),
        ackMs: () => (nodes.hasOthers ? ACK_MS_MAX : ALONE_ACK_MS_MAX),
      }),
      createChainWriter(context, {
        key: checkpointKey,
        sinks: this.#checkpointSinks(),
        onDuty: () => nodes.duties.has('chain-writer'),
      }),
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
    const { drainMs } = this.#config.nodes;
    this.#leave = () => drain({ clock: this.#clock, log: this.#log, nodes, gateway, loops, drainMs });
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

  #checkWorking(): void {
    if (this.#draining) throw new PiculusError('stopping');
    this.#checkOpen();
  }

  #checkOpen(): void {
    if (this.#lifecycle.signal.aborted) throw new PiculusError('stopping');
    if (!this.#open) throw new PiculusError('database-away', 'the server waits for its database');
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
