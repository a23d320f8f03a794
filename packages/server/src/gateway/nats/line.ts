/**
 * The server's own connection to NATS. The library's reconnecting is off: whatever was on its way over a broken
 * connection is unknown, so everything that stands on it ends and is made anew.
 */
import { type JetStreamClient, jetstream, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import {
  NATS_PAYLOAD_BYTES_MIN,
  NATS_SERVER_USER,
  NATS_VERSION_MIN,
  natsInbox,
} from '@piculus/protocol/link';
import type { NatsConfig, NatsLogin } from '../../config-nats.ts';

export interface Line {
  readonly connection: NatsConnection;
  readonly jetStream: JetStreamClient;
  readonly manager: JetStreamManager;
}

/** NATS answers and is of no use as it is; trying again does not help before a person has changed something. */
export class NatsUnusable extends Error {
  override readonly name = 'NatsUnusable';
}

const CONNECT_MS = 5_000;
/** A connection that is silent for this long, twice, is gone. */
const PING_MS = 3_000;

/** @throws NatsUnusable; any other error where NATS cannot be reached. */
export async function openLine(config: NatsConfig, name: string): Promise<Line> {
  const connection = await connect({
    servers: [...config.servers],
    name: `piculus ${name}`,
    inboxPrefix: natsInbox(NATS_SERVER_USER),
    authenticator: authenticatorOf(config.login),
    // Null keeps the library from encrypting where the server offers it, so that the configuration alone decides.
    tls: config.tls === null ? null : { ...config.tls },
    timeout: CONNECT_MS,
    reconnect: false,
    maxPingOut: 2,
    pingInterval: PING_MS,
  }).catch((error: unknown) => {
    throw unusableBy(error) ?? error;
  });
  try {
    checkServer(connection, config);
    const manager = await jetstreamManager(connection, { checkAPI: false });
    await manager.getAccountInfo().catch((error: unknown) => {
      throw new NatsUnusable(`JetStream cannot be used on this server: ${wordsOf(error)}`);
    });
    return { connection, manager, jetStream: jetstream(connection, { checkAPI: false }) };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** @throws NatsUnusable naming what is too old or too small. */
function checkServer({ info }: NatsConnection, config: NatsConfig): void {
  const { version = '0', max_payload: payload = 0 } = info ?? {};
  if (!isAtLeast(version, NATS_VERSION_MIN))
    throw new NatsUnusable(`nats-server ${NATS_VERSION_MIN} or newer is needed, this one is ${version}`);
  if (payload < NATS_PAYLOAD_BYTES_MIN)
    throw new NatsUnusable(`max_payload must be ${NATS_PAYLOAD_BYTES_MIN} bytes or more, it is ${payload}`);
  if (config.tls !== null && info?.tls_required !== true && info?.tls_available !== true)
    throw new NatsUnusable('PICULUS_NATS_URL says tls:// and the server does not encrypt');
}

/** By number, part by part; what comes behind a dash is not looked at. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((each) => (each.split('-')[0] ?? '').split('.').map(Number));
  for (const [index, part] of (want ?? []).entries()) {
    const own = have?.[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

export function authenticatorOf(login: NatsLogin): Authenticator {
  const bytes = new TextEncoder();
  if (login.kind === 'password') return usernamePasswordAuthenticator(login.user, login.password);
  if (login.kind === 'nkey') return nkeyAuthenticator(bytes.encode(login.seed));
  if (login.kind === 'credentials') return credsAuthenticator(bytes.encode(login.text));
  return () => undefined;
}

function unusableBy(error: unknown): NatsUnusable | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'AuthorizationError' || error.name === 'UserAuthenticationExpiredError')
    return new NatsUnusable('NATS does not take this user; see the PICULUS_NATS_ variables');
  return null;
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
