/** What every command gets. */
import type { ApiClient } from '@piculus/protocol/http';
import { createApiClient } from '@piculus/protocol/http';
import { type Person, personAtProcess } from './ask.ts';
import { type CliClock, systemClock } from './clock.ts';
import { type CliConfig, DEFAULT_URL, type Environment, processEnvironment, readConfig } from './config.ts';
import { CliError, EXIT } from './exit-codes.ts';
import { createOutput, type Output, processStreams, type Streams } from './output.ts';
import { readSession } from './session.ts';

/** What the process gives to the command line; tests give their own. */
export interface World {
  readonly environment: Environment;
  readonly streams: Streams;
  readonly person: Person;
  readonly clock: CliClock;
}

export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
}

export interface CliContext {
  readonly world: World;
  readonly config: CliConfig;
  readonly out: Output;
  /** Where the server is: the option, `PICULUS_URL`, the stored session's, the default. */
  serverUrl(): Promise<string>;
  /** @throws CliError where nobody is signed in. */
  api(): Promise<ApiClient>;
}

export function processWorld(): World {
  return {
    environment: processEnvironment(),
    streams: processStreams(),
    person: personAtProcess(),
    clock: systemClock,
  };
}

export function createContext(world: World, options: GlobalOptions): CliContext {
  const config = readConfig(world.environment);
  const serverUrl = async (): Promise<string> =>
    options.url ?? config.url ?? (await readSession(config.sessionFile))?.url ?? DEFAULT_URL;
  const api = async (): Promise<ApiClient> => {
    const baseUrl = await serverUrl();
    const token = options.token ?? config.token ?? (await storedToken(config, baseUrl));
    return createApiClient({ baseUrl, token, prove: () => prove({ baseUrl, token }) });
  };
  /** What gives out rights asks for the password again, ten minutes after the sign-in. */
  const prove = async (call: { readonly baseUrl: string; readonly token: string }): Promise<void> => {
    const password = config.password ?? (await world.person.secret('your password again, to confirm this'));
    await createApiClient(call).confirmIdentity({ body: { password } });
  };
  return { world, config, out: createOutput(world.streams, options.json === true), serverUrl, api };
}

/** A token is sent only to the server that gave it. */
async function storedToken(config: CliConfig, url: string): Promise<string> {
  const session = await readSession(config.sessionFile);
  if (session !== null && session.url === url) return session.token;
  throw new CliError(EXIT.notSignedIn, 'not-signed-in', `not signed in at ${url}`, [
    `sign in with: piculus login --url ${url} --user NAME`,
  ]);
}
