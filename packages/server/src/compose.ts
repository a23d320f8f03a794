/** Builds every part of a server from its configuration, without starting any but the way to the database. */
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { type CheckpointKey, loadCheckpointKey } from './audit/key.ts';
import { createAudit } from './audit/index.ts';
import type { Clock } from './base/clock.ts';
import { contextOf } from './base/context.ts';
import type { Context } from './base/services.ts';
import { noSteps, type Steps } from './base/steps.ts';
import { createWake } from './base/wake.ts';
import type { ServerConfig } from './config.ts';
import { createLiveEvents, type LiveEventRing } from './events/live-events.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import { createNatsTransport } from './gateway/nats/when-used.ts';
import type { GatewayTransport } from './gateway/transport.ts';
import { createWebSocketTransport } from './gateway/websocket.ts';
import { type App, createApp } from './http/app.ts';
import { findConsole } from './http/console.ts';
import { createIdentity, loadSecret } from './identity/index.ts';
import { openServerKeys, type ServerKeys } from './keys/index.ts';
import type { Lifecycle } from './lifecycle.ts';
import { aloneBus } from './nodes/bus.ts';
import { createNodes, type Nodes } from './nodes/index.ts';
import { createPostgresBus } from './nodes/postgres-bus.ts';
import { createNodeSelf, type NodeSelf, type RegistryOptions } from './nodes/registry.ts';
import { shareWake } from './nodes/shared-wake.ts';
import { openOwnDatabase, ownDatabaseDir } from './own-database.ts';
import { createRooms, type Rooms } from './rooms.ts';
import { openDatabase } from './store/database.ts';
import { openPool } from './store/pool.ts';
import { nodeChecks } from './telemetry/checks.ts';
import { createTelemetry, type Telemetry } from './telemetry/index.ts';
import { addNodeGauges } from './telemetry/node-gauges.ts';
import { createReadiness, type Readiness, type ReadinessCheck } from './telemetry/readiness.ts';
import { addStateGauges } from './telemetry/state.ts';

/** What a test puts in place of the process's own. */
export interface ServerParts {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** The places between which the process may die. */
  readonly steps?: Steps;
  /** How nodes tell that they live. */
  readonly registry?: Partial<RegistryOptions>;
  /** Sign-ins that one address may try in a minute. */
  readonly signInsPerMinute?: number;
  /** The folder of a built console, in place of the one that is installed; null serves none. */
  readonly consoleFolder?: string | null;
}

/** The server around the parts. */
export interface Host {
  readonly config: ServerConfig;
  readonly parts: ServerParts;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whatever is opened while building closes with it. */
  readonly lifecycle: Lifecycle;
  /** Tells that the server cannot go on by itself. */
  fail(reason: Error): void;
  /** @throws PiculusError `stopping`, `database-away`. */
  checkOpen(): void;
  /** It was asked to stop. */
  readonly isLeaving: boolean;
  /** As `checkOpen`, and where it takes no new work any more. */
  checkWorking(): void;
  /** Where it listens; empty before. */
  address(): string;
}

export interface Built {
  readonly context: Context;
  readonly events: LiveEventRing;
  readonly rooms: Rooms;
  readonly gateway: Gateway;
  /** The ways for clients to come in. */
  readonly transports: readonly GatewayTransport[];
  readonly app: App;
  readonly checkpointKey: CheckpointKey;
  readonly keys: ServerKeys;
  readonly nodes: Nodes;
  readonly telemetry: Telemetry;
  readonly readiness: Readiness;
}

export async function compose(host: Host): Promise<Built> {
  const { config, parts, clock, log, lifecycle } = host;
  const secret = config.secret ?? (await loadSecret(resolve(config.dataDir), clock));
  const checkpointKey = await loadCheckpointKey(resolve(config.dataDir), config.auditKeyFile);
  const telemetry = await createTelemetry(config.telemetry, { log, clock });
  const url = config.databaseUrl ?? (await openOwn(host));
  const onIdleError = (error: Error): void => log.warn({ err: error }, 'an idle connection broke');
  const pool = await lifecycle.open(
    'database pool',
    () =>
      openPool({
        url,
        onIdleError,
        connectionsMax: config.databaseConnections,
        oneByOne: config.databaseUrl === null,
      }),
    (opened) => opened.end(),
  );
  const events = createLiveEvents(clock);
  const db = openDatabase(pool, telemetry.database);
  const self = createNodeSelf(() => clock.uuid());
  const bus = config.databaseUrl === null ? aloneBus : createPostgresBus({ db, url, clock, log });
  const made = contextOf({
    db,
    clock,
    log,
    nodeId: self.id,
    events,
    wake: shareWake(createWake(clock), bus),
    bus,
    metrics: telemetry.metrics,
    tracing: telemetry.tracing,
    steps: parts.steps ?? noSteps,
  });
  const context = underNameOf(self, made);
  const rooms = createRooms(context, config);
  const keys = await openServerKeys(context, {
    folder: resolve(config.signingKeysDir ?? join(config.dataDir, 'signing-keys')),
    file: config.signingKeyFile,
    hasOthers: () => nodes.hasOthers,
  });
  const gateway = createGateway(context, rooms, { leaseMs: config.leaseMs, signer: keys.signer });
  const nodes: Nodes = createNodes(context, {
    self,
    secret,
    events,
    gateway,
    keys,
    auditKey: checkpointKey.publicKey,
    address: () => host.address(),
    recheck: () => app.live.recheck(),
    alone: config.databaseUrl === null,
    ...(parts.registry === undefined ? {} : { registry: parts.registry }),
  });
  // The transports come last: the first of them is the app's own server.
  let checks: readonly ReadinessCheck[] = [];
  const readiness = createReadiness(clock, () => checks);
  const http = { context, rooms, gateway, nodes, keys, events, secret, checkpointKey, readiness };
  const app: App = await createHttp(host, http);
  const transports = [
    createWebSocketTransport({ server: app.http.server, log, requestId: () => clock.uuid() }),
    ...(config.nats === null
      ? []
      : [await createNatsTransport({ config: config.nats, clock, log, metrics: telemetry.metrics })]),
  ];
  checks = nodeChecks({
    host: { checkOpen: () => host.checkWorking() },
    context,
    keys,
    transports,
    loops: telemetry.loops,
  });
  const { messages } = rooms;
  addNodeGauges(telemetry.metrics, {
    pool,
    gateway,
    messages,
    live: app.live,
    readiness,
    transports,
    bus: context.bus,
    clock,
  });
  addStateGauges(telemetry.registry, context, config.telemetry.stateCacheMs);
  return { ...http, app, transports, telemetry };
}

/** A node that was taken for dead goes on under another name. */
function underNameOf(self: NodeSelf, context: Context): Context {
  return Object.defineProperty(context, 'nodeId', { get: () => self.id, enumerable: true });
}

type HttpParts = Pick<
  Built,
  'context' | 'rooms' | 'gateway' | 'nodes' | 'keys' | 'events' | 'checkpointKey' | 'readiness'
> & {
  readonly secret: string;
};

async function createHttp(host: Host, built: HttpParts): Promise<App> {
  const { config, parts } = host;
  const { context, rooms, secret, checkpointKey } = built;
  const { publicUrl } = config;
  return createApp({
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
    gateway: built.nodes.everywhere,
    nodes: built.nodes,
    keys: built.keys,
    events: built.events,
    secret,
    publicUrl,
    trustedProxies: config.trustedProxies,
    consoleFolder: parts.consoleFolder === undefined ? await findConsole() : parts.consoleFolder,
    checkOpen: () => host.checkOpen(),
    isLeaving: () => host.isLeaving,
    readiness: built.readiness,
    ...(parts.signInsPerMinute === undefined ? {} : { signInsPerMinute: parts.signInsPerMinute }),
  });
}

/** @returns the address of the embedded database. */
async function openOwn({ config, log, lifecycle, fail }: Host): Promise<string> {
  const dataDir = ownDatabaseDir(config);
  log.warn(
    { dataDir },
    'PICULUS_DATABASE_URL is not set: using the embedded database, which is for evaluation and does not flush to disk',
  );
  const own = await lifecycle.open(
    'embedded database',
    () => openOwnDatabase(config),
    (opened) => opened.stop(),
  );
  own.broken.then(fail);
  return own.url;
}
