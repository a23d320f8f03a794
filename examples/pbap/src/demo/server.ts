/** The server of the demo: its process, and the demo's own way in. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiClient, ApiError, createApiClient, signIn, signInFirst } from '@piculus/protocol/http';
import { z } from 'zod';
import { type Children, fromRoot } from './children.ts';
import { DemoError } from './demo-error.ts';
import type { JoinOptions } from './options.ts';

export interface DemoServer {
  readonly url: string;
  readonly api: ApiClient;
  readonly credentials: Credentials;
  /** The administrator's password, where this start chose it. */
  readonly adminPassword: string | null;
}

export interface ServerPlace {
  readonly databaseUrl: string;
  readonly port: number;
  /** Holds the server's secret, the first password and the demo's credentials. */
  readonly folder: string;
}

const credentialsSchema = z.object({
  username: z.string(),
  password: z.string(),
  /** Of each system: shown once by the server, so that they are kept here. */
  keys: z.record(z.string(), z.string()),
});
type Stored = z.infer<typeof credentialsSchema>;

/** What the demo must remember from one start to the next; readable by its owner only. */
export interface Credentials {
  key(sysCode: string): string | undefined;
  keep(sysCode: string, key: string): Promise<void>;
}

/** Starts the server, waits until it can work, and signs the demo in. */
export async function startServer(place: ServerPlace, children: Children): Promise<DemoServer> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  const url = `http://127.0.0.1:${place.port}`;
  const passwordFile = join(place.folder, 'admin-password.txt');
  const open = createApiClient({ baseUrl: url, timeoutMs: 2_000 });
  await children.start({
    name: 'server',
    script: fromRoot('packages/cli/bin/piculus.js'),
    args: ['serve'],
    env: {
      PICULUS_DATABASE_URL: place.databaseUrl,
      PICULUS_DATA_DIR: place.folder,
      PICULUS_HOST: '127.0.0.1',
      PICULUS_PORT: String(place.port),
      PICULUS_ADMIN_PASSWORD_FILE: passwordFile,
    },
    isReady: () =>
      open.getReadiness().then(
        () => true,
        () => false,
      ),
  });
  return enter(url, place.folder, passwordFile);
}

/** Signs the demo in to a server that runs already. @param folder holds the demo's credentials. */
export async function joinServer(
  { url, adminPasswordFile }: JoinOptions,
  folder: string,
): Promise<DemoServer> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return enter(url, folder, adminPasswordFile);
}

async function enter(url: string, folder: string, passwordFile: string): Promise<DemoServer> {
  const path = join(folder, 'credentials.json');
  const known = await readStored(path);
  const { stored, adminPassword } =
    known === null ? await makeUsers(url, passwordFile) : { stored: known, adminPassword: null };
  if (known === null) await store(path, stored);
  const { token } = await signInAs(url, stored);
  return {
    url,
    api: createApiClient({ baseUrl: url, token }),
    adminPassword,
    credentials: {
      key: (sysCode) => stored.keys[sysCode],
      async keep(sysCode, key) {
        stored.keys[sysCode] = key;
        await store(path, stored);
      },
    },
  };
}

const newPassword = (): string => randomBytes(18).toString('base64url');

/**
 * Does what the person would have to do first: chooses the administrator's password, which is told once. The demo
 * itself works under a name of its own, so that this password stays the person's.
 */
async function makeUsers(
  url: string,
  passwordFile: string,
): Promise<{ stored: Stored; adminPassword: string }> {
  const adminPassword = newPassword();
  const oneTimePassword = await readPassword(passwordFile);
  const admin = { username: 'admin', oneTimePassword, password: adminPassword };
  const { token } = await firstSignIn(
    url,
    admin,
    `; if it has another password by now, write that to ${passwordFile}`,
  );
  await writeFile(passwordFile, `${adminPassword}\n`, { mode: 0o600 });
  const stored: Stored = { username: 'demo', password: newPassword(), keys: {} };
  const api = createApiClient({ baseUrl: url, token });
  await letSolutionsDecide(api);
  const given = newPassword();
  try {
    await api.createUser({
      body: {
        username: stored.username,
        name: 'Demo',
        password: given,
        grants: [{ role: 'administrator', sysCode: null }],
      },
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'already-exists') throw error;
    throw new DemoError(
      'this server knows the demo already, but its credentials are not in this checkout; use other databases',
    );
  }
  await firstSignIn(url, { username: stored.username, oneTimePassword: given, password: stored.password });
  return { stored, adminPassword };
}

/**
 * The demo shows repairs that run by themselves, so its solutions alone decide what runs. Whoever is alone on a new
 * installation may say that nothing needs a second person, and choose another policy then.
 */
async function letSolutionsDecide(api: ApiClient): Promise<void> {
  const { version, rules, nobodyElse } = await api.getApprovalPolicy();
  if (!nobodyElse) return;
  const reason = 'the demo: the execution modes of its solutions alone decide';
  const body = { mode: 'as-configured', rules, reason } as const;
  const { version: next } = await api.setApprovalPolicy({ body: { ...body, version, singlePerson: true } });
  await api.setApprovalPolicy({ body: { ...body, version: next, singlePerson: false } });
}

type FirstSignIn = Parameters<typeof signInFirst>[1];
const firstSignIn = (url: string, person: FirstSignIn, advice = '') =>
  signInFirst({ baseUrl: url }, person).catch((error: unknown) => notLetIn(error, person.username, advice));

const signInAs = (url: string, { username, password }: Stored) =>
  signIn({ baseUrl: url }, { username, password }).catch((error: unknown) => notLetIn(error, username));

function notLetIn(error: unknown, username: string, advice = ''): never {
  if (!(error instanceof ApiError) || error.code !== 'not-signed-in') throw error;
  throw new DemoError(
    `the server does not let the user "${username}" in; its database may be from another checkout${advice}`,
  );
}

async function readPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    throw new DemoError(
      'this server has users already, but their passwords are not in this checkout; use another database for it',
    );
  }
}

async function readStored(path: string): Promise<Stored | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? null : credentialsSchema.parse(JSON.parse(text));
}

/** Written beside and moved into place, so that a cut leaves the old one whole. */
async function store(path: string, stored: Stored): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
