/** A connection to NATS for one link; it ends with it, so that nothing of an older link can come over it. */
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { natsInbox } from '@piculus/protocol/link';
import { describeError } from '../../masking/text.ts';
import { ConnectRefused } from '../transport.ts';

/** Who the client is to NATS; the user has the name of the system. */
export type NatsLogin =
  /** Private key of the user, `SU…`. */
  | { readonly nkey: string }
  | { readonly user: string; readonly password: string }
  /** Content of a credentials file. */
  | { readonly credentials: string };

/** Paths of PEM files. */
export interface NatsTls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface LineOptions {
  /** `host:port` of each. */
  readonly servers: readonly string[];
  readonly sysCode: string;
  readonly login: NatsLogin | null;
  readonly tls: NatsTls | null;
}

const CONNECT_MS = 5_000;
const PING_MS = 3_000;

/** @throws ConnectRefused */
export async function openLine(options: LineOptions): Promise<NatsConnection> {
  try {
    return await connect({
      servers: [...options.servers],
      name: `piculus ${options.sysCode}`,
      inboxPrefix: natsInbox(options.sysCode),
      authenticator: authenticatorOf(options.login),
      tls: options.tls === null ? null : { ...options.tls },
      timeout: CONNECT_MS,
      reconnect: false,
      maxPingOut: 2,
      pingInterval: PING_MS,
    });
  } catch (error) {
    const refused = error instanceof Error && error.name === 'AuthorizationError';
    throw new ConnectRefused(refused ? 'unauthorised' : 'unreachable', `NATS: ${describeError(error)}`);
  }
}

function authenticatorOf(login: NatsLogin | null): Authenticator {
  const bytes = new TextEncoder();
  if (login === null) return () => undefined;
  if ('nkey' in login) return nkeyAuthenticator(bytes.encode(login.nkey));
  if ('credentials' in login) return credsAuthenticator(bytes.encode(login.credentials));
  return usernamePasswordAuthenticator(login.user, login.password);
}
