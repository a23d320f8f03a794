/** Whoever runs NATS reads along, repeats, alters and invents packets, and gets nothing done by it. */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { writePacket } from '@piculus/protocol/link';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RawClient } from './raw-client.ts';
import { createWorld, signedIn, transportOf, type World } from './world.ts';

let world: World;
let broker: NatsConnection;
const PATIENCE = { timeout: 60_000, interval: 100 };
const seen: { readonly subject: string; readonly data: Uint8Array }[] = [];

beforeAll(async () => {
  world = await createWorld(['PBAP']);
  broker = await connect({ servers: world.nats.url, ...world.nats.broker });
  broker.subscribe('piculus.>', {
    callback: (_, { subject, data }) => void seen.push({ subject, data: Uint8Array.from(data) }),
  });
  await broker.flush();
});
afterAll(async () => {
  await broker?.close();
  await world?.stop();
});

const accepted = async (clientId: string): Promise<string[]> => {
  const { rows } = await world.pool.query<{ message_id: string }>(
    `SELECT message_id FROM piculus.messages WHERE client_id = $1 AND direction = 'in' AND state = 'accepted' ORDER BY id`,
    [clientId],
  );
  return rows.map((row) => row.message_id);
};

test('packets that are repeated, altered, sent back or taken to another link are never handled', async () => {
  const client = await new RawClient().greeted(transportOf('nats', world, world.system('PBAP')));
  const sent = Array.from({ length: 40 }, () => client.heartbeat());
  await client.acknowledged(sent.at(-1) ?? '');
  await broker.flush();
  const up = seen.filter(({ subject }) => subject.includes('.up.'));
  const down = seen.filter(({ subject }) => subject.includes('.down.'));
  expect(up.length).toBeGreaterThan(40);
  expect(down.length).toBeGreaterThan(40);
  const [toServer, toClient] = [up[0]?.subject ?? '', down[0]?.subject ?? ''];

  for (const { subject, data } of [...up, ...down]) {
    broker.publish(subject, data);
    broker.publish(
      subject,
      data.map((byte, index) => (index === data.length - 1 ? byte ^ 1 : byte)),
    );
  }
  for (const { data } of down) broker.publish(toServer, data);
  for (const { data } of up) broker.publish(toClient, data);
  // The very next place in the order, under a key that is not the link's.
  const heartbeat = { freePlaces: 4, leases: [], collectCommands: [], eventLoopLagMs: 0 };
  const payload = new TextEncoder().encode(client.frameOf('forged-1', 'heartbeat', heartbeat));
  const place = { kind: 'last' as const, sequence: sent.length + 2, acknowledged: 0, payload };
  broker.publish(toServer, writePacket(new Uint8Array(32), 'client', place));
  broker.publish(toServer, new Uint8Array(0));
  await broker.flush();
  const later = Array.from({ length: 10 }, () => client.heartbeat());
  await client.acknowledged(later.at(-1) ?? '');

  const acknowledged = client.frames.filter(({ type }) => type === 'ack').map(({ body }) => body.re);
  expect(acknowledged).toEqual([...sent, ...later]);

  // The opening is repeated: the server makes a link of it, under a key that nobody has packets for.
  const opening =
    seen.find(({ subject }) => subject.endsWith('.open')) ?? expect.unreachable('it opened a link');
  client.close();
  await client.closed();
  const from = seen.length;
  let node = '';
  broker.subscribe('piculus.PBAP.opened.*', {
    callback: (_, message) => {
      ({ node } = message.json<{ node: string }>());
    },
  });
  // As long as the server has not seen the end of the first link, it takes the opening for a repeat.
  await vi.waitFor(async () => {
    broker.publish(opening.subject, opening.data);
    await broker.flush();
    expect(node).not.toBe('');
  }, PATIENCE);
  const link = toServer.split('.').at(-1) ?? '';
  const subject = `piculus.PBAP.up.${node}.${link}`;
  broker.publish(subject, up[0]?.data);
  await broker.flush();
  const another = await new RawClient().greeted(transportOf('nats', world, world.system('PBAP')));
  await another.acknowledged(another.heartbeat());
  another.close();
  for (const { data } of up.slice(1)) broker.publish(subject, data);
  await broker.flush();
  expect(seen.length).toBeGreaterThan(from);

  await world.server.stop();
  const [hello, ...rest] = await accepted(client.clientId);
  expect(hello).toBeDefined();
  expect(rest).toEqual([...sent, ...later]);
}, 180_000);

test('what a client did not write itself is in the list of refused messages, without what it said', async () => {
  world.server = await world.anotherServer();
  const api = await signedIn(world.server);
  const client = await new RawClient().greeted(transportOf('nats', world, world.system('PBAP')));
  // Whoever has the system's user of NATS may write to the subjects of all its clients.
  const { user, password: pass } = world.nats.login('PBAP');
  const neighbour = await connect({ servers: world.nats.url, user, pass });
  const subject =
    seen.filter(({ subject }) => subject.includes('.up.')).at(-1)?.subject ?? expect.unreachable('it wrote');
  const secret = 'CANARY-of-the-forger';
  const payload = new TextEncoder().encode(
    client.frameOf(secret, 'heartbeat', {
      freePlaces: 4,
      leases: [],
      collectCommands: [],
      eventLoopLagMs: 0,
    }),
  );
  const packet = writePacket(new Uint8Array(32), 'client', {
    kind: 'last',
    sequence: 2,
    acknowledged: 0,
    payload,
  });
  for (let index = 0; index < 50; index += 1) neighbour.publish(subject, packet);
  await neighbour.flush();
  await client.acknowledged(client.heartbeat());
  const refused = async () =>
    (await api.listMessages({ query: { sysCode: 'PBAP', state: ['refused'] } })).items.filter(
      ({ clientId }) => clientId === client.clientId,
    );
  await vi.waitFor(async () => expect(await refused()).not.toEqual([]), PATIENCE);
  const [row, ...more] = await refused();
  expect(row).toMatchObject({
    direction: 'in',
    type: 'unreadable',
    clientId: client.clientId,
    errorCode: 'unknown-key',
    sizeBytes: packet.length,
    payload: null,
  });
  // One tells it; a flood of them would push what counts out of sight.
  expect(more.length).toBeLessThan(10);
  expect(JSON.stringify([row, ...more])).not.toContain(secret);
  // The client itself is none the worse for it.
  await client.acknowledged(client.heartbeat());
  client.close();
  await neighbour.close();
  await world.server.stop();
});

test('an answer that only looks like the server is not believed', async () => {
  await world.nats.wipe();
  const liar = await connect({ servers: world.nats.url, ...world.nats.broker });
  liar.subscribe('piculus.PBAP.open', {
    callback: (_, message) => {
      const { link } = message.json<{ link: string }>();
      const answer = { v: 1, node: 'a'.repeat(32), nonce: 'b'.repeat(32), proof: 'c'.repeat(43) };
      liar.publish(`piculus.PBAP.opened.${link}`, JSON.stringify(answer));
    },
  });
  await liar.flush();
  await expect(new RawClient().connect(transportOf('nats', world, world.system('PBAP')))).rejects.toThrow(
    "is not the server's",
  );
  await liar.close();
});
