/**
 * Where the metrics are read: a listener of its own, apart from the API, so that it can stay inside a network that
 * the API leaves. It asks nobody who they are; nothing that it says is a secret.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { StartError } from '../start-error.ts';
import type { MetricRegistry } from './registry.ts';

export interface MetricListener {
  /** For instance `http://127.0.0.1:9464/metrics`. */
  readonly address: string;
  close(): Promise<void>;
}

export interface MetricListenerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly registry: MetricRegistry;
  readonly log: Logger;
}

/** @throws StartError where it cannot listen. */
export async function listenForScrapes(options: MetricListenerOptions): Promise<MetricListener> {
  const server = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    try {
      const text = await options.registry.text((error) =>
        options.log.warn({ err: error }, 'some metrics could not be read'),
      );
      response.writeHead(200, { 'content-type': options.registry.contentType }).end(text);
    } catch (error) {
      options.log.error({ err: error }, 'the metrics could not be written');
      response.writeHead(500).end();
    }
  });
  await listening(server, options);
  return {
    address: addressOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, { host, port }: MetricListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new StartError(
          'port-taken',
          `the metrics cannot be offered on ${host}:${port} (${error.message}); set PICULUS_METRICS_PORT and PICULUS_METRICS_HOST`,
        ),
      );
    });
    server.listen({ host, port }, resolve);
  });
}

const isPlace = (address: AddressInfo | string | null): address is AddressInfo =>
  address !== null && typeof address !== 'string';

function addressOf(server: Server): string {
  const address = server.address();
  if (!isPlace(address)) return '';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}/metrics`;
}
