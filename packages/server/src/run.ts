/**
 * Runs a server as a process: tells on stdout, one JSON line each, that it listens, the first password, and
 * that it works; ends on SIGTERM, SIGINT or when the parent that opened a channel to it goes.
 */
import { FIRST_USERNAME } from './identity/index.ts';
import { ConfigError, loadConfig, type ServerConfig } from './config.ts';
import { createServer, type PiculusServer } from './server.ts';
import { StartError } from './start-error.ts';

/** What the process uses of its surroundings. */
export interface ProcessPort {
  readonly stdout: (line: string) => void;
  readonly stderr: (line: string) => void;
}

/** @returns the exit code: 0 after a wanted stop, 1 after a failure, 2 for a configuration that is not valid. */
export async function runServer(port: ProcessPort, given?: ServerConfig): Promise<number> {
  let config: ServerConfig;
  try {
    config = given ?? loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) port.stderr(problem);
    return 2;
  }
  const server = await createServer(config);
  const asked = stopRequest();
  try {
    // A stop while the start is under way ends the start.
    await Promise.race([server.start(), asked]);
    return await serve(server, config, port, asked);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    port.stderr(error.message);
    return 1;
  } finally {
    await server.stop();
  }
}

async function serve(
  server: PiculusServer,
  config: ServerConfig,
  port: ProcessPort,
  asked: Promise<void>,
): Promise<number> {
  if (server.address === '') return 0;
  const say = (event: string, detail: object): void => port.stdout(JSON.stringify({ event, ...detail }));
  say('listening', { address: server.address });
  server.ready().then(
    () => {
      if (server.firstPassword !== null) {
        const where = config.adminPasswordFile;
        say('first-password', {
          username: FIRST_USERNAME,
          ...(where === null ? { password: server.firstPassword } : { file: where }),
        });
      }
      say('ready', { address: server.address });
    },
    () => {},
  );
  const reason = await Promise.race([asked.then(() => null), server.failed]);
  if (reason === null) return 0;
  port.stderr(`the server cannot go on: ${reason.message}`);
  return 1;
}

/** Resolves at the first request to stop; a second signal ends the process at once. */
function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
    process.once('disconnect', () => resolve());
  });
}
