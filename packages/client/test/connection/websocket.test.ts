import { createServer, type Server } from 'node:http';
import { GATEWAY_PATH } from '@piculus/protocol/http';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { ConnectRefused, type LinkHandlers, webSocketTransport } from '../../src/index.ts';
import { gatewayUrl } from '../../src/connection/websocket.ts';

const never = new AbortController().signal;
const ignore: LinkHandlers = { message: () => {}, closed: () => {} };
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server that takes one key and echoes what it hears. */
async function echoServer(): Promise<string> {
  const server = createServer();
  servers.push(server);
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== GATEWAY_PATH || request.headers.authorization !== 'Bearer right-key') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (peer) => {
      peer.on('message', (data) =>
        String(data) === 'leave' ? peer.close(1001, 'going away') : peer.send(String(data)),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : expect.unreachable();
}

describe('the WebSocket transport', () => {
  test('carries frames both ways and tells the end', async () => {
    const transport = webSocketTransport({ url: await echoServer(), systemKey: 'right-key' });
    let heard: (frame: string) => void = () => {};
    let ended: (reason: string) => void = () => {};
    const echo = new Promise<string>((resolve) => {
      heard = resolve;
    });
    const end = new Promise<string>((resolve) => {
      ended = resolve;
    });
    const link = await transport.connect(
      { message: (frame) => heard(frame), closed: (reason) => ended(reason) },
      never,
    );
    link.send('你好');
    expect(await echo).toBe('你好');
    link.send('leave');
    expect(await end).toBe('closed with 1001: going away');
  });

  test('ends when asked', async () => {
    const transport = webSocketTransport({ url: await echoServer(), systemKey: 'right-key' });
    let ended: (reason: string) => void = () => {};
    const end = new Promise<string>((resolve) => {
      ended = resolve;
    });
    const link = await transport.connect({ ...ignore, closed: (reason) => ended(reason) }, never);
    link.close('the client stops');
    expect(await end).toContain('closed with 1000');
  });

  test('says that a key is not taken', async () => {
    const refused = webSocketTransport({ url: await echoServer(), systemKey: 'wrong-key' }).connect(
      ignore,
      never,
    );
    await expect(refused).rejects.toMatchObject({ name: 'ConnectRefused', kind: 'unauthorised' });
  });

  test('says that nobody is there', async () => {
    const address = await echoServer();
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const refused = webSocketTransport({ url: address, systemKey: 'right-key' }).connect(ignore, never);
    await expect(refused).rejects.toBeInstanceOf(ConnectRefused);
    await expect(refused).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test('gives up connecting when told to', async () => {
    const server = createServer().on('upgrade', () => {});
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : expect.unreachable();
    const controller = new AbortController();
    const connecting = webSocketTransport({ url: `ws://127.0.0.1:${port}`, systemKey: 'k' }).connect(
      ignore,
      controller.signal,
    );
    controller.abort();
    await expect(connecting).rejects.toBeInstanceOf(ConnectRefused);
  });

  test.each([
    ['http://a:7070', `ws://a:7070${GATEWAY_PATH}`],
    ['https://a', `wss://a${GATEWAY_PATH}`],
    ['wss://a/behind/a/proxy', 'wss://a/behind/a/proxy'],
  ])('reads %s as %s', (given, url) => expect(gatewayUrl(given).href).toBe(url));

  test.each(['', 'localhost:7070', 'ftp://a', 'ws://user:key@a'])('refuses the address "%s"', (address) => {
    expect(() => gatewayUrl(address)).toThrow(/^url:/);
  });
});
