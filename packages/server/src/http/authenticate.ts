/** Who sends a request, and whether a browser was tricked into sending it. */
import { PiculusError } from '@piculus/protocol';
import type { User } from '@piculus/protocol/http';
import type { FastifyRequest } from 'fastify';
import { type Caller, fullScope } from '../base/access.ts';
import type { Identity } from '../identity/index.ts';

/** The user of each request that was let in; a request is forgotten with its object. */
const users = new WeakMap<FastifyRequest, User>();

/** @throws PiculusError `not-signed-in` where the route let everybody in. */
export function userOf(request: FastifyRequest): User {
  const user = users.get(request);
  if (user === undefined) throw new PiculusError('not-signed-in');
  return user;
}

/** The same person as a caller of the rooms. @throws PiculusError `not-signed-in` likewise. */
export function callerOf(request: FastifyRequest): Caller {
  const user = userOf(request);
  // Every user is an administrator so far.
  return {
    actor: user.username,
    userId: user.id,
    via: 'session',
    from: request.ip,
    scope: fullScope(),
  };
}

/** @throws PiculusError `not-signed-in`, `not-allowed` for a mutation from a foreign page, `database-away`. */
export async function signIn(
  request: FastifyRequest,
  identity: Identity,
  publicUrl: string | null,
): Promise<void> {
  // A token in a header is sent by a program on purpose; a cookie is sent by any page.
  if (request.headers.authorization === undefined) checkOrigin(request, publicUrl);
  const user = await identity.signedIn(webHeaders(request));
  if (user === null) throw new PiculusError('not-signed-in');
  users.set(request, user);
}

/** The address that the request was sent to, as a browser would name its origin. */
export function originOf(request: FastifyRequest, publicUrl: string | null): string {
  return publicUrl === null ? `${request.protocol}://${request.host}` : new URL(publicUrl).origin;
}

/** Refuses a mutation that does not come from a page of this very server. */
export function checkOrigin(request: FastifyRequest, publicUrl: string | null): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.headers.cookie === undefined) return;
  const { origin } = request.headers;
  const own =
    origin === undefined
      ? request.headers['sec-fetch-site'] === 'same-origin'
      : isOwn(request, origin, publicUrl);
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
