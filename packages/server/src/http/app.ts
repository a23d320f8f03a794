/** The HTTP application: plugins, errors, routes. It listens nowhere by itself. */
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { LIMITS, PiculusError } from '@piculus/protocol';
import { fastify, type FastifyInstance } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { Audit } from '../audit/index.ts';
import type { Context, Services } from '../base/services.ts';
import type { LiveEventRing } from '../events/live-events.ts';
import type { Identity } from '../identity/index.ts';
import type { ServerKeys } from '../keys/index.ts';
import type { ClientsEverywhere } from '../nodes/clients-everywhere.ts';
import type { Nodes } from '../nodes/index.ts';
import { registerApiRoutes } from './api-routes.ts';
import { registerAuthRoutes } from './auth-routes.ts';
import { callerOf, signIn } from './authenticate.ts';
import { registerCasePage } from './case-file.ts';
import { registerConsole } from './console.ts';
import { installErrors } from './errors.ts';
import type { Readiness } from '../telemetry/readiness.ts';
import { createHandlers } from './handlers/index.ts';
import { createRefusals } from './refusals.ts';
import { registerExport } from './export.ts';
import { installGuard } from './guard.ts';
import { createIdempotency } from './idempotency.ts';
import { type LiveRoutes, registerLiveEvents } from './live.ts';
import { installOpenApi, serveOpenApi } from './openapi.ts';

export interface AppParts {
  readonly context: Context;
  readonly services: Services;
  readonly audit: Audit;
  readonly identity: Identity;
  readonly gateway: ClientsEverywhere;
  readonly nodes: Pick<Nodes, 'list'>;
  readonly keys: ServerKeys;
  readonly events: LiveEventRing;
  readonly secret: string;
  readonly publicUrl: string | null;
  /** Addresses and networks whose word for where a request came from counts. */
  readonly trustedProxies: readonly string[];
  /** What a build of the console made; null where there is none. */
  readonly consoleFolder: string | null;
  /** Throws where no work can be done now: `database-away` before the schema is there, `stopping`. */
  readonly checkOpen: () => void;
  /** Whether the server leaves: whoever keeps a connection open has to come anew, and comes to another one. */
  readonly isLeaving?: () => boolean;
  readonly readiness: Readiness;
  readonly signInsPerMinute?: number;
}

export interface App {
  readonly http: FastifyInstance;
  readonly live: LiveRoutes;
}

export async function createApp(parts: AppParts): Promise<App> {
  const { context, identity, publicUrl } = parts;
  const http = fastify({
    logger: false,
    genReqId: () => context.clock.uuid(),
    // Bodies a little above the limit are still read, so that the refusal can name the field that is too long.
    bodyLimit: 2 * LIMITS.httpBodyBytes,
    routerOptions: { maxParamLength: 256 },
    // A connection that is kept open without a request would hold the stop back.
    forceCloseConnections: 'idle',
    // Anybody else could write whatever address they like into the header.
    trustProxy: [...parts.trustedProxies],
  });
  http.setSerializerCompiler(serializerCompiler);
  installErrors(http, context.log, createRefusals(context));
  acceptEmptyJson(http);
  await http.register(helmet, securityHeaders(publicUrl));
  await http.register(rateLimit, {
    global: false,
    errorResponseBuilder: () => new PiculusError('too-many-requests'),
  });
  await installOpenApi(http);
  http.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
  });
  http.addHook('onSend', async (_request, reply) => {
    if (parts.isLeaving?.() === true) reply.header('connection', 'close');
  });
  http.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const { metrics } = context;
    metrics.count('piculus_http_responses_total', { status: String(reply.statusCode) });
    // Paths that nobody knows are whatever a sender likes; methods are checked by the routes.
    const route = routeOptions.url ?? 'none';
    if (route !== 'none')
      metrics.observe('piculus_http_request_seconds', { method, route }, reply.elapsedTime);
  });
  const admit = installGuard(http, async (request) => {
    parts.checkOpen();
    await signIn(request, { identity, publicUrl, scopeOf: ({ id }) => identity.scopesOf(id) });
  });
  const { users, roles, tokens, account } = identity;
  // The routes of live events come last.
  const recheckReaders = (): Promise<void> => {
    parts.gateway.tell({ what: 'recheck' });
    return live.recheck();
  };
  const handlers = createHandlers({
    ...parts,
    secondFactors: identity.secondFactors,
    singleSignOn: identity.singleSignOn,
    users,
    roles,
    tokens,
    account,
    recheckReaders,
  });
  registerAuthRoutes(http, {
    identity,
    publicUrl,
    signInsPerMinute: parts.signInsPerMinute ?? 20,
    checkOpen: parts.checkOpen,
    recheckReaders,
  });
  const idempotency = createIdempotency(context, parts.secret);
  http.addHook('onClose', async () => idempotency.close());
  registerApiRoutes(http, {
    handlers,
    idempotency,
    now: () => context.clock.now(),
  });
  registerCasePage(http, parts);
  registerExport(http, { problems: parts.services.problems, clock: context.clock });
  const live = registerLiveEvents(http, { events: parts.events, clock: context.clock, admit, callerOf });
  await serveOpenApi(http);
  await registerConsole(http, parts.consoleFolder);
  return { http, live };
}

/** An empty body of JSON is no body, as programs that always name their content type send it. */
function acceptEmptyJson(http: FastifyInstance): void {
  const parse = http.getDefaultJsonParser('error', 'error');
  http.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') done(null, undefined);
    else parse(request, text, done);
  });
}

function securityHeaders(publicUrl: string | null) {
  const https = publicUrl?.startsWith('https:') ?? false;
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // Without TLS the header would be ignored, and behind a proxy it is the proxy's to say.
    ...(https ? {} : { strictTransportSecurity: false as const }),
    referrerPolicy: { policy: 'no-referrer' as const },
  };
}
