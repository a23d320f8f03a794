/** The configuration of a nats-server for Piculus: one user for the servers, one for each system, all else refused. */
import {
  NATS_SERVER_USER,
  NATS_STREAM_BYTES,
  type NatsPermissions,
  natsServerPermissions,
  natsSystemPermissions,
} from '@piculus/protocol/link';

/** How a user of NATS shows who it is; NATS itself never sees the private half of an NKey. */
export type NatsUserLogin = { readonly nkey: string } | { readonly password: string };

export interface NatsServerFile {
  /** `127.0.0.1:4222` */
  readonly listen: string;
  readonly storeDir: string;
  readonly server: NatsUserLogin;
  readonly systems: ReadonlyMap<string, NatsUserLogin>;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
}

const MEGABYTE = 1_048_576;
/** Streams are kept in memory; on disk NATS keeps only its own notes. */
const FILE_MEGABYTES = 64;

export function writeNatsServerFile(file: NatsServerFile): string {
  const streams = NATS_STREAM_BYTES.up + file.systems.size * NATS_STREAM_BYTES.down;
  const users = [
    user(NATS_SERVER_USER, file.server, natsServerPermissions()),
    ...[...file.systems].map(([sysCode, login]) => user(sysCode, login, natsSystemPermissions(sysCode))),
  ];
  const tls =
    file.tls === null
      ? []
      : [
          `tls {`,
          `  cert_file: ${quoted(file.tls.certFile)}`,
          `  key_file: ${quoted(file.tls.keyFile)}`,
          `}`,
        ];
  return [
    `listen: ${quoted(file.listen)}`,
    ...tls,
    `jetstream {`,
    `  store_dir: ${quoted(file.storeDir)}`,
    // Streams reserve their room, so all of them must fit.
    `  max_mem: ${Math.ceil((streams * 1.25) / MEGABYTE)}MB`,
    `  max_file: ${FILE_MEGABYTES}MB`,
    `}`,
    `authorization {`,
    `  users: [`,
    ...users,
    `  ]`,
    `}`,
    '',
  ].join('\n');
}

function user(name: string, login: NatsUserLogin, { publish, subscribe }: NatsPermissions): string {
  const who =
    'nkey' in login ? `nkey: ${login.nkey}` : `user: ${quoted(name)}, password: ${quoted(login.password)}`;
  return [
    `    # ${name}`,
    `    { ${who}`,
    `      permissions: {`,
    `        publish: [${publish.map(quoted).join(', ')}]`,
    `        subscribe: [${subscribe.map(quoted).join(', ')}]`,
    `      } }`,
  ].join('\n');
}

const quoted = (text: string): string => JSON.stringify(text);
