/** The configuration of a nats-server for Piculus: one user for the servers, one for each system, all else refused. */
import {
  NATS_SERVER_ACCOUNT,
  NATS_SERVER_USER,
  NATS_STREAM_BYTES,
  type NatsPermissions,
  natsAccount,
  natsInbox,
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

interface Passage {
  /** `service`: from the system to the servers, with answers to it alone; `stream`: from the servers to the system. */
  readonly kind: 'service' | 'stream';
  readonly subject: string;
  /** More than one answer comes to a request. */
  readonly streams: boolean;
}

/**
 * No client may ask it. An account without JetStream that does not get it from elsewhere gets all of JetStream's subjects
 * from NATS itself, to be told there that it has none; those would hide the ones of the servers.
 */
const ACCOUNT_INFO = '$JS.API.INFO';

/** What goes between the account of a system and the one of the servers; there is nothing else between them. */
function passages(sysCode: string): Passage[] {
  const inbox = natsInbox(sysCode);
  const { publish, subscribe } = natsSystemPermissions(sysCode);
  return [
    ...[ACCOUNT_INFO, ...publish].map((subject) => ({
      kind: 'service' as const,
      subject,
      streams: subject.startsWith('$JS.API.CONSUMER.MSG.NEXT.'),
    })),
    ...subscribe
      .filter((subject) => !subject.startsWith(inbox))
      .map((subject) => ({ kind: 'stream' as const, subject, streams: false })),
  ];
}

const MEGABYTE = 1_048_576;
/** Streams are kept in memory; on disk NATS keeps only its own notes. */
const FILE_MEGABYTES = 64;

export function writeNatsServerFile(file: NatsServerFile): string {
  const streams = NATS_STREAM_BYTES.up + file.systems.size * NATS_STREAM_BYTES.down;
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
    `accounts {`,
    `  ${quoted(NATS_SERVER_ACCOUNT)}: {`,
    `    jetstream: enabled`,
    `    users: [`,
    user(NATS_SERVER_USER, file.server, natsServerPermissions()),
    `    ]`,
    `    exports: [`,
    ...[...file.systems.keys()].flatMap(exportsOf),
    `    ]`,
    `  }`,
    ...[...file.systems].flatMap(([sysCode, login]) => account(sysCode, login)),
    `}`,
    '',
  ].join('\n');
}

/**
 * Each system has an account of its own. Within one account permissions would not be enough: NATS sends answers wherever
 * a request says, so a client could have JetStream delete or fill the streams of others by the place for its answer.
 */
function account(sysCode: string, login: NatsUserLogin): string[] {
  return [
    `  ${quoted(natsAccount(sysCode))}: {`,
    `    users: [`,
    user(sysCode, login, natsSystemPermissions(sysCode)),
    `    ]`,
    `    imports: [`,
    ...passages(sysCode).map(
      ({ kind, subject }) =>
        `      { ${kind}: { account: ${quoted(NATS_SERVER_ACCOUNT)}, subject: ${quoted(subject)} } }`,
    ),
    `    ]`,
    `  }`,
  ];
}

const exportsOf = (sysCode: string): string[] =>
  passages(sysCode).map(({ kind, subject, streams }) => {
    const response = streams ? ', response_type: stream' : '';
    return `      { ${kind}: ${quoted(subject)}${response}, accounts: [${quoted(natsAccount(sysCode))}] }`;
  });

function user(name: string, login: NatsUserLogin, { publish, subscribe }: NatsPermissions): string {
  const who =
    'nkey' in login ? `nkey: ${login.nkey}` : `user: ${quoted(name)}, password: ${quoted(login.password)}`;
  return [
    `      # ${name}`,
    `      { ${who}`,
    `        permissions: {`,
    `          publish: [${publish.map(quoted).join(', ')}]`,
    `          subscribe: [${subscribe.map(quoted).join(', ')}]`,
    `        } }`,
  ].join('\n');
}

const quoted = (text: string): string => JSON.stringify(text);
