/** What the server does with each message of a client, as a table. A handler that returns has committed. */
import {
  type ClientMessageBody,
  type ClientMessageType,
  CLIENT_MESSAGES,
  PiculusError,
  PROTOCOL_VERSION,
} from '@piculus/protocol';
import type { GatewayParts } from './gateway.ts';
import type { Lane } from './inbox.ts';
import type { Correlation } from './outbox.ts';
import { recordRefusal } from '../keys/refusals.ts';
import { Places } from './places.ts';
import type { GatewaySession } from './session.ts';

interface Handler<T extends ClientMessageType> {
  /** Messages of one lane are handled in their order. */
  readonly lane: Lane;
  /** `ack` once handled; `none` where the message is an answer, or has an answer of its own. */
  readonly answer: 'ack' | 'none';
  /** @returns what the message belongs to, for the message log; nothing where it stands alone. */
  handle(
    parts: GatewayParts,
    session: GatewaySession,
    body: ClientMessageBody<T>,
  ): void | Promise<void> | Promise<Correlation>;
}

export const HANDLERS: { readonly [T in ClientMessageType]: Handler<T> } = {
  hello: { lane: 'control', answer: 'none', handle: greet },
  heartbeat: { lane: 'control', answer: 'ack', handle: heartbeat },
  problems: {
    lane: 'collect',
    answer: 'ack',
    handle: async (parts, session, body) => ({
      collectionId: await parts.services.collections.report(session, body),
    }),
  },
  'collect-progress': {
    lane: 'collect',
    answer: 'ack',
    handle: async (parts, session, body) => ({
      collectionId: await parts.services.collections.progress(session, body),
    }),
  },
  'collect-done': {
    lane: 'collect',
    answer: 'ack',
    handle: async (parts, session, body) => {
      const collectionId = await parts.services.collections.done(session, body);
      parts.alive(session);
      parts.context.wake.notify('collect');
      return { collectionId };
    },
  },
  'fix-results': {
    lane: 'fix',
    answer: 'ack',
    handle: recordResults,
  },
  halted: {
    lane: 'fix',
    answer: 'ack',
    handle: async (parts, session, body) => {
      await parts.services.executions.takeBack(session, body);
      for (const { leaseId, problemIds } of body.leases)
        session.placesHeld.answered(leaseId, problemIds.length);
    },
  },
  leaving: {
    // Behind its acknowledgements: what it has taken before is its own.
    lane: 'control',
    answer: 'ack',
    handle: (_parts, session) => session.leaving(),
  },
  'preview-result': {
    lane: 'control',
    answer: 'ack',
    handle: (parts, session, body) => {
      session.outbox.acknowledged(body.previewId);
      if (session.previews.answered(body.previewId, body)) parts.alive(session);
    },
  },
  revealed: {
    lane: 'control',
    answer: 'ack',
    handle: (parts, session, body) => {
      session.outbox.acknowledged(body.revealId);
      if (session.reveals.answered(body.revealId, body)) parts.alive(session);
    },
  },
  ack: {
    lane: 'control',
    answer: 'none',
    handle: (_parts, session, body) => session.outbox.acknowledged(body.re),
  },
  error: {
    lane: 'control',
    answer: 'none',
    handle: async (parts, session, body) => {
      const matched = body.re !== undefined && session.outbox.refused(body.re, body.code, body.detail);
      const { sysCode, clientId } = session;
      parts.context.log.warn(
        { sysCode, clientId, code: body.code, detail: body.detail, matched },
        'a client refused',
      );
      if (matched) await recordRefusal(parts.context, { sysCode, clientId }, body.code);
    },
  },
};

/** The lane of a type that is not known does not matter: it is refused. */
export function laneOf(type: string): Lane {
  const known = Object.keys(CLIENT_MESSAGES).find(
    (candidate): candidate is ClientMessageType => candidate === type,
  );
  return known === undefined ? 'control' : HANDLERS[known].lane;
}

async function greet(
  parts: GatewayParts,
  session: GatewaySession,
  hello: ClientMessageBody<'hello'>,
): Promise<void> {
  if (session.state === 'open') throw new PiculusError('out-of-order', 'hello was said already');
  if (!hello.protocolVersions.includes(PROTOCOL_VERSION)) {
    throw new PiculusError('wrong-version', `this server speaks version ${PROTOCOL_VERSION}`);
  }
  session.startGreeting();
  parts.admit(session, hello);
  const renewed = await parts.serially(hello.clientId, async () => {
    session.connection = await parts.services.clients.connected(session.sysCode, hello, session.connection);
    return parts.services.executions.renew(hello.clientId, hello.leases, session.connection);
  });
  const lostLeases = hello.leases.filter((id) => !renewed.has(id));
  session.placesHeld = new Places(hello.places, [...renewed], parts.leaseMs);
  if (!session.opened()) return;
  const serverKeys = parts.signer.serverKeys(session);
  session.outbox.post('welcome', {
    protocolVersion: PROTOCOL_VERSION,
    sysCode: session.sysCode,
    serverTime: parts.context.clock.now().toISOString(),
    heartbeatMs: parts.heartbeatMs,
    lostLeases,
    ...(serverKeys === null ? {} : { serverKeys }),
  });
  const { context } = parts;
  context.log.info(
    {
      sysCode: session.sysCode,
      clientId: hello.clientId,
      application: hello.application,
      lostLeases: lostLeases.length,
    },
    'a client connected',
  );
  context.wake.notify('dispatch');
  context.wake.notify('collect');
}

async function heartbeat(
  parts: GatewayParts,
  session: GatewaySession,
  body: ClientMessageBody<'heartbeat'>,
): Promise<void> {
  const { clients, collections, executions } = parts.services;
  const { clientId, connection } = session;
  await clients.heartbeat(clientId, body, connection);
  const open: ReadonlySet<string> =
    body.leases.length === 0 ? new Set() : await executions.renew(clientId, body.leases, connection);
  if (body.collectCommands.length > 0) await collections.renew(clientId, body.collectCommands, connection);
  const freeBefore = session.freePlaces;
  session.placesHeld.heartbeat(body.leases, open, body.freePlaces, parts.context.clock.elapsedMs());
  if (session.freePlaces > freeBefore) parts.freed.of(session);
}

async function recordResults(
  parts: GatewayParts,
  session: GatewaySession,
  body: ClientMessageBody<'fix-results'>,
): Promise<Correlation> {
  try {
    await parts.services.executions.record(session, body);
  } catch (error) {
    const gone =
      error instanceof PiculusError && (error.code === 'stale-lease' || error.code === 'unknown-command');
    if (gone) session.placesHeld.drop(body.leaseId);
    throw error;
  }
  session.placesHeld.answered(body.leaseId, body.results.length);
  parts.alive(session);
  parts.freed.of(session);
  return { leaseId: body.leaseId };
}
