/**
 * Every message of a client × who sends it: a connection that was not greeted, one that speaks for another system, and
 * a client that names what another system was given. What is expected is said by the table of messages.
 */
import {
  type ClientMessageBody,
  type ClientMessageType,
  type MessagePolicy,
  MESSAGE_ACCESS,
} from '@piculus/protocol';
import { GATEWAY_PATH } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  hello,
  RawClient,
  startTestServer,
  type TestServer,
} from '../../packages/server/test/server/support.ts';
import { ANYONE } from '../support/callers.ts';
import { rowsOf } from './rows.ts';
import { FIX, reports, seedSystem, type SeededSystem, sessionOf } from './seed.ts';
import { type Beside, roomsBeside } from './world.ts';

let test: TestServer;
let beside: Beside;
let key = '';
let victim: Victim;

/** What another system's client was given and works on. */
interface Victim extends SeededSystem {
  readonly commandId: string;
}

beforeAll(async () => {
  test = await startTestServer();
  beside = roomsBeside(test.config.databaseUrl);
  const seeded = await seedSystem(beside, 'VICTIM', 6);
  const { rooms } = beside;
  await rooms.collections.start({ sysCodes: ['VICTIM'] }, ANYONE, 'click');
  const command = await rooms.collections.claim(sessionOf('VICTIM', seeded.clientId));
  victim = { ...seeded, commandId: command?.commandId ?? '' };
  key = (await test.api.createSystem({ body: { sysCode: 'MALLORY', name: 'Another' } })).key;
});
afterAll(async () => {
  await beside.db.destroy();
  await test.stop();
});

const command = () => ({ commandId: victim.commandId, epoch: 1 });
const at = '2026-11-22T00:00:00.000Z';
const counts = { rowsScanned: 0, problemsFound: 0 };

/** A message of each type that names what is the victim's; one that is missing does not compile. */
const NAMING: { readonly [T in ClientMessageType]: () => ClientMessageBody<T> } = {
  hello: () => hello('mallory', { leases: [victim.leaseId] }),
  heartbeat: () => ({
    freePlaces: 1,
    leases: [victim.leaseId],
    collectCommands: [victim.commandId],
    eventLoopLagMs: 0,
  }),
  problems: () => ({ ...command(), sequence: 1, problems: reports(beside.context, 'MALLORY', 1) }),
  'collect-progress': () => ({ ...command(), ...counts }),
  'collect-done': () => ({ ...command(), ...counts, complete: true, durationMs: 1, feeds: [] }),
  'fix-results': () => ({
    leaseId: victim.leaseId,
    epoch: 1,
    results: [
      {
        problemId: victim.problemIds[2] ?? '',
        commandKey: 'f'.repeat(64),
        outcome: 'fixed',
        scenario: null,
        reason: 'forged',
        effects: [],
        replayed: false,
        verified: true,
        facts: null,
        startedAt: at,
        finishedAt: at,
      },
    ],
  }),
  halted: () => ({
    leases: [{ leaseId: victim.leaseId, problemIds: [victim.problemIds[2] ?? ''] }],
  }),
  leaving: () => ({}),
  'preview-result': () => ({
    previewId: 'a-question-to-somebody-else',
    fixCode: FIX,
    businessKey: 'x',
    verdict: 'fixed',
    scenario: null,
    reason: 'forged',
    steps: [],
    facts: null,
  }),
  revealed: () => ({
    revealId: 'a-question-to-somebody-else',
    values: [{ field: 'order.payee', value: 'forged' }],
  }),
  ack: () => ({ re: 'a-message-to-somebody-else' }),
  error: () => ({ re: 'a-message-to-somebody-else', code: 'busy', detail: 'forged', retryable: true }),
};

const TYPES = Object.entries(MESSAGE_ACCESS).flatMap(
  ([name, policy]): [ClientMessageType, MessagePolicy][] => {
    const type = Object.keys(NAMING).find((known): known is ClientMessageType => known === name);
    return type === undefined ? [] : [[type, policy]];
  },
);
/** They change something by what they name, so naming what is another's is refused and not only without effect. */
const CHANGING: ReadonlySet<string> = new Set([
  'problems',
  'collect-progress',
  'collect-done',
  'fix-results',
]);

describe('messages of clients', () => {
  it('are all in the table', () => {
    expect(TYPES.map(([type]) => type).sort()).toEqual(Object.keys(NAMING).sort());
  });

  it.each(TYPES)('%s: only from who may send it', async (type, { from }) => {
    const client = await RawClient.connect(test.address, key);
    client.say(type, NAMING[type]());
    if (from === 'key') expect((await client.get('welcome')).body.lostLeases).toEqual([victim.leaseId]);
    else expect(await client.refused()).toBe('out-of-order');
    await client.close();
  });

  it.each(TYPES)('%s: in the name of no other system', async (type) => {
    const client = await RawClient.greeted(test.address, key, `posing-${type}`);
    client.say(type, NAMING[type](), { sysCode: 'VICTIM' });
    expect(await client.refused()).toBe('wrong-system');
    // It changed nothing, and what the client says in its own name goes on being heard.
    const empty = { freePlaces: 1, leases: [], collectCommands: [], eventLoopLagMs: 0 };
    if (type !== 'hello') await client.acknowledged(client.say('heartbeat', empty));
    await client.close();
  });

  it.each(TYPES)('%s: about nothing that another system was given', async (type) => {
    const before = await rowsOf(beside.db, 'VICTIM');
    const client = await RawClient.greeted(test.address, key, `naming-${type}`);
    const id = client.say(type, NAMING[type]());
    if (CHANGING.has(type)) expect(['unknown-command', 'stale-lease']).toContain(await client.refused());
    // An answer to a later message says that this one was handled; it may have none of its own.
    else if (type !== 'hello') {
      const empty = { freePlaces: 1, leases: [], collectCommands: [], eventLoopLagMs: 0 };
      await client.acknowledged(client.say('heartbeat', empty));
    } else expect(await client.refused()).toBe('out-of-order');
    await client.close();
    expect(await rowsOf(beside.db, 'VICTIM')).toEqual(before);
    if (!CHANGING.has(type)) return;
    await vi.waitFor(
      async () => {
        const query = { messageId: id, clientId: `naming-${type}`, state: ['refused' as const] };
        expect((await test.api.listMessages({ query })).items).toMatchObject([
          { type, sysCode: 'MALLORY', payload: null },
        ]);
      },
      { timeout: 60_000 },
    );
  });
});

describe('the handshake', () => {
  const answerTo = (headers: Record<string, string>): Promise<number | 'open'> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${test.address.replace('http', 'ws')}${GATEWAY_PATH}`, {
        headers: { authorization: `Bearer ${key}`, ...headers },
      });
      socket.on('open', () => {
        resolve('open');
        socket.close();
      });
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
      });
      socket.on('error', () => {});
    });

  it.each([
    ['a foreign page', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['a page of this very server', { origin: 'same' }],
    ['a browser that says where from', { 'sec-fetch-site': 'cross-site' }],
  ])('is refused to %s, even with a key', async (_name, headers) => {
    const given = 'origin' in headers && headers.origin === 'same' ? { origin: test.address } : headers;
    expect(await answerTo(given)).toBe(403);
  });

  it('is open to a program with a key', async () => {
    expect(await answerTo({})).toBe('open');
  });
});
