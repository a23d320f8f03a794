/** The part of the configuration that is about NATS as a second way for clients. */
import { readFileSync } from 'node:fs';
import type { ConfigReader } from './config-reader.ts';

/** Who the server is to NATS. */
export type NatsLogin =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** The private half, as `piculus nats config` wrote it. */
  | { readonly kind: 'nkey'; readonly seed: string }
  /** A file with a JWT and its key. */
  | { readonly kind: 'credentials'; readonly text: string };

export interface NatsConfig {
  /** Addresses of its servers, as `127.0.0.1:4222`. */
  readonly servers: readonly string[];
  readonly login: NatsLogin;
  /** Null: without encryption. */
  readonly tls: NatsTls | null;
}

export interface NatsTls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const NAMES = ['CREDENTIALS', 'NKEY_FILE', 'USER', 'PASSWORD_FILE', 'CA_FILE', 'CERT_FILE', 'KEY_FILE'];

/** @returns null where clients come by WebSocket alone. */
export function readNats(reader: ConfigReader): NatsConfig | null {
  const { text, problems } = reader;
  const given = text('PICULUS_NATS_URL');
  if (given === null) {
    const left = NAMES.map((name) => `PICULUS_NATS_${name}`).find((name) => text(name) !== null);
    if (left !== undefined) problems.push(`${left} needs PICULUS_NATS_URL beside it`);
    return null;
  }
  const addresses = given.split(',').flatMap((each) => readAddress(each.trim(), problems));
  const encrypted = addresses.some(({ protocol }) => protocol === 'tls:');
  if (encrypted && addresses.some(({ protocol }) => protocol !== 'tls:'))
    problems.push('PICULUS_NATS_URL must have tls:// for all servers or for none');
  const open = addresses.find(({ protocol, hostname }) => protocol !== 'tls:' && !LOOPBACK.has(hostname));
  if (open !== undefined && text('PICULUS_NATS_PLAINTEXT') !== 'yes')
    problems.push(
      'PICULUS_NATS_URL must begin with tls:// outside of this machine; PICULUS_NATS_PLAINTEXT=yes allows nats:// all the same',
    );
  const tls = readTls(text);
  if (tls !== null && !encrypted)
    problems.push('PICULUS_NATS_CA_FILE, _CERT_FILE and _KEY_FILE are of use only with tls://');
  return {
    servers: addresses.map(({ host, port }) => (port === '' ? `${host}:4222` : host)),
    login: readLogin(text, problems),
    tls: encrypted ? (tls ?? {}) : null,
  };
}

function readAddress(address: string, problems: string[]): URL[] {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || (url.protocol !== 'nats:' && url.protocol !== 'tls:') || url.hostname === '') {
    // The value is not repeated: it may hold a password.
    problems.push(
      'PICULUS_NATS_URL must be addresses that begin with nats:// or tls://, with commas between',
    );
    return [];
  }
  if (url.username === '' && url.password === '') return [url];
  problems.push(
    'PICULUS_NATS_URL must be without a user; set PICULUS_NATS_USER and PICULUS_NATS_PASSWORD_FILE',
  );
  return [];
}

function readTls(text: ConfigReader['text']): NatsTls | null {
  const caFile = text('PICULUS_NATS_CA_FILE');
  const certFile = text('PICULUS_NATS_CERT_FILE');
  const keyFile = text('PICULUS_NATS_KEY_FILE');
  if (caFile === null && certFile === null && keyFile === null) return null;
  return {
    ...(caFile === null ? {} : { caFile }),
    ...(certFile === null ? {} : { certFile }),
    ...(keyFile === null ? {} : { keyFile }),
  };
}

function readLogin(text: ConfigReader['text'], problems: string[]): NatsLogin {
  const user = text('PICULUS_NATS_USER');
  const files = (['CREDENTIALS', 'NKEY_FILE', 'PASSWORD_FILE'] as const).flatMap((name) => {
    const path = text(`PICULUS_NATS_${name}`);
    return path === null ? [] : [{ name, path }];
  });
  const [file, another] = files;
  if (another !== undefined)
    problems.push(`PICULUS_NATS_${another.name} and PICULUS_NATS_${file?.name} exclude each other`);
  if ((user !== null) !== (file?.name === 'PASSWORD_FILE'))
    problems.push('PICULUS_NATS_USER and PICULUS_NATS_PASSWORD_FILE need each other');
  if (file === undefined) return { kind: 'none' };
  const content = readSecretFile(file.name, file.path, problems);
  if (file.name === 'CREDENTIALS') return { kind: 'credentials', text: content };
  if (file.name === 'PASSWORD_FILE') return { kind: 'password', user: user ?? '', password: content };
  if (!/^SU[A-Z2-7]{56}$/.test(content))
    problems.push('PICULUS_NATS_NKEY_FILE must hold the private key of a user: SU and 56 more characters');
  return { kind: 'nkey', seed: content };
}

function readSecretFile(name: string, path: string, problems: string[]): string {
  try {
    const content = readFileSync(path, 'utf8').trim();
    if (content === '') problems.push(`PICULUS_NATS_${name} names an empty file`);
    return content;
  } catch {
    problems.push(`PICULUS_NATS_${name} cannot be read: ${path}`);
    return '';
  }
}
