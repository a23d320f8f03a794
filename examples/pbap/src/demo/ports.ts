import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { DemoError } from './demo-error.ts';

const TRIES = 50;
const FIRST_PORT = 15_000;
const USUAL_FIRST_OUTGOING_PORT = 32_768;

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

/**
 * @returns a loopback port that nobody uses just now. It lies below those that the system gives to outgoing
 * connections: one of them could be given away between this answer and the moment somebody listens on it.
 * @throws DemoError where none is found.
 */
export async function anyFreePort(): Promise<number> {
  const end = await firstOutgoingPort();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(FIRST_PORT, end);
    if (await isFree(port)) return port;
  }
  throw new DemoError(`no free port was found between ${FIRST_PORT} and ${end}`);
}

/** Linux tells it; elsewhere they begin higher. */
async function firstOutgoingPort(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  const first = Number.parseInt(range, 10);
  return first > FIRST_PORT + TRIES ? first : USUAL_FIRST_OUTGOING_PORT;
}
