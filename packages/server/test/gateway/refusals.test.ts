import { LIMITS } from '@piculus/protocol';
import { GATEWAY_PATH } from '@piculus/protocol/http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { problem, RawClient, startTestServer, type TestServer } from '../server/support.ts';

let test: TestServer;
let key: string;
let bystander: RawClient;

beforeAll(async () => {
  test = await startTestServer();
  key = (await test.api.createSystem({ body: { sysCode: 'PBAP', name: 'Payments' } })).key;
  bystander = await RawClient.greeted(test.address, key, 'bystander');
});
afterAll(async () => {
  await bystander.close();
  await test.stop();
});

const envelope = (type: string, body: unknown, change: object = {}) =>
  JSON.stringify({ v: 1, id: 'x1', at: '2026-11-22T00:00:00.000Z', type, body, ...change });
const heartbeat = { freePlaces: 4, leases: [], collectCommands: [], eventLoopLagMs: 0 };
const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);

describe('frames that are put aside', () => {
  const table: [string, string, string, (string | null)?][] = [
    ['broken JSON', '{"v":1,', 'broken-json', null],
    ['half of a message', envelope('heartbeat', heartbeat).slice(0, -2), 'broken-json'],
    ['a message that is too large', envelope('heartbeat', 'x'.repeat(LIMITS.messageBytes)), 'too-large'],
    ['a message that is too deep', envelope('heartbeat', deep(LIMITS.messageDepth + 1)), 'too-deep'],
    ['endless nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'too-deep', null],
    ['a wrong version', envelope('heartbeat', heartbeat, { v: 2 }), 'wrong-version'],
    ['another system', envelope('heartbeat', heartbeat, { sysCode: 'PBMS' }), 'wrong-system'],
    [
      'a polluting key',
      '{"v":1,"id":"x","at":"2026-11-22T00:00:00.000Z","type":"heartbeat","body":{"__proto__":{"a":1}}}',
      'forbidden-key',
      'x',
    ],
    ['a constructor key', envelope('heartbeat', { a: { constructor: { prototype: 1 } } }), 'forbidden-key'],
  ];
  it.each(table)('%s', async (name, frame, code, id = 'x1') => {
    const client = await RawClient.greeted(test.address, key, `bad-${name.replaceAll(' ', '-')}`);
    client.raw(frame);
    const { body } = await client.get('error');
    expect(body).toMatchObject({ code });
    // The sender learns which message it was, also where it could not be read.
    expect(body.re ?? null).toBe(id);
    await client.acknowledged(client.say('heartbeat', heartbeat));
    // Everybody else goes on.
    await bystander.acknowledged(bystander.say('heartbeat', heartbeat));
    await client.close();
  });

  it.each(table)('%s: ends a connection that was not greeted', async (_name, frame, code) => {
    const client = await RawClient.connect(test.address, key);
    client.raw(frame);
    expect(await client.refused()).toBe(code);
    expect(await client.closed).toEqual({ code: 1008, reason: 'violation' });
  });

  it('ends the connection of a client that sends nothing else', async () => {
    const client = await RawClient.greeted(test.address, key, 'only-broken');
    for (let i = 0; i < 20; i += 1) client.raw('{');
    expect(await client.closed).toEqual({ code: 1008, reason: 'violation' });
  });

  it('leaves each in the message log with its code, and nothing of its content', async () => {
    const items = await vi.waitFor(
      async () => {
        const page = await test.api.listMessages({ query: { state: ['refused'], limit: 100 } });
        const codes = new Set(page.items.map((message) => message.errorCode));
        for (const [, , code] of table) expect(codes).toContain(code);
        return page.items;
      },
      { timeout: 60_000 },
    );
    for (const message of items) {
      expect(message).toMatchObject({ direction: 'in', sysCode: 'PBAP', payload: null });
      expect(message.sizeBytes).toBeGreaterThan(0);
    }
  });

  it('refuses a binary frame', async () => {
    const client = await RawClient.greeted(test.address, key, 'binary');
    client.socket.send(Buffer.from([1, 2, 3]));
    expect(await client.refused()).toBe('broken-json');
    await client.acknowledged(client.say('heartbeat', heartbeat));
    await client.close();
  });

  it('closes a connection that sends far more than the limit, without reading it whole', async () => {
    const client = await RawClient.greeted(test.address, key, 'huge');
    client.raw('x'.repeat(LIMITS.messageBytes * 3));
    expect((await client.closed).code).toBe(1009);
    await vi.waitFor(
      async () => {
        const { items } = await test.api.listMessages({ query: { clientId: 'huge', state: ['refused'] } });
        expect(items).toMatchObject([{ direction: 'in', errorCode: 'too-large', payload: null }]);
      },
      { timeout: 60_000 },
    );
  });
});

describe('messages that are refused while the connection stays', () => {
  const table: [string, string, unknown, string][] = [
    ['an unknown type', 'drop-all-tables', {}, 'unknown-type'],
    ['the name of an object method as a type', 'toString', {}, 'unknown-type'],
    ['an unknown field', 'heartbeat', { ...heartbeat, extra: 1 }, 'invalid-field'],
    ['a missing field', 'heartbeat', {}, 'invalid-field'],
    ['a fraction of places', 'heartbeat', { ...heartbeat, freePlaces: 1.5 }, 'invalid-field'],
    ['a message of the server', 'welcome', {}, 'unknown-type'],
    [
      'a report without problems',
      'problems',
      { commandId: '1', epoch: 1, sequence: 1, problems: [] },
      'invalid-field',
    ],
    [
      'facts with too many fields',
      'problems',
      {
        commandId: '1',
        epoch: 1,
        sequence: 1,
        problems: [
          problem('A', {
            facts: Object.fromEntries(
              ['order', 'ledger', 'bank'].map((side) => [
                side,
                {
                  state: 'x',
                  source: 'y',
                  observedAt: '2026-11-22T00:00:00.000Z',
                  fields: Object.fromEntries(
                    Array.from({ length: LIMITS.factFields + 1 }, (_, i) => [`f${i}`, 1]),
                  ),
                },
              ]),
            ),
          }),
        ],
      },
      'invalid-field',
    ],
    [
      'a report for a command that is not open',
      'problems',
      { commandId: '999', epoch: 1, sequence: 1, problems: [problem('A')] },
      'unknown-command',
    ],
    [
      'results for a lease that never was',
      'fix-results',
      { leaseId: 'nope', epoch: 1, results: [result()] },
      'unknown-command',
    ],
  ];
  it.each(table)('%s', async (name, type, body, code) => {
    const client = await RawClient.greeted(test.address, key, `odd-${name.replaceAll(' ', '-')}`);
    const id = client.say(type, body);
    const error = await client.get('error');
    expect(error.body).toMatchObject({ re: id, code });
    await client.acknowledged(client.say('heartbeat', heartbeat));
    await client.close();
  });

  it('ends the connection of a client that goes on and on', async () => {
    const client = await RawClient.greeted(test.address, key, 'stubborn');
    for (let i = 0; i < 20; i += 1) client.say('nonsense', {});
    expect(await client.closed).toEqual({ code: 1008, reason: 'violation' });
  });
});

describe('the way in', () => {
  it.each([
    ['no key', undefined],
    ['a wrong key', 'Bearer pic_PBAP_wrong'],
    ['another scheme', 'Basic cGljdWx1czpwaWN1bHVz'],
  ])('refuses %s with 401 and says why', async (_name, authorization) => {
    const answer = await refusedUpgrade(GATEWAY_PATH, authorization);
    expect(answer).toMatchObject({ status: 401, body: { code: 'unknown-key' } });
  });

  it('refuses another path with 404', async () => {
    expect(await refusedUpgrade('/other', `Bearer ${key}`)).toMatchObject({
      status: 404,
      body: { code: 'not-found' },
    });
  });

  it('refuses a connection that says something before hello', async () => {
    const client = await RawClient.connect(test.address, key);
    client.say('heartbeat', heartbeat);
    expect(await client.refused()).toBe('out-of-order');
    expect(await client.closed).toEqual({ code: 1008, reason: 'no-hello' });
  });

  it('refuses a hello that speaks no version of ours', async () => {
    const client = await RawClient.connect(test.address, key);
    client.say('hello', { ...helloOf('v9'), protocolVersions: [9] });
    expect(await client.refused()).toBe('wrong-version');
    expect((await client.closed).code).toBe(1008);
  });

  it('refuses the id of a client of another system, and leaves that client alone', async () => {
    const other = await test.api.createSystem({ body: { sysCode: 'PBMS', name: 'Other' } });
    const thief = await RawClient.connect(test.address, other.key);
    thief.say('hello', helloOf('bystander'));
    expect(await thief.refused()).toBe('wrong-system');
    await thief.closed;
    await bystander.acknowledged(bystander.say('heartbeat', heartbeat));
  });
});

function helloOf(clientId: string) {
  return {
    clientId,
    protocolVersions: [1],
    sdk: { name: 'raw', version: '1' },
    application: { name: 'pbap', version: '1' },
    host: 'test',
    pid: 1,
    places: 1,
    collectors: [],
    fixes: [],
    leases: [],
  };
}

function result() {
  return {
    problemId: '1',
    commandKey: 'cmd',
    outcome: 'failed',
    scenario: null,
    reason: 'x',
    effects: [],
    replayed: false,
    verified: false,
    facts: null,
    startedAt: '2026-11-22T00:00:00.000Z',
    finishedAt: '2026-11-22T00:00:00.000Z',
  };
}

function refusedUpgrade(
  path: string,
  authorization: string | undefined,
): Promise<{ status: number; body: unknown }> {
  const socket = new WebSocket(`${test.address.replace('http', 'ws')}${path}`, {
    headers: authorization === undefined ? {} : { authorization },
  });
  return new Promise((resolve, reject) => {
    socket.on('open', () => reject(new Error('it was let in')));
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
  });
}
