/** The proxy that knows NATS' protocol: it hits what Piculus sends, by subject, and nothing else. */
import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { Pieces } from '../src/packets.ts';
import { NatsProxy } from '../src/proxy/nats.ts';

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const NONE = { drop: 0, repeat: 0, delay: 0, reorder: 0, replay: 0, delayMsMax: 50 } as const;

interface Ends {
  readonly proxy: NatsProxy;
  readonly client: Socket;
  readonly server: Socket;
  /** All bytes that the server's end got. */
  readonly got: () => string;
  readonly seen: string[];
}

async function connected(): Promise<Ends> {
  const nats = createServer();
  nats.listen(0, '127.0.0.1');
  await once(nats, 'listening');
  closing.push(() => nats.close());
  const address = nats.address();
  const seen: string[] = [];
  const proxy = new NatsProxy({
    name: 'test',
    targetPort: typeof address === 'object' && address !== null ? address.port : 0,
    random: () => 0.5,
    saw: (direction, subject, payload) => seen.push(`${direction} ${subject} ${payload.toString()}`),
  });
  await proxy.listen();
  closing.push(() => proxy.close());
  const client = new Socket();
  client.on('error', () => {});
  client.connect(proxy.port, '127.0.0.1');
  const [server] = (await once(nats, 'connection')) as [Socket];
  server.on('error', () => {});
  let text = '';
  server.on('data', (chunk) => {
    text += chunk.toString();
  });
  return { proxy, client, server, got: () => text, seen };
}

const publish = (subject: string, payload: string): string =>
  `PUB ${subject} ${payload.length}\r\n${payload}\r\n`;

/** Looks after everything that happens in this process, until it is true. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

it('carries everything as it is, however it is cut, and sees only what is of Piculus', async () => {
  const { proxy, client, got, seen } = await connected();
  const all = `CONNECT {"a":1}\r\n${publish('piculus.PBAP.up.n.l', 'a\r\nb')}${publish('$JS.API.INFO', 'x')}PING\r\n`;
  for (const letter of all) client.write(letter);
  await until(() => got() === all);
  expect(seen).toEqual(['to-server piculus.PBAP.up.n.l a\r\nb']);
  expect(proxy.counts.messages).toBe(1);
});

it('takes headers for headers', async () => {
  const { client, server, seen } = await connected();
  client.resume();
  server.write('HMSG piculus.PBAP.down.l 1 $JS.ACK.x 12 15\r\nNATS/1.0\r\n\r\nabc\r\n');
  await until(() => seen.length === 1);
  expect(seen).toEqual(['to-client piculus.PBAP.down.l abc']);
});

it('drops what is of Piculus and nothing else', async () => {
  const { proxy, client, got } = await connected();
  proxy.break({ ...NONE, drop: 1 });
  client.write(publish('piculus.PBAP.up.n.l', 'one') + publish('$JS.ACK.x', '+ACK'));
  await until(() => got().includes('+ACK'));
  expect(got()).not.toContain('one');
  expect(proxy.counts.dropped).toBe(1);
});

it('repeats and exchanges', async () => {
  const { proxy, client, got } = await connected();
  proxy.break({ ...NONE, repeat: 1 });
  client.write(publish('piculus.PBAP.up.n.l', 'one'));
  await until(() => got().split('one').length === 3);
  proxy.break({ ...NONE, reorder: 1 });
  client.write(publish('piculus.PBAP.up.n.l', 'two') + publish('piculus.PBAP.up.n.l', 'three'));
  await until(() => got().includes('two'));
  expect(got().indexOf('three')).toBeLessThan(got().indexOf('two'));
});

it('puts the pieces of a message together', () => {
  const packet = (kind: number, sequence: number, text: string): Buffer => {
    const head = Buffer.alloc(42);
    head.writeUInt8(1, 0);
    head.writeUInt8(kind, 1);
    head.writeUInt32BE(sequence, 2);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const pieces = new Pieces();
  expect(pieces.add('s', packet(1, 1, 'whole'))).toBe('whole');
  expect(pieces.add('s', packet(0, 2, 'in '))).toBeNull();
  expect(pieces.add('s', packet(0, 3, 'three '))).toBeNull();
  expect(pieces.add('s', packet(1, 4, 'pieces'))).toBe('in three pieces');
  expect(pieces.add('s', packet(2, 4, ''))).toBeNull();
});
