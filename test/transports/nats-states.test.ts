/** What a server does while its NATS is away, comes, or cannot be used. */
import { systemClock } from '../../packages/server/src/base/clock.ts';
import { createNatsTransport } from '../../packages/server/src/gateway/nats/index.ts';
import { isAtLeast } from '../../packages/server/src/gateway/nats/line.ts';
import type { Door } from '../../packages/server/src/gateway/transport.ts';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNats } from '../support/nats.ts';
import { RawClient } from './raw-client.ts';
import { createWorld, transportOf, type World } from './world.ts';

const log = pino({ level: 'silent' });
const NO_DOOR: Door = {
  authenticate: () => Promise.reject(new Error('nobody comes')),
  authenticateProof: () => Promise.reject(new Error('nobody comes')),
  accept: () => ({ frame: () => {}, unreadable: () => {}, forged: () => {}, closed: () => {} }),
};

describe('a server', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld(['PBAP'], { natsAway: true });
  });
  afterAll(() => world?.stop());

  test('starts without its NATS, takes clients by WebSocket, and by NATS as soon as it is there', async () => {
    const system = world.system('PBAP');
    const bySocket = await new RawClient().greeted(transportOf('websocket', world, system));
    await expect(new RawClient().connect(transportOf('nats', world, system))).rejects.toMatchObject({
      kind: 'unreachable',
    });
    await world.nats.start();
    const byNats = await connected(system);
    await byNats.acknowledged(byNats.heartbeat());
    await world.nats.kill();
    expect(await byNats.closed()).toContain('NATS');
    expect(await bySocket.acknowledged(bySocket.heartbeat())).toMatchObject({ type: 'ack' });
    await world.nats.start();
    const again = await connected(system);
    expect(await again.acknowledged(again.heartbeat())).toMatchObject({ type: 'ack' });
    again.close();
    bySocket.close();
  });

  async function connected(system: ReturnType<World['system']>): Promise<RawClient> {
    for (;;) {
      const client = await new RawClient().greeted(transportOf('nats', world, system)).catch(() => null);
      if (client !== null) return client;
    }
  }
});

describe('a NATS that cannot be used keeps the server from starting, with the reason', () => {
  const start = async (
    file: Parameters<typeof startTestNats>[0]['file'],
    password = 'p',
  ): Promise<unknown> => {
    const nats = await startTestNats({ systems: [], ...(file === undefined ? {} : { file }) });
    const login = { kind: 'password' as const, user: 'server', password };
    const transport = createNatsTransport({ config: { ...nats.config, login }, clock: systemClock, log });
    try {
      await transport.start(NO_DOOR);
      return null;
    } catch (error) {
      return error;
    } finally {
      await transport.close();
      await transport.end();
      await nats.stop();
    }
  };
  const users = 'authorization { users: [ { user: "server", password: "p" } ] }';

  test('without JetStream', async () => {
    const error = await start(({ listen }) => `listen: "${listen}"\n${users}\n`);
    expect(error).toMatchObject({ code: 'nats-unusable', message: expect.stringContaining('JetStream') });
  });
  test('without room for the streams', async () => {
    const error = await start(
      ({ listen, storeDir }) =>
        `listen: "${listen}"\njetstream { store_dir: "${storeDir}", max_mem: 8MB, max_file: 8MB }\n${users}\n`,
    );
    expect(error).toMatchObject({ code: 'nats-unusable', message: expect.stringContaining('max_mem') });
  });
  test('with payloads that are too small', async () => {
    const error = await start(
      ({ listen, storeDir }) =>
        `listen: "${listen}"\nmax_payload: 64KB\njetstream { store_dir: "${storeDir}", max_mem: 128MB, max_file: 8MB }\n${users}\n`,
    );
    expect(error).toMatchObject({ code: 'nats-unusable', message: expect.stringContaining('max_payload') });
  });
  test('with another password', async () => {
    const error = await start(({ listen }) => `listen: "${listen}"\n${users}\n`, 'guessed');
    expect(error).toMatchObject({ code: 'nats-unusable', message: expect.stringContaining('user') });
  });
  test('versions are compared by number', () => {
    expect(['2.9.0', '2.9.10', '2.10.0-beta.1', '3.0'].every((each) => isAtLeast(each, '2.9.0'))).toBe(true);
    expect(['2.8.99', '1.10.0', '0', 'x'].some((each) => isAtLeast(each, '2.9.0'))).toBe(false);
  });
});
