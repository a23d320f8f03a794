import { createServer } from 'node:net';
import { DemoError } from './demo-error.ts';

const TRIES = 50;

/** @returns the first free loopback port from this one on. @throws DemoError where none of the next 50 is free. */
export async function freePort(from: number): Promise<number> {
  for (let port = from; port < Math.min(from + TRIES, 65_536); port++) {
    if (await isFree(port)) return port;
  }
  throw new DemoError(`the ports from ${from} on are taken; choose another with --port`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** @returns a port that nobody uses just now. */
export function anyFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new DemoError('no free port'));
        else resolve(address.port);
      });
    });
  });
}
