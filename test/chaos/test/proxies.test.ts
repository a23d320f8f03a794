/** The fault proxies: each fault really happens, is counted, and ends. */
import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { TcpProxy } from '../src/proxy/tcp.ts';
import { WebSocketProxy } from '../src/proxy/websocket.ts';

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Sends back what it gets, line by line. */
async function echo(): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function tcp(): Promise<{
  proxy: TcpProxy;
  socket: Socket;
  said: () => string;
  line: () => Promise<unknown>;
}> {
  const port = await echo();
  const proxy = new TcpProxy('test', () => ({ host: '127.0.0.1', port }));
  await proxy.listen();
  closing.push(() => proxy.close());
  const socket = new Socket();
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => {});
  socket.connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  closing.push(() => socket.destroy());
  return { proxy, socket, said: () => text, line: () => once(socket, 'data') };
}

it('carries what it gets, both ways', async () => {
  const { socket, said, line } = await tcp();
  socket.write('hello');
  await line();
  expect(said()).toBe('hello');
});

it('holds everything back in a half-open connection, and lets it go on afterwards', async () => {
  const { proxy, socket, said, line } = await tcp();
  proxy.break({ kind: 'half-open' });
  socket.write('hello');
  await until(() => proxy.counts.held === 1);
  expect(said()).toBe('');
  const answer = line();
  proxy.heal();
  await answer;
  expect(said()).toBe('hello');
});

it('blocks one direction alone', async () => {
  const { proxy, socket, said, line } = await tcp();
  proxy.break({ kind: 'one-way', blocked: 'down' });
  socket.write('hello');
  // The question arrived, its answer is what is held.
  await until(() => proxy.counts.held === 1);
  expect(said()).toBe('');
  const answer = line();
  proxy.heal();
  await answer;
  expect(said()).toBe('hello');
});

it('slows down by a delay', async () => {
  const { proxy, socket, line } = await tcp();
  proxy.break({ kind: 'delay', ms: 30 });
  const from = performance.now();
  const answer = line();
  socket.write('hello');
  await answer;
  expect(performance.now() - from).toBeGreaterThan(50);
  expect(proxy.counts.delayed).toBe(2);
});

it('cuts with a reset on both sides', async () => {
  const { proxy, socket, line } = await tcp();
  socket.write('hello');
  await line();
  const ended = new Promise((resolve) => socket.once('close', resolve));
  expect(proxy.reset()).toBe(1);
  await ended;
  expect(proxy.connections).toBe(0);
  expect(proxy.counts.resets).toBe(1);
});

const NONE = { drop: 0, repeat: 0, delay: 0, reorder: 0, replay: 0, delayMsMax: 50 } as const;

async function messages(): Promise<{
  proxy: WebSocketProxy;
  client: WebSocket;
  got: string[];
  keys: unknown[];
}> {
  const got: string[] = [];
  const keys: unknown[] = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket, request) => {
    keys.push(request.headers.authorization);
    socket.on('message', (data) => {
      got.push(String(data));
      socket.send(`ack ${String(data)}`);
    });
  });
  closing.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const address = server.address();
  const targetPort = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy = new WebSocketProxy({ name: 'test', targetPort, random: () => 0.5, saw: () => {} });
  await proxy.listen();
  closing.push(() => proxy.close());
  const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/gateway`, {
    headers: { authorization: 'Bearer key' },
  });
  client.on('error', () => {});
  await once(client, 'open');
  return { proxy, client, got, keys };
}

it('carries messages and the key of the client', async () => {
  const { proxy, client, got, keys } = await messages();
  client.send('one');
  const [answer] = await once(client, 'message');
  expect(String(answer)).toBe('ack one');
  expect(got).toEqual(['one']);
  expect(keys).toEqual(['Bearer key']);
  expect(proxy.counts.messages).toBe(2);
});

it('drops messages, and ends the connection with the fault', async () => {
  const { proxy, client, got } = await messages();
  proxy.break({ ...NONE, drop: 1 });
  client.send('one');
  await until(() => proxy.counts.dropped === 1);
  expect(got).toEqual([]);
  const ended = once(client, 'close');
  proxy.heal();
  await ended;
  expect(proxy.counts.cut).toBe(1);
});

it('repeats messages', async () => {
  const { proxy, client, got } = await messages();
  proxy.break({ ...NONE, repeat: 1 });
  client.send('one');
  await until(() => got.length === 2);
  expect(got).toEqual(['one', 'one']);
});

it('exchanges messages', async () => {
  const { proxy, client, got } = await messages();
  proxy.break({ ...NONE, reorder: 1 });
  client.send('one');
  client.send('two');
  await until(() => got.length === 2);
  expect(got).toEqual(['two', 'one']);
  expect(proxy.counts.reordered).toBeGreaterThan(0);
});

it('delays messages, so that later ones overtake them', async () => {
  const { proxy, client, got } = await messages();
  proxy.break({ ...NONE, delay: 1, delayMsMax: 400 });
  client.send('one');
  await until(() => proxy.counts.delayed === 1);
  proxy.heal();
  client.send('two');
  await until(() => got.length === 2);
  expect(got).toEqual(['two', 'one']);
});

it('plays old messages again', async () => {
  const { proxy, client, got } = await messages();
  client.send('one');
  await until(() => got.length === 1);
  proxy.break({ ...NONE, replay: 1 });
  client.send('two');
  await until(() => got.length === 3);
  expect(proxy.counts.replayed).toBeGreaterThan(0);
});

/** Looks after everything that happens in this process, until it is true. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}
