/** Registers every route of the contract: checks from its schemas, identity, idempotency, the handler. */
import { type AccessPolicy, PiculusError, refuseHostileShapes } from '@piculus/protocol';
import {
  API_PREFIX,
  problemDetailsSchema,
  ROUTES,
  type Route,
  type RouteName,
  type User,
} from '@piculus/protocol/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Caller, requireFresh } from '../base/access.ts';
import { actingAs } from '../base/acting.ts';
import { callerOf, userOf } from './authenticate.ts';
import type { Call, RouteHandlers } from './handlers/index.ts';
import type { Idempotency } from './idempotency.ts';
import { fieldErrors } from './issues.ts';

export interface ApiRouteParts {
  readonly handlers: RouteHandlers;
  readonly idempotency: Idempotency;
  readonly now: () => Date;
}

/**
 * What makes or ends keys asks a person for a fresh proof. What other acts ask for beside it is said by their rooms.
 * Programs that change keys do it by a token of their own.
 */
const KEY_ACTS: ReadonlySet<RouteName> = new Set([
  'createSystemKey',
  'revokeSystemKey',
  'addServerKey',
  'useServerKey',
  'retireServerKey',
]);
/** Their answers show a key once; it must not lie in the table of recorded answers. */
const SECRET_ANSWERS: ReadonlySet<RouteName> = new Set([
  'createSystem',
  'createSystemKey',
  'createToken',
  'resetUserPassword',
  'beginSecondFactor',
  'confirmSecondFactor',
  'renewRecoveryCodes',
]);
/** What somebody may do whose password was made by somebody else. */
const WITH_ONE_TIME_PASSWORD: ReadonlySet<RouteName> = new Set(['getMe', 'changePassword']);
/** What somebody may do who lacks the second factor that a role asks for: see so, and set it up. */
const WITHOUT_SECOND_FACTOR: ReadonlySet<RouteName> = new Set([
  'getMe',
  'changePassword',
  'confirmIdentity',
  'getSecondFactor',
  'beginSecondFactor',
  'confirmSecondFactor',
]);
/** They change nothing that a repeat would change again, so a repeat asks anew; unmasked values must not lie in the table of recorded answers. */
const QUESTIONS: ReadonlySet<RouteName> = new Set([
  'confirmIdentity',
  'validateSolution',
  'previewProblem',
  'revealProblem',
  'previewApprovalNeed',
]);

export const ROUTE_NAMES = Object.keys(ROUTES).filter((name): name is RouteName =>
  Object.hasOwn(ROUTES, name),
);

/** Headers of a mutation; the others pass through. */
const mutationHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'printable characters, at most 200')
    .optional()
    .describe('A repeat with the same key gets the first answer again.'),
});

export function registerApiRoutes(app: FastifyInstance, parts: ApiRouteParts): void {
  checkBySchemas(app);
  for (const name of ROUTE_NAMES) registerRoute(app, name, parts);
}

/** Every wrong field of a request is named at once, in both languages. */
export function checkBySchemas(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
    const result = schema.safeParse(data, { reportInput: true });
    if (result.success) return { value: result.data };
    return { error: new PiculusError('invalid-field', undefined, fieldErrors(result.error.issues)) };
  });
}

/** What a route is, without what it does. */
export function describeRoute(name: RouteName): {
  method: Route['method'];
  url: string;
  config: { access: AccessPolicy; withOneTimePassword: boolean; withoutSecondFactor: boolean };
  schema: Record<string, unknown>;
} {
  const route: Route = ROUTES[name];
  const { method, access } = route;
  return {
    method,
    url: `${API_PREFIX}${route.path}`,
    config: {
      access,
      withOneTimePassword: WITH_ONE_TIME_PASSWORD.has(name),
      withoutSecondFactor: WITHOUT_SECOND_FACTOR.has(name),
    },
    schema: schemaOf(name, route),
  };
}

const isOpen = ({ access }: Route): boolean => access.where === 'open';
const mutates = (name: RouteName): boolean => ROUTES[name].method !== 'GET' && !QUESTIONS.has(name);

function registerRoute<N extends RouteName>(app: FastifyInstance, name: N, parts: ApiRouteParts): void {
  const route: Route = ROUTES[name];
  app.route({
    ...describeRoute(name),
    preValidation: async (request) => refuseOddBodies(request, route),
    handler: async (request, reply) => {
      // The schemas of this very route have just made these; the compiler cannot follow them through Fastify.
      const given = { params: request.params, query: request.query, body: request.body } as Omit<
        Call<N>,
        'user' | 'caller'
      >;
      const call: Call<N> = {
        ...given,
        get user(): User {
          return userOf(request);
        },
        get caller(): Caller {
          return callerOf(request);
        },
      };
      const handle = (): Promise<unknown> => parts.handlers[name](call);
      const run = (): Promise<unknown> =>
        isOpen(route) ? handle() : actingAs(call.caller, request.id, handle);
      // Before the answer is recorded: a repeat after the proof is the same act.
      if (KEY_ACTS.has(name) && call.caller.via === 'session') requireFresh(call.caller, parts.now());
      const key = request.headers['idempotency-key'];
      if (!mutates(name) || typeof key !== 'string') return answer(reply, route.status, await run());
      const { tokenId } = call.caller;
      const { status, body, replayed } = await parts.idempotency.once(
        {
          // What the same person was answered otherwise is not for a token of theirs.
          actor: tokenId === undefined ? call.user.username : `token:${tokenId}`,
          key,
          method: route.method,
          url: request.url,
          body: request.body,
          requestId: request.id,
          status: route.status,
          secret: SECRET_ANSWERS.has(name),
        },
        run,
      );
      if (replayed) reply.header('idempotency-replayed', 'true');
      return answer(reply, status, body);
    },
  });
}

function answer(reply: FastifyReply, status: number, body: unknown): FastifyReply {
  if (status === 204) return reply.code(status).send();
  if (status >= 400)
    reply
      .type('application/problem+json; charset=utf-8')
      .serializer((given: unknown) => JSON.stringify(given));
  return reply.code(status).send(body);
}

function refuseOddBodies(request: FastifyRequest, route: Route): void {
  const { body } = request;
  if (body === undefined || body === null) return;
  refuseHostileShapes(body);
  if (route.body !== undefined) return;
  const fields = typeof body === 'object' ? Object.keys(body) : ['body'];
  const reason = { en: 'there is no such field', zh: '没有这个字段' };
  if (fields.length > 0) {
    throw new PiculusError(
      'invalid-field',
      undefined,
      fields.slice(0, 20).map((field) => ({ field: field.slice(0, 64), reason })),
    );
  }
}

function schemaOf(name: RouteName, route: Route): Record<string, unknown> {
  return {
    operationId: name,
    tags: [route.tag],
    summary: route.summary,
    'x-access': route.access,
    ...(isOpen(route) ? { security: [] } : {}),
    ...(mutates(name) ? { headers: mutationHeaders } : {}),
    ...(route.params === undefined ? {} : { params: route.params }),
    ...(route.query === undefined && isOpen(route) ? {} : { querystring: route.query ?? z.strictObject({}) }),
    ...(route.body === undefined ? {} : { body: route.body }),
    response: {
      [route.status]: route.response,
      '4xx': problemDetailsSchema,
      '5xx': problemDetailsSchema,
    },
  };
}
