/** Writes what a nats-server for Piculus needs: its configuration, and a key or a password for each user. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { NATS_SERVER_USER } from '@piculus/protocol/link';
import { systemClock } from '../../base/clock.ts';
import { type NatsServerFile, type NatsUserLogin, writeNatsServerFile } from './server-file.ts';

export interface NatsConfigOrder {
  readonly folder: string;
  /** Where nats-server keeps its own notes; null: in a folder beside its configuration. */
  readonly storeDir?: string | null;
  readonly systems: readonly string[];
  /** `host:port` */
  readonly listen: string;
  /** Passwords in place of NKeys. */
  readonly passwords: boolean;
  readonly tls: NatsServerFile['tls'];
}

export interface NatsConfigWritten {
  readonly configFile: string;
  /** The private half of each user; `made` where it was not there before. */
  readonly users: readonly { readonly name: string; readonly file: string; readonly made: boolean }[];
}

const PASSWORD_BYTES = 24;
const OWNER_ONLY = 0o600;

/** What is there already is kept, so that another system can be added without new keys for the others. */
export async function writeNatsConfig(order: NatsConfigOrder): Promise<NatsConfigWritten> {
  const folder = resolve(order.folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const users: { name: string; file: string; made: boolean; login: NatsUserLogin }[] = [];
  for (const name of [NATS_SERVER_USER, ...order.systems])
    users.push({ name, ...(await readOrMake(join(folder, name), order.passwords)) });
  const [server, ...systems] = users;
  if (server === undefined) throw new Error('the user of the servers is always there');
  const configFile = join(folder, 'nats-server.conf');
  const text = writeNatsServerFile({
    listen: order.listen,
    storeDir: order.storeDir == null ? join(folder, 'store') : resolve(order.storeDir),
    server: server.login,
    systems: new Map(systems.map(({ name, login }) => [name, login])),
    tls: order.tls,
  });
  await writeFile(configFile, text, { mode: OWNER_ONLY });
  await chmod(configFile, OWNER_ONLY);
  return { configFile, users: users.map(({ name, file, made }) => ({ name, file, made })) };
}

async function readOrMake(
  path: string,
  passwords: boolean,
): Promise<{ file: string; made: boolean; login: NatsUserLogin }> {
  const file = `${path}.${passwords ? 'password' : 'nkey'}`;
  const fresh = passwords ? systemClock.bytes(PASSWORD_BYTES).toString('base64url') : newSeed();
  let made = true;
  try {
    await writeFile(file, `${fresh}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    made = false;
  }
  const secret = (await readFile(file, 'utf8')).trim();
  return { file, made, login: passwords ? { password: secret } : { nkey: publicHalf(secret) } };
}

const newSeed = (): string => new TextDecoder().decode(nkeys.createUser().getSeed());
const publicHalf = (seed: string): string => nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();
