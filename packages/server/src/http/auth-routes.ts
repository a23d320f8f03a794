/** The sign-in library's paths, with errors in our own shape. */
import { type ErrorCode, OPEN, PiculusError } from '@piculus/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ADDRESS_HEADER, AUTH_PREFIX, type Identity, SIGN_IN_PATH, WRONG_CODE } from '../identity/index.ts';
import { checkOrigin, originOf, webHeaders } from './authenticate.ts';

export interface AuthRouteOptions {
  readonly identity: Identity;
  readonly publicUrl: string | null;
  readonly signInsPerMinute: number;
  /** Throws where no work can be done now. */
  readonly checkOpen: () => void;
  /** Asks anew who reads live events. */
  readonly recheckReaders: () => Promise<void>;
}

export function registerAuthRoutes(app: FastifyInstance, options: AuthRouteOptions): void {
  const limit = { rateLimit: { max: options.signInsPerMinute, timeWindow: 60_000 } };
  for (const [url, config] of [
    [`${AUTH_PREFIX}${SIGN_IN_PATH}`, limit],
    [`${AUTH_PREFIX}/two-factor/*`, limit],
    [`${AUTH_PREFIX}/single-sign-on`, limit],
    [`${AUTH_PREFIX}/callback/*`, limit],
    [`${AUTH_PREFIX}/*`, {}],
  ] as const) {
    app.route({
      method: ['GET', 'POST'],
      url,
      // The library asks for the session itself, where a path needs one.
      config: { ...config, access: OPEN },
      schema: { hide: true },
      handler: async (request, reply) => {
        options.checkOpen();
        checkOrigin(request, options.publicUrl);
        const response = await options.identity.handle(toWebRequest(request, options.publicUrl), {
          from: request.ip,
          requestId: request.id,
        });
        if (request.url === `${AUTH_PREFIX}/sign-out`) await options.recheckReaders();
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
  headers.set(ADDRESS_HEADER, request.ip);
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

const toldSchema = z.object({ code: z.string().optional(), message: z.string().optional() });

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'not-signed-in',
  403: 'not-allowed',
  404: 'not-found',
  422: 'invalid-request',
  429: 'too-many-requests',
};

/** The library's codes for a second factor that does not count. */
const WRONG_CODES: ReadonlySet<string> = new Set(['INVALID_CODE', 'INVALID_BACKUP_CODE']);

function refusal(status: number, text: string): PiculusError {
  const told = toldIn(text);
  if (WRONG_CODES.has(told.code ?? '')) return new PiculusError('invalid-field', undefined, [WRONG_CODE]);
  if (told.code === 'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE') return new PiculusError('too-many-requests');
  return new PiculusError(CODES[status] ?? 'invalid-request', told.message);
}

/** What the library says in its body; empty where that is no JSON, for then the status alone says enough. */
function toldIn(text: string): z.infer<typeof toldSchema> {
  try {
    return toldSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
