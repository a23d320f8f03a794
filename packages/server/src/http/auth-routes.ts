/** The sign-in library's paths, with errors in our own shape. */
import { type ErrorCode, PiculusError } from '@piculus/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AUTH_PREFIX, type Identity, SIGN_IN_PATH } from '../identity/index.ts';
import { checkOrigin, originOf, webHeaders } from './authenticate.ts';

export interface AuthRouteOptions {
  readonly identity: Identity;
  readonly publicUrl: string | null;
  readonly signInsPerMinute: number;
  /** Throws where no work can be done now. */
  readonly checkOpen: () => void;
}

export function registerAuthRoutes(app: FastifyInstance, options: AuthRouteOptions): void {
  const limit = { rateLimit: { max: options.signInsPerMinute, timeWindow: 60_000 } };
  for (const [url, config] of [
    [`${AUTH_PREFIX}${SIGN_IN_PATH}`, limit],
    [`${AUTH_PREFIX}/change-password`, limit],
    [`${AUTH_PREFIX}/*`, {}],
  ] as const) {
    app.route({
      method: ['GET', 'POST'],
      url,
      config,
      schema: { hide: true },
      handler: async (request, reply) => {
        options.checkOpen();
        checkOrigin(request, options.publicUrl);
        const response = await options.identity.handle(toWebRequest(request, options.publicUrl));
        if (response.status >= 400) throw refusal(response.status, await response.text());
        reply.code(response.status);
        for (const [name, value] of response.headers) if (name !== 'set-cookie') reply.header(name, value);
        const cookies = response.headers.getSetCookie();
        if (cookies.length > 0) reply.header('set-cookie', cookies);
        return reply.serializer((text: unknown) => String(text)).send(await response.text());
      },
    });
  }
}

function toWebRequest(request: FastifyRequest, publicUrl: string | null): Request {
  const headers = webHeaders(request);
  // The body is written anew from what was parsed, so its old length no longer counts.
  headers.delete('content-length');
  const body = request.method === 'GET' ? {} : { body: JSON.stringify(request.body ?? {}) };
  if (request.method !== 'GET') headers.set('content-type', 'application/json');
  const url = `${originOf(request, publicUrl)}${request.url}`;
  if (!URL.canParse(url)) throw new PiculusError('invalid-request', 'the Host header is no host');
  return new Request(url, {
    method: request.method,
    headers,
    ...body,
  });
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'not-signed-in',
  403: 'not-allowed',
  404: 'not-found',
  422: 'invalid-request',
  429: 'too-many-requests',
};

function refusal(status: number, text: string): PiculusError {
  return new PiculusError(CODES[status] ?? 'invalid-request', messageIn(text));
}

function messageIn(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string') {
      return body.message;
    }
  } catch {
    // No JSON: the code alone says enough.
  }
  return undefined;
}
