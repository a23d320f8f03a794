/** A small TCP balancer: connections go in turn to the servers that say they are ready. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { API_PREFIX } from '@piculus/protocol/http';

export interface Balancer {
  readonly address: string;
  close(): Promise<void>;
}

const LOOK_MS = 200;

export async function startBalancer(addresses: readonly string[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const stop = new AbortController();
  let ready = [...addresses];
  let turn = 0;
  const server = createServer((inner) => {
    turn += 1;
    const target = ready[turn % Math.max(1, ready.length)];
    if (target === undefined) {
      inner.destroy();
      return;
    }
    const { hostname, port } = new URL(target);
    const outer = connect(Number(port), hostname);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  const look = async (): Promise<void> => {
    const isReady = async (address: string): Promise<boolean> => {
      try {
        return (await fetch(`${address}${API_PREFIX}/ready`, { signal: stop.signal })).ok;
      } catch {
        return false;
      }
    };
    const answers = await Promise.all(addresses.map(isReady));
    ready = addresses.filter((_, index) => answers[index]);
  };
  const looking = (async () => {
    while (!stop.signal.aborted) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    address: `http://127.0.0.1:${address.port}`,
    async close() {
      stop.abort();
      server.close();
      for (const socket of sockets) socket.destroy();
      await looking;
    },
  };
}
