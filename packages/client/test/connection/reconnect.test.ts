import { ERRORS } from '@piculus/protocol';
import { describe, expect, test } from 'vitest';
import { createTestServer, manualClock } from '../../src/testing/index.ts';
import { FIX_CODE } from '../support/accounts.ts';
import { clientOf, nextEvent, rightFix } from '../support/client.ts';
import { gate } from '../support/gate.ts';

describe('connecting', () => {
  test('says who it is and what it can do', async () => {
    const server = createTestServer();
    const client = clientOf(server, { places: 3 });
    client.start();
    const hello = await server.connected();
    expect(hello).toMatchObject({
      clientId: client.clientId,
      protocolVersions: [1],
      application: { name: 'pbap', version: '1.0.0' },
      places: 3,
      collectors: [FIX_CODE],
      fixes: [FIX_CODE],
      leases: [],
    });
    await client.stop();
    expect(client.state).toBe('stopped');
  });

  test('pauses longer after each failure, with full jitter, up to the ceiling', async () => {
    const server = createTestServer();
    server.refuseConnections('unreachable');
    const draws = [0.9, 0.5, 0.1, 0.999, 0.125, 0.25, 0.75];
    const clock = manualClock({ random: () => draws.shift() ?? 0.5 });
    const client = clientOf(server, { clock, reconnect: { baseMs: 500, maxMs: 4_000, refusedMs: 60_000 } });
    client.start();
    const pauses: number[] = [];
    for (let failure = 1; failure <= 7; failure += 1) {
      const pause = await clock.sleeping();
      pauses.push(Math.round(pause));
      await clock.advance(pause);
    }
    expect(pauses).toEqual([450, 500, 200, 3_996, 500, 1_000, 3_000]);
    await client.stop();
  });

  test('a key that is not taken is said clearly and tried slowly', async () => {
    const server = createTestServer();
    server.refuseConnections('unauthorised');
    const clock = manualClock({ random: () => 0 });
    const errors: string[] = [];
    const nothing = (): void => {};
    const logger = {
      debug: nothing,
      info: nothing,
      warn: nothing,
      error: (_fields: object, text: string) => void errors.push(text),
    };
    const client = clientOf(server, { clock, logger, reconnect: { refusedMs: 60_000 } });
    client.start();
    expect(await clock.sleeping()).toBe(30_000);
    expect(errors).toEqual(['the server does not take this client; check its key and version']);
    server.refuseConnections(null);
    await clock.advance(30_000);
    await server.connected();
    await client.stop();
  });

  test('a hello that is refused for good is tried slowly too', async () => {
    const server = createTestServer({ refuse: ({ type }) => (type === 'hello' ? 'wrong-version' : null) });
    const clock = manualClock({ random: () => 0.5 });
    const client = clientOf(server, { clock, reconnect: { refusedMs: 60_000 } });
    const waiting = nextEvent(client, (event) => event.type === 'state' && event.state === 'waiting');
    client.start();
    expect(await waiting).toMatchObject({ detail: expect.stringContaining('wrong-version') });
    expect(await clock.sleeping((ms) => ms > 20_000)).toBe(45_000);
    await client.stop();
  });

  test('a good connection that is lost is tried again at once', async () => {
    const server = createTestServer();
    const clock = manualClock({ random: () => 0.5 });
    const client = clientOf(server, { clock, reconnect: { baseMs: 500 } });
    client.start();
    await server.connected();
    await clock.sleeping((ms) => ms === 5_000);
    await clock.advance(20_000);
    server.drop();
    expect(await clock.sleeping((ms) => ms < 1_000)).toBe(250);
    await clock.advance(250);
    expect(await server.connected()).toMatchObject({ clientId: client.clientId });
    await client.stop();
  });

  test('a connection that held for a second makes up for all failures before it; one that did not, for none', async () => {
    const server = createTestServer();
    server.refuseConnections('unreachable');
    const clock = manualClock({ random: () => 0.5 });
    const client = clientOf(server, { clock, reconnect: { baseMs: 512, maxMs: 100_000, refusedMs: 60_000 } });
    client.start();
    for (const pause of [256, 512, 1_024, 2_048]) {
      expect(await clock.sleeping()).toBe(pause);
      if (pause === 2_048) server.refuseConnections(null);
      await clock.advance(pause);
    }
    await server.connected();
    server.drop();
    expect(await clock.sleeping((ms) => ms === 4_096)).toBe(4_096);
    await clock.advance(4_096);
    await server.connected();
    await clock.sleeping((ms) => ms === 5_000);
    await clock.advance(1_500);
    server.drop();
    expect(await clock.sleeping((ms) => ms === 256)).toBe(256);
    await client.stop();
  });
});

describe('heartbeats', () => {
  test('name the open leases and collects, and free places', async () => {
    const held = gate();
    const clock = manualClock();
    const server = createTestServer();
    const fix = { ...rightFix, examine: async () => held.opened };
    const collector = {
      fixCode: FIX_CODE,
      collect: async () => {
        await held.opened;
        return { feeds: [], complete: true };
      },
    };
    const client = clientOf(server, { clock, places: 4, fixes: [{ collector, fix }] });
    client.start();
    await server.connected();
    const fixed = server.fix([{ fixCode: FIX_CODE, businessKey: 'R1', scenario: 'C1' }], {
      leaseId: 'lease-1',
    });
    const collected = server.collect({ commandId: 'collect-1', fixCodes: [FIX_CODE] });
    await server.message(({ type }) => type === 'ack');
    await clock.sleeping((ms) => ms === 5_000);
    await clock.advance(5_000);
    const heartbeat = await server.message(({ type }) => type === 'heartbeat');
    expect(heartbeat.body).toMatchObject({
      freePlaces: 3,
      leases: ['lease-1'],
      collectCommands: ['collect-1'],
    });
    held.open();
    await Promise.all([fixed, collected]);
    await client.stop();
  });

  test('a server that falls silent is left', async () => {
    const clock = manualClock();
    const deaf = gate();
    const server = createTestServer({
      before: ({ type }) => (type === 'heartbeat' ? deaf.opened : undefined),
    });
    const client = clientOf(server, { clock });
    client.start();
    await server.connected();
    await clock.sleeping((ms) => ms === 5_000);
    const lost = nextEvent(client, (event) => event.type === 'state' && event.state === 'waiting');
    await clock.advance(40_000);
    expect(await lost).toMatchObject({ detail: 'the server does not answer' });
    await client.stop();
  });
});

describe('a message that cannot be read', () => {
  const at = '2026-01-02T03:04:05.000Z';
  test.each([
    ['broken-json', '{"v":1,'],
    ['wrong-version', JSON.stringify({ v: 2, id: 'm', at, type: 'ack', body: { re: 'x' } })],
    ['unknown-type', JSON.stringify({ v: 1, id: 'm', at, type: 'run-sql', body: {} })],
    ['forbidden-key', `{"v":1,"id":"m","at":"${at}","type":"ack","body":{"__proto__":{}}}`],
    ['invalid-field', JSON.stringify({ v: 1, id: 'm', at, type: 'fix', body: { leaseId: 'x' } })],
  ] as const)('%s is answered, and the connection goes on', async (code, frame) => {
    const server = createTestServer();
    const client = clientOf(server);
    const told = nextEvent(client, (event) => event.type === 'refused-message');
    client.start();
    await server.connected();
    server.sendFrame(frame);
    const answer = await server.message(({ type }) => type === 'error');
    expect(answer.body).toMatchObject({
      code,
      retryable: ERRORS[code].retryable,
      ...(code === 'unknown-type' ? { re: 'm' } : {}),
    });
    expect(await told).toMatchObject({ code });
    expect(await server.fix([{ fixCode: FIX_CODE, businessKey: 'R1', scenario: 'C1' }])).toHaveLength(1);
    await client.stop();
  });
});
