/** The processes of a benchmark: Piculus' server and PBAP with its bank, each on a database of its own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, createApiClient, signInFirst } from '@piculus/protocol/http';
import type { CellContext } from '../cell.ts';
import { makeDatabase } from './databases.ts';
import { ObservedProcess } from './process.ts';

export const SYS_CODE = 'PBAP';

export interface RunningServer {
  readonly process: ObservedProcess;
  readonly url: string;
  readonly api: ApiClient;
  readonly databaseUrl: string;
}

/**
 * A server with one administrator, who is signed in.
 * @param settings further variables of its environment.
 */
export async function startServer(
  context: CellContext,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'piculus-bench-'));
  context.atEnd(() => rm(folder, { recursive: true, force: true }));
  const passwordFile = join(folder, 'password');
  const databaseUrl = await makeDatabase(context, 'server');
  const { process, ready } = await ObservedProcess.start(
    {
      name: 'server',
      script: 'packages/cli/bin/piculus.js',
      args: ['serve', '--json'],
      env: {
        PICULUS_DATABASE_URL: databaseUrl,
        PICULUS_DATA_DIR: folder,
        PICULUS_HOST: '127.0.0.1',
        PICULUS_PORT: '0',
        PICULUS_LOG_LEVEL: 'warn',
        PICULUS_ADMIN_PASSWORD_FILE: passwordFile,
        ...settings,
      },
    },
    context,
  );
  const url = addressIn(ready, 'address');
  const oneTimePassword = (await readFile(passwordFile, 'utf8')).trim();
  const person = { username: 'admin', oneTimePassword, password: 'for this cell alone' };
  const { token } = await signInFirst({ baseUrl: url }, person);
  const api = createApiClient({ baseUrl: url, token });
  // What is measured runs unattended, and nobody else is there to agree to it.
  const { version, rules } = await api.getApprovalPolicy();
  const policy = { mode: 'as-configured', rules, reason: 'a measurement' } as const;
  const alone = await api.setApprovalPolicy({ body: { ...policy, version, singlePerson: true } });
  await api.setApprovalPolicy({ body: { ...policy, version: alone.version, singlePerson: false } });
  return { process, url, api, databaseUrl };
}

/** A bank that has nothing new to tell. @returns its address. */
export async function startBank(context: CellContext): Promise<string> {
  const { ready } = await ObservedProcess.start(
    {
      name: 'bank',
      script: 'examples/pbap/dist/bank/main.js',
      env: { BANK_DATABASE_URL: await makeDatabase(context, 'bank'), BANK_PORT: '0' },
    },
    context,
  );
  return addressIn(ready, 'url');
}

/** One client process of PBAP on a database that holds its history, under a new key of the server. */
export async function startClient(
  context: CellContext,
  server: RunningServer,
  databaseUrl: string,
): Promise<ObservedProcess> {
  const env = { PBAP_DATABASE_URL: databaseUrl, BANK_URL: await startBank(context) };
  return startClientOf(context, server, env);
}

/** @param env where its database and its bank are, and what else it is to have. */
export async function startClientOf(
  context: CellContext,
  server: RunningServer,
  env: Readonly<Record<string, string>>,
): Promise<ObservedProcess> {
  const { key, serverKeys } = await server.api.createSystem({
    body: { sysCode: SYS_CODE, name: 'PBAP', collectCron: null },
  });
  const { process } = await ObservedProcess.start(
    {
      name: 'client',
      script: 'examples/pbap/dist/pbap/main.js',
      env: {
        PICULUS_URL: server.url,
        PICULUS_SYSTEM_KEY: key,
        PICULUS_SERVER_KEYS: serverKeys.join(','),
        SYS_CODE,
        PBAP_NORMAL_PATH: 'no',
        ...env,
      },
    },
    context,
  );
  return process;
}

/** @throws Error where a program did not say it. */
export function addressIn(ready: Readonly<Record<string, unknown>>, field: string): string {
  const address = ready[field];
  if (typeof address !== 'string') throw new Error(`a program did not say its ${field}`);
  return address;
}
