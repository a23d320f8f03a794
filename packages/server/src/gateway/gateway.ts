/** The gateway: takes connections of clients over any transport, keeps their sessions, ends them at the stop. */
import {
  type ClientMessageBody,
  LIMITS,
  PiculusError,
  type PreviewResult,
  type Revealed,
  type ServerMessageBody,
} from '@piculus/protocol';
import type { Context, Services, Session, Sessions } from '../base/services.ts';
import type { Signer } from '../keys/signer.ts';
import { FreedPlaces } from './freed-places.ts';
import { createSealer, type Sealer } from './sealer.ts';
import { GatewaySession } from './session.ts';
import type { CloseReason, Connection, Peer } from './transport.ts';
import { createMessageValidator, type MessageValidator } from './validation.ts';

export interface GatewayOptions {
  /** How long a lease lasts without a heartbeat. */
  readonly leaseMs: number;
  readonly heartbeatMs?: number;
  /** How long a client may be silent, before its hello too. */
  readonly silenceMs?: number;
  readonly previewMs?: number;
  readonly connectionsMax?: number;
  /** Signs commands for clients. */
  readonly signer: Signer;
}

/** What a session and its handlers use of the gateway. */
export interface GatewayParts {
  readonly context: Context;
  readonly services: GatewayServices;
  readonly validator: MessageValidator;
  readonly signer: Signer;
  readonly sealer: Sealer;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly freed: FreedPlaces;
  /** Puts the session into the list; an older connection of the same client is closed. @throws `wrong-system`. */
  admit(session: GatewaySession, hello: ClientMessageBody<'hello'>): void;
  closed(session: GatewaySession): void;
  /** A command was answered; told to the clients' room at most once a second. */
  alive(session: GatewaySession): void;
  /** Runs after what was started before for the same client, so that a going client never outlives a coming one. */
  serially<T>(clientId: string, work: () => Promise<T>): Promise<T>;
}

export type GatewayServices = Pick<Services, 'clients' | 'collections' | 'executions' | 'messages'>;

export interface Gateway extends Sessions {
  /** No further connection is taken. */
  readonly full: boolean;
  accept(connection: Connection, peer: Peer): GatewaySession;
  /**
   * Asks a connected client of the system what a fix would do now.
   * @throws PiculusError `no-client` where none has the fix, `busy` where none answered in time.
   */
  preview(sysCode: string, request: Omit<ServerMessageBody<'preview'>, 'previewId'>): Promise<PreviewResult>;
  /**
   * Asks a connected client of the system for unmasked values of one record.
   * @throws PiculusError as `preview`.
   */
  reveal(sysCode: string, request: Omit<ServerMessageBody<'reveal'>, 'revealId'>): Promise<Revealed>;
  /** Every connection that is open, also before its hello. */
  connections(): Iterable<GatewaySession>;
  /** Tells every connected client which keys the server has now. */
  announceKeys(): void;
  /** Tells a client to stop a collect command, where it is connected here. */
  cancelCollect(clientId: string, commandId: string): void;
  /** Ends the connections that came in by this key. */
  closeByKey(keyId: string): void;
  closeBySystem(sysCode: string): void;
  /** Ends every connection. */
  closeAll(reason: CloseReason): void;
  /** Keys that connections came in by. */
  keyIds(): ReadonlySet<string>;
  /** Ends the connections in strides over that time, so that not all of them come to the other nodes at once. */
  closeSlowly(overMs: number): Promise<void>;
  start(): void;
  /** Ends all sessions and waits until no message is being handled. */
  stop(): Promise<void>;
}

const CONNECTIONS_MAX = 2_000;
const STRIDES = 10;

export function createGateway(context: Context, services: GatewayServices, options: GatewayOptions): Gateway {
  const {
    leaseMs,
    // A lease is renewed by heartbeats alone, so several of them must fit into one.
    heartbeatMs = Math.min(LIMITS.heartbeatMs, Math.floor(leaseMs / 3)),
    silenceMs = LIMITS.silenceMs,
    previewMs = 15_000,
  } = options;
  const all = new Set<GatewaySession>();
  /** Closed, with messages still being handled. */
  const draining = new Set<GatewaySession>();
  const byClient = new Map<string, GatewaySession>();
  const chains = new Map<string, Promise<unknown>>();
  const told = new Map<string, number>();
  const stopping = new AbortController();
  let sweeping: Promise<void> | null = null;

  const parts: GatewayParts = {
    context,
    services,
    validator: createMessageValidator(),
    signer: options.signer,
    sealer: createSealer(options.signer),
    leaseMs,
    heartbeatMs,
    freed: new FreedPlaces(context, stopping.signal),
    admit(session, hello) {
      const older = byClient.get(hello.clientId);
      if (older !== undefined && older.sysCode !== session.sysCode) {
        throw new PiculusError('wrong-system', 'a client of another system has this id');
      }
      byClient.set(hello.clientId, session);
      session.hello = hello;
      session.outbox.clientId = hello.clientId;
      session.collectors = new Set(hello.collectors);
      session.knows = new Set(hello.knows);
      session.fixes = new Set(hello.fixes);
      older?.close('replaced');
    },
    closed(session) {
      all.delete(session);
      draining.add(session);
      session.idle().then(() => draining.delete(session));
      const { clientId } = session;
      if (byClient.get(clientId) !== session) return;
      byClient.delete(clientId);
      told.delete(clientId);
      gone(session).catch((error: unknown) => {
        context.log.warn({ err: error, clientId }, 'the end of a client could not be stored');
      });
    },
    alive(session) {
      const nowMs = context.clock.elapsedMs();
      if (nowMs - (told.get(session.clientId) ?? Number.NEGATIVE_INFINITY) < 1_000) return;
      told.set(session.clientId, nowMs);
      services.clients.answered(session.clientId).catch((error: unknown) => {
        context.log.warn({ err: error, clientId: session.clientId }, 'a sign of life could not be stored');
      });
    },
    async serially(clientId, work) {
      const turn = (chains.get(clientId) ?? Promise.resolve()).then(work, work);
      chains.set(clientId, turn);
      try {
        return await turn;
      } finally {
        if (chains.get(clientId) === turn) chains.delete(clientId);
      }
    },
  };

  async function gone(session: GatewaySession): Promise<void> {
    const { clientId, sysCode } = session;
    context.log.info({ sysCode, clientId }, 'a client went');
    await parts.serially(clientId, async () => {
      if (!byClient.has(clientId)) await services.clients.disconnected(clientId, session.connection);
    });
  }

  function sweep(): void {
    const before = context.clock.elapsedMs() - silenceMs;
    for (const session of [...all]) {
      session.outbox.expire(before);
      if (!session.paused && session.heardAt < before) session.close('silent');
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await context.clock.sleep(Math.min(1_000, silenceMs / 4), stopping.signal);
      sweep();
    }
  }

  const open = (): GatewaySession[] => [...byClient.values()].filter((session) => session.state === 'open');

  /** The client that has the fix and the most room. @throws PiculusError `no-client`. */
  const able = (sysCode: string, fixCode: string): GatewaySession => {
    const found = open().filter((session) => session.sysCode === sysCode && session.fixes.has(fixCode));
    const [session] = found.sort((a, b) => b.freePlaces - a.freePlaces);
    if (session === undefined) throw new PiculusError('no-client');
    return session;
  };

  return {
    get full() {
      return all.size >= (options.connectionsMax ?? CONNECTIONS_MAX);
    },
    all: (): readonly Session[] => open(),
    connections: () => all,
    bySystem: (sysCode) => open().filter((session) => session.sysCode === sysCode),
    accept(connection, peer) {
      const session = new GatewaySession(connection, peer, parts);
      all.add(session);
      if (stopping.signal.aborted) session.close('stopping');
      return session;
    },
    async preview(sysCode, request) {
      return able(sysCode, request.fixCode).preview(request, previewMs);
    },
    async reveal(sysCode, request) {
      return able(sysCode, request.fixCode).reveal(request, previewMs);
    },
    announceKeys() {
      for (const session of open()) {
        const { sysCode, clientId } = session;
        const news = options.signer.serverKeys({ sysCode, clientId });
        if (news === null) continue;
        session.send('server-keys', news).catch((error: unknown) => {
          context.log.info({ err: error, clientId }, 'the keys could not be told to a client');
        });
      }
    },
    cancelCollect(clientId, commandId) {
      const session = byClient.get(clientId);
      session?.send('cancel-collect', { commandId }).catch((error: unknown) => {
        context.log.info(
          { err: error, clientId, commandId },
          'a cancelled collect could not be told to its client',
        );
      });
    },
    closeByKey(keyId) {
      for (const session of [...all]) if (session.keyId === keyId) session.close('key-revoked');
    },
    closeBySystem(sysCode) {
      for (const session of [...all]) if (session.sysCode === sysCode) session.close('key-revoked');
    },
    closeAll(reason) {
      for (const session of [...all]) session.close(reason);
    },
    keyIds: () => new Set([...all].map(({ keyId }) => keyId)),
    async closeSlowly(overMs) {
      const sessions = [...all];
      const stride = Math.ceil(sessions.length / STRIDES);
      while (sessions.length > 0) {
        for (const session of sessions.splice(0, stride)) session.close('stopping');
        if (sessions.length > 0) await context.clock.sleep(overMs / STRIDES, stopping.signal);
      }
    },
    start() {
      sweeping ??= run();
    },
    async stop() {
      stopping.abort();
      await sweeping;
      const sessions = [...all, ...draining];
      for (const session of sessions) session.close('stopping');
      await Promise.all(sessions.map((session) => session.idle()));
      await Promise.all([...chains.values()].map((chain) => chain.catch(() => {})));
      for (const session of sessions) session.terminate();
    },
  };
}
