/** The environment as the command line sees it. The only place here that reads `process.env`. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CliConfig {
  /** `PICULUS_URL`: where the server is; the stored session's address and then the default stand in for it. */
  readonly url: string | undefined;
  /** `PICULUS_TOKEN`: a token of `tokens create`, or a session's, for scripts that keep it elsewhere. */
  readonly token: string | undefined;
  /** `PICULUS_PASSWORD`: read by commands that would ask for a password. */
  readonly password: string | undefined;
  /** `PICULUS_NEW_PASSWORD`: likewise, for the one that is chosen. */
  readonly newPassword: string | undefined;
  /** Where the session is stored, under `XDG_CONFIG_HOME` or `~/.config`. */
  readonly sessionFile: string;
}

export const DEFAULT_URL = 'http://127.0.0.1:7070';

export function processEnvironment(): Environment {
  return process.env;
}

export function readConfig(environment: Environment): CliConfig {
  const set = (name: string): string | undefined => {
    const value = environment[name];
    return value === undefined || value === '' ? undefined : value;
  };
  const base = set('XDG_CONFIG_HOME') ?? join(set('HOME') ?? homedir(), '.config');
  return {
    url: set('PICULUS_URL'),
    token: set('PICULUS_TOKEN'),
    password: set('PICULUS_PASSWORD'),
    newPassword: set('PICULUS_NEW_PASSWORD'),
    sessionFile: join(base, 'piculus', 'session.json'),
  };
}
