/** What can be seen on this machine besides the database: Node, the port, the clocks. */
import { createServer } from 'node:net';
import type { ServerConfig } from '@piculus/server';
import { type Finding, good, note, warning, wrong } from './finding.ts';

const NODE_MIN = [20, 19] as const;
const CLOCK_SKEW_MS_MAX = 5_000;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const enough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return enough
    ? good('node', `Node ${version}`)
    : wrong('node', `Node ${version} is too old`, `install Node ${NODE_MIN.join('.')} or newer`);
}

export function checkSkew(check: string, whose: string, aheadMs: number): Finding {
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  return Math.abs(aheadMs) <= CLOCK_SKEW_MS_MAX
    ? good(check, `${whose} agrees with this machine's`)
    : warning(
        check,
        `${whose} is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's`,
        'set both by NTP',
      );
}

/** @returns whether something listens there already: a server of ours, or something in its way. */
export async function checkPort(
  config: Pick<ServerConfig, 'host' | 'port'>,
  serverAnswers: boolean,
): Promise<Finding> {
  const where = `${config.host}:${config.port}`;
  if (config.port === 0) return note('port', 'any free port is taken');
  const failure = await new Promise<string | null>((resolve) => {
    const server = createServer();
    server.once('error', (error) =>
      resolve('code' in error && typeof error.code === 'string' ? error.code : error.message),
    );
    server.listen(config.port, config.host, () => server.close(() => resolve(null)));
  });
  if (failure === null)
    return serverAnswers
      ? note('port', `${where} is free`)
      : note('port', `${where} is free; no server runs there`);
  if (failure !== 'EADDRINUSE')
    return wrong('port', `${where} cannot be listened on: ${failure}`, 'choose another --host or --port');
  if (serverAnswers) return good('port', `the server has ${where}`);
  return warning(
    'port',
    `something else than a Piculus server has ${where}`,
    'stop it, or choose another PICULUS_PORT',
  );
}
