/** The one place where an error becomes an answer: code, status, body. */
import { ERRORS, type ErrorCode, PiculusError } from '@piculus/protocol';
import type { ProblemDetails } from '@piculus/protocol/http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { TooManyTries } from '../identity/guessing.ts';
import { isUnstorable } from '../store/availability.ts';

/** Fastify's own refusals, by its codes. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'invalid-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid-request',
  FST_ERR_BAD_URL: 'invalid-request',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid-request',
};

export function asPiculusError(error: unknown): PiculusError {
  if (error instanceof PiculusError) return error;
  if (isUnstorable(error)) {
    return new PiculusError('invalid-request', 'a number, time or text is outside of what can be stored');
  }
  const { code, statusCode } = signature(error);
  const known = code === undefined ? undefined : FASTIFY_CODES[code];
  if (known !== undefined) return new PiculusError(known);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new PiculusError('invalid-request');
  const fault = new PiculusError('internal');
  fault.cause = error;
  return fault;
}

function signature(error: unknown): { code?: string; statusCode?: number } {
  if (!(error instanceof Error)) return {};
  const { code, statusCode }: Partial<FastifyError> = error;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof statusCode === 'number' ? { statusCode } : {}),
  };
}

export function problemDetails(error: PiculusError, requestId: string): ProblemDetails {
  const { meaning, retryable } = ERRORS[error.code];
  return {
    code: error.code,
    message: meaning,
    // What went wrong inside is for the log, not for the caller.
    detail: error.code === 'internal' ? meaning.en : error.message,
    retryable,
    requestId,
    fields: error.fields.map(({ field, reason }) => ({ field, reason })),
  };
}

export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Logger,
): FastifyReply {
  const known = asPiculusError(error);
  const at = {
    requestId: request.id,
    method: request.method,
    url: request.url.split('?', 1)[0],
    code: known.code,
  };
  if (known.code === 'internal') log.error({ ...at, err: known.cause ?? known }, 'a request failed');
  else log.debug({ ...at, detail: known.message }, 'a request was refused');
  if (known.status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '5');
  if (known instanceof TooManyTries) reply.header('retry-after', String(known.retryAfterS));
  if (known.status === 401) reply.header('www-authenticate', 'Bearer');
  // Written without the route's response schema: an error has the same shape on every route.
  return reply
    .code(known.status)
    .type('application/problem+json; charset=utf-8')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problemDetails(known, request.id));
}

/** @param refused is told of each request that its sender may not make, before the answer goes out. */
export function installErrors(
  app: FastifyInstance,
  log: Logger,
  refused: (request: FastifyRequest) => Promise<void>,
): void {
  app.setErrorHandler(async (error, request, reply) => {
    if (asPiculusError(error).code === 'not-allowed') await refused(request);
    return sendError(error, request, reply, log);
  });
  app.setNotFoundHandler((request, reply) => sendError(new PiculusError('not-found'), request, reply, log));
}
