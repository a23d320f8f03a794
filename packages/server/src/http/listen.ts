/** Listening and closing of the HTTP server. */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../base/clock.ts';
import { StartError } from '../start-error.ts';

/** Requests that still run at the stop are given this long. */
const DRAIN_MS = 5_000;

/** @throws StartError where the port is taken or the address is not this machine's. */
export async function listen(
  http: FastifyInstance,
  at: { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    await http.listen({ host: at.host, port: at.port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') {
      throw new StartError(
        'port-taken',
        `port ${at.port} on ${at.host} is taken; choose another with PICULUS_PORT, 0 takes any free one`,
      );
    }
    if (code === 'EACCES')
      throw new StartError('port-taken', `port ${at.port} may not be opened by this user`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new StartError(
        'address-unknown',
        `${at.host} is not an address of this machine; set PICULUS_HOST`,
      );
    }
    throw error;
  }
}

export function addressOf(http: FastifyInstance): string {
  const [first] = http.addresses();
  if (first === undefined || typeof first === 'string')
    throw new StartError('address-unknown', 'the server does not listen');
  const host = first.family === 'IPv6' ? `[${first.address}]` : first.address;
  return `http://${host}:${first.port}`;
}

/** Lets running requests end, for a while; then cuts them. */
export async function closeHttp(http: FastifyInstance, clock: Clock): Promise<void> {
  const done = new AbortController();
  const closing = http.close().finally(() => done.abort());
  await Promise.race([closing, clock.sleep(DRAIN_MS, done.signal)]);
  http.server.closeAllConnections();
  await closing;
}
