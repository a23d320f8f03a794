/**
 * Running the server in this process; flags stand over the environment. The server is loaded only by the
 * commands that need it: it takes longer than everything else together.
 */
import type { ServerConfig } from '@piculus/server';
import type { Environment } from '../config.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT, type ExitCode, usageError } from '../exit-codes.ts';
import { wholeNumber } from '../options.ts';
import type { Registration } from '../registration.ts';
import { readJsonObject, textField } from '../read-json.ts';

export interface ServerFlags {
  readonly port?: number;
  readonly host?: string;
  readonly dataDir?: string;
  readonly databaseUrl?: string;
}

export function addServe({ program, act }: Registration): void {
  program
    .command('serve')
    .description('run the server; with --json one line for each event: listening, first-password, ready')
    .option('--port <number>', 'port (PICULUS_PORT, 7070); 0 takes any free one', wholeNumber(0, 65_535))
    .option('--host <address>', 'address to listen on (PICULUS_HOST, 127.0.0.1)')
    .option(
      '--data-dir <folder>',
      'folder of the embedded database and the secret (PICULUS_DATA_DIR, ./.piculus)',
    )
    .option('--database-url <url>', 'PostgreSQL (PICULUS_DATABASE_URL); the embedded database without it')
    .action(act(async (context, command) => serve(context, command.opts<ServerFlags>())));
}

async function serve(context: CliContext, flags: ServerFlags): Promise<ExitCode> {
  const config = await serverConfig(context.world.environment, flags);
  const { runServer } = await import('@piculus/server');
  const { streams } = context.world;
  const code = await runServer(
    {
      stdout: (line) => streams.stdout(context.out.json ? line : inWords(line, config.host)),
      stderr: streams.stderr,
    },
    config,
  );
  if (code === 0) return EXIT.ok;
  throw new CliError(code === 2 ? EXIT.usage : EXIT.failure, 'server-failed', 'the server ended');
}

/** @throws CliError naming every variable that is not valid. */
export async function serverConfig(environment: Environment, flags: ServerFlags = {}): Promise<ServerConfig> {
  const { ConfigError, loadConfig } = await import('@piculus/server');
  try {
    return loadConfig({
      ...environment,
      ...(flags.port === undefined ? {} : { PICULUS_PORT: String(flags.port) }),
      ...(flags.host === undefined ? {} : { PICULUS_HOST: flags.host }),
      ...(flags.dataDir === undefined ? {} : { PICULUS_DATA_DIR: flags.dataDir }),
      ...(flags.databaseUrl === undefined ? {} : { PICULUS_DATABASE_URL: flags.databaseUrl }),
    });
  } catch (error) {
    if (error instanceof ConfigError) throw usageError('the configuration is not valid', error.problems);
    throw error;
  }
}

function inWords(line: string, host: string): string {
  const event = readJsonObject(line);
  const address = textField(event, 'address') ?? '';
  switch (textField(event, 'event')) {
    case 'listening':
      return `listening on ${address}${host === '127.0.0.1' ? ' (this machine only)' : ''}`;
    case 'ready':
      return `ready: open ${address}`;
    case 'first-password': {
      const username = textField(event, 'username') ?? '';
      const file = textField(event, 'file');
      return file === null
        ? `user ${username}, one-time password ${textField(event, 'password') ?? ''} (shown only now; sign in and choose your own: piculus login)`
        : `user ${username}, one-time password in ${file}`;
    }
    default:
      return line;
  }
}
