/** Who sends a request, and whether a browser was tricked into sending it. */
import { PiculusError, type Verb } from '@piculus/protocol';
import type { User } from '@piculus/protocol/http';
import type { FastifyRequest } from 'fastify';
import type { Caller, Scope } from '../base/access.ts';
import type { Identity, SignedIn as Session } from '../identity/index.ts';
import { limitScope } from '../identity/token-rules.ts';
import type { TokenHolder } from '../identity/tokens.ts';

/** Reads what the holder of a token may do, at every request, so that a change acts at once; a session tells it itself. */
export type ScopeReader = (user: User) => Promise<(verb: Verb) => Scope>;

interface SignedIn {
  readonly user: User;
  readonly caller: Caller;
}
/** Who sent each request that was let in; a request is forgotten with its object. */
const senders = new WeakMap<FastifyRequest, SignedIn>();

/** @throws PiculusError `not-signed-in` where the route let everybody in. */
export function userOf(request: FastifyRequest): User {
  return senderOf(request).user;
}

/** The same person as a caller of the rooms. @throws PiculusError `not-signed-in` likewise. */
export function callerOf(request: FastifyRequest): Caller {
  return senderOf(request).caller;
}

/** @returns null where nobody was let in, or none has to be. */
export function findCaller(request: FastifyRequest): Caller | null {
  return senders.get(request)?.caller ?? null;
}

function senderOf(request: FastifyRequest): SignedIn {
  const sender = senders.get(request);
  if (sender === undefined) throw new PiculusError('not-signed-in');
  return sender;
}

/** @throws PiculusError `not-signed-in`, `not-allowed` for a mutation from a foreign page, `database-away`. */
export async function signIn(
  request: FastifyRequest,
  parts: {
    readonly identity: Identity;
    readonly publicUrl: string | null;
    readonly scopeOf: ScopeReader;
  },
): Promise<void> {
  const { identity, publicUrl, scopeOf } = parts;
  // A token in a header is sent by a program on purpose; a cookie is sent by any page, and so is a name and password
  // that a browser remembers.
  if (!isBearer(request)) checkOrigin(request, publicUrl);
  const sender = (await tokenHolder(request, identity)) ?? (await sessionOf(request, identity));
  const { user } = sender;
  if (user.passwordIsOneTime && request.routeOptions.config.withOneTimePassword !== true)
    throw new PiculusError('password-change-required');
  const mayLackFactor = request.routeOptions.config.withoutSecondFactor === true;
  if ('factorMissing' in sender && sender.factorMissing && !mayLackFactor)
    throw new PiculusError('second-factor-required');
  const who = { actor: user.username, userId: user.id, from: request.ip };
  const caller: Caller =
    'tokenId' in sender
      ? {
          ...who,
          via: 'token',
          tokenId: sender.tokenId,
          authenticatedAt: null,
          scope: limitScope(await scopeOf(user), sender.scope),
        }
      : {
          ...who,
          via: 'session',
          sessionId: sender.sessionId,
          authenticatedAt: sender.authenticatedAt,
          scope: sender.scope,
        };
  senders.set(request, { user, caller });
}

/** @returns null where the request comes with no token. @throws PiculusError `not-signed-in` where it is no good. */
async function tokenHolder({ headers }: FastifyRequest, { tokens }: Identity): Promise<TokenHolder | null> {
  const text = /^Bearer (pic_.*)$/i.exec(headers.authorization ?? '')?.[1];
  if (text === undefined) return null;
  const holder = await tokens.authenticate(text);
  if (holder === null) throw new PiculusError('not-signed-in', 'this token is unknown, expired or revoked');
  return holder;
}

async function sessionOf(request: FastifyRequest, identity: Identity): Promise<Session> {
  const session = await identity.signedIn(webHeaders(request));
  if (session === null) throw new PiculusError('not-signed-in');
  return session;
}

const isBearer = ({ headers }: FastifyRequest): boolean => /^Bearer /i.test(headers.authorization ?? '');

/** The address that the request was sent to, as a browser would name its origin. */
export function originOf(request: FastifyRequest, publicUrl: string | null): string {
  return publicUrl === null ? `${request.protocol}://${request.host}` : new URL(publicUrl).origin;
}

/** Refuses a mutation that does not come from a page of this very server. */
export function checkOrigin(request: FastifyRequest, publicUrl: string | null): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.headers.cookie === undefined) return;
  const { origin, 'sec-fetch-site': site } = request.headers;
  // Older browsers send no fetch metadata, and some requests of one's own page come without their origin.
  const own =
    origin === undefined
      ? site === 'same-origin'
      : isOwn(request, origin, publicUrl) && (site === undefined || site === 'same-origin');
  if (!own) throw new PiculusError('not-allowed', 'a change by cookie must come from a page of this server');
}

function isOwn(request: FastifyRequest, origin: string, publicUrl: string | null): boolean {
  return origin === originOf(request, publicUrl) || origin === `${request.protocol}://${request.host}`;
}

export function webHeaders(request: FastifyRequest): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (Array.isArray(value)) for (const item of value) headers.append(name, item);
    else if (value !== undefined) headers.set(name, value);
  }
  return headers;
}
