/**
 * A client of one system with every means of NATS against every other system: what it may not do is refused, and of
 * what others send and hold it gets nothing.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { NATS_UP_STREAM, natsDownStream, natsLinkConsumer, natsSubjects } from '@piculus/protocol/link';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawClient } from './raw-client.ts';
import { createWorld, transportOf, type World } from './world.ts';

const SYSTEMS = ['ONE', 'TWO', 'THREE', 'FOUR', 'ONE-B', 'ONE_C'];
const [ATTACKER = '', ...OTHERS] = SYSTEMS;
const INBOX = `_INBOX_${ATTACKER}`;

let world: World;
let line: NatsConnection;
/** Links of the others, as NATS knows them: an attacker who was told every name. */
const links = new Map<string, { readonly link: string; readonly client: RawClient }>();

beforeAll(async () => {
  world = await createWorld(SYSTEMS);
  for (const sysCode of OTHERS) {
    const client = await new RawClient().greeted(transportOf('nats', world, world.system(sysCode)));
    const server = await connect({
      servers: world.nats.config.servers.join(),
      ...userOf(serverLogin()),
      inboxPrefix: '_INBOX_server',
    });
    const manager = await jetstreamManager(server);
    for await (const { name } of manager.consumers.list(natsDownStream(sysCode)))
      links.set(sysCode, { link: name.replace('L_', ''), client });
    await server.close();
  }
  line = await connect({
    servers: world.nats.url,
    ...userOf(world.nats.login(ATTACKER)),
    inboxPrefix: INBOX,
  });
});
afterAll(async () => {
  await line?.close();
  for (const { client } of links.values()) client.close();
  await world?.stop();
});

const userOf = ({ user, password: pass }: { user: string; password: string }) => ({ user, pass });
const serverLogin = (): { user: string; password: string } => {
  const { login } = world.nats.config;
  if (login.kind !== 'password') throw new Error('the tests use passwords');
  return login;
};

/** What NATS says of a subscription: it tells a refusal apart from the request, so another request is waited for. */
async function subscribed(subject: string): Promise<'refused' | 'allowed'> {
  const status = line.status()[Symbol.asyncIterator]();
  const refused = status.next().then(() => 'refused' as const);
  const subscription = line.subscribe(subject, { callback: () => {} });
  await line.flush();
  const answer = await Promise.race([refused, line.flush().then(() => 'allowed' as const)]);
  subscription.unsubscribe();
  void status.return?.();
  return answer;
}

/** Publishes with a place for the answer, and sees whether NATS refuses it. */
async function published(subject: string, body = ''): Promise<'refused' | 'allowed'> {
  const status = line.status()[Symbol.asyncIterator]();
  const refused = status.next().then(() => 'refused' as const);
  line.publish(subject, body, { reply: `${INBOX}.answer` });
  await line.flush();
  const answer = await Promise.race([refused, line.flush().then(() => 'allowed' as const)]);
  void status.return?.();
  return answer;
}

describe('every other system', () => {
  test.each(OTHERS)('%s: no subject of it can be listened to', async (sysCode) => {
    const link = links.get(sysCode)?.link ?? expect.unreachable('the other client has a link');
    const subjects = [
      natsSubjects.open(sysCode),
      natsSubjects.opened(sysCode, link),
      natsSubjects.opened(sysCode, '*'),
      natsSubjects.down(sysCode, link),
      natsSubjects.down(sysCode, '*'),
      natsSubjects.up(sysCode, '*', '*'),
      `piculus.${sysCode}.>`,
      `_INBOX_${sysCode}.>`,
      `_INBOX_${sysCode}.*`,
    ];
    for (const subject of subjects)
      expect([subject, await subscribed(subject)]).toEqual([subject, 'refused']);
  });

  test.each(OTHERS)(
    '%s: nothing can be sent for it, and its queue can be neither read nor changed',
    async (sysCode) => {
      const link = links.get(sysCode)?.link ?? '';
      const stream = natsDownStream(sysCode);
      const consumer = natsLinkConsumer(link);
      const subjects = [
        natsSubjects.open(sysCode),
        natsSubjects.opened(sysCode, link),
        natsSubjects.down(sysCode, link),
        natsSubjects.up(sysCode, 'a'.repeat(32), link),
        `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
        `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
        `$JS.API.CONSUMER.LIST.${stream}`,
        `$JS.API.CONSUMER.NAMES.${stream}`,
        `$JS.API.CONSUMER.DELETE.${stream}.${consumer}`,
        `$JS.API.CONSUMER.CREATE.${stream}`,
        `$JS.API.CONSUMER.CREATE.${stream}.MINE.${natsSubjects.down(sysCode, link)}`,
        `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.MINE`,
        `$JS.API.STREAM.INFO.${stream}`,
        `$JS.API.STREAM.PURGE.${stream}`,
        `$JS.API.STREAM.DELETE.${stream}`,
        `$JS.API.STREAM.UPDATE.${stream}`,
        `$JS.API.STREAM.MSG.GET.${stream}`,
        `$JS.API.DIRECT.GET.${stream}`,
        `$JS.ACK.${stream}.${consumer}.1.1.1.1.0`,
        `_INBOX_${sysCode}.x`,
      ];
      for (const subject of subjects)
        expect([subject, await published(subject)]).toEqual([subject, 'refused']);
    },
  );
});

test('nothing of the whole can be listened to or changed either', async () => {
  for (const subject of [
    '>',
    '*.>',
    'piculus.>',
    'piculus.*.open',
    '$JS.>',
    '$JS.API.>',
    '$SYS.>',
    '_INBOX.>',
    '_INBOX_server.>',
    natsSubjects.hint,
  ])
    expect([subject, await subscribed(subject)]).toEqual([subject, 'refused']);
  for (const subject of [
    '$JS.API.INFO',
    '$JS.API.STREAM.LIST',
    '$JS.API.STREAM.NAMES',
    '$JS.API.STREAM.CREATE.MINE',
    `$JS.API.STREAM.INFO.${NATS_UP_STREAM}`,
    `$JS.API.STREAM.PURGE.${NATS_UP_STREAM}`,
    `$JS.API.STREAM.MSG.GET.${NATS_UP_STREAM}`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${NATS_UP_STREAM}.MINE`,
    `$JS.ACK.${NATS_UP_STREAM}.x.1.1.1.1.0`,
    natsSubjects.hint,
    '_INBOX_server.x',
  ])
    expect([subject, await published(subject)]).toEqual([subject, 'refused']);
});

test("answers of the servers and of JetStream reach nobody's inbox but the asker's own", async () => {
  const [victim = ''] = OTHERS;
  const strayed: string[] = [];
  const other = await connect({
    servers: world.nats.url,
    ...userOf(world.nats.login(victim)),
    inboxPrefix: `_INBOX_${victim}`,
  });
  other.subscribe(`_INBOX_${victim}.>`, { callback: (_, message) => void strayed.push(message.subject) });
  await other.flush();
  const reply = `_INBOX_${victim}.trick`;
  // An opening that is refused and one that is taken, both with another system's inbox as the place to answer to.
  line.publish(natsSubjects.open(ATTACKER), JSON.stringify({ v: 1, link: 'a'.repeat(32), proof: 'x' }), {
    reply,
  });
  const client = await new RawClient().greeted(transportOf('nats', world, world.system(ATTACKER)));
  await client.acknowledged(client.heartbeat());
  await line.flush();
  await other.flush();
  expect(strayed).toEqual([]);
  client.close();
  await other.close();
});

test('a place for the answer reaches no stream of others: they are neither filled nor deleted', async () => {
  const [victim = ''] = OTHERS;
  const client = await new RawClient().greeted(transportOf('nats', world, world.system(ATTACKER)));
  const broker = await connect({ servers: world.nats.url, ...world.nats.broker });
  const manager = await jetstreamManager(broker);
  const own = natsDownStream(ATTACKER);
  const [consumer] = (await manager.consumers.list(own).next()).map(({ name }) => name);
  const places = [
    natsSubjects.down(victim, 'junk'),
    `$JS.API.STREAM.DELETE.${natsDownStream(victim)}`,
    `$JS.API.STREAM.PURGE.${natsDownStream(victim)}`,
    `$JS.API.STREAM.DELETE.${NATS_UP_STREAM}`,
  ];
  // With nothing to give, the answer is an empty message, which is what a deletion looks like.
  const nothing = JSON.stringify({ batch: 1, no_wait: true });
  for (const reply of places) {
    line.publish(`$JS.API.CONSUMER.INFO.${own}.${consumer}`, '', { reply });
    line.publish(`$JS.API.CONSUMER.MSG.NEXT.${own}.${consumer}`, nothing, { reply });
  }
  // Answered after all of those.
  await line.request(`$JS.API.CONSUMER.MSG.NEXT.${own}.${consumer}`, nothing, { timeout: 10_000 });
  await line.request(`$JS.API.CONSUMER.INFO.${own}.${consumer}`, '', { timeout: 10_000 });
  const junk = { subjects_filter: natsSubjects.down(victim, 'junk') };
  const { state } = await manager.streams.info(natsDownStream(victim), junk);
  expect(Object.keys(state.subjects ?? {})).toEqual([]);
  expect((await manager.streams.info(NATS_UP_STREAM)).config.name).toBe(NATS_UP_STREAM);
  const other = links.get(victim)?.client ?? expect.unreachable('the other client has a link');
  expect(await other.acknowledged(other.heartbeat())).toMatchObject({ type: 'ack' });
  client.close();
  await broker.close();
});

test('what it may do still works: its own link, in the middle of all this', async () => {
  const client = await new RawClient().greeted(transportOf('nats', world, world.system(ATTACKER)));
  expect(await client.acknowledged(client.heartbeat())).toMatchObject({ type: 'ack' });
  client.close();
  // And the links of the others never noticed.
  for (const { client: other } of links.values()) {
    expect(other.closedBy).toBeNull();
    expect(await other.acknowledged(other.heartbeat())).toMatchObject({ type: 'ack' });
  }
});
