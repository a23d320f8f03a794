/**
 * The one place where requests are let through: every route under `/api/`, and every route that changes something,
 * has its policy line, and no request reaches a handler before its caller meets the line.
 */
import { type AccessPolicy, OPEN, PiculusError } from '@piculus/protocol';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { requirePolicy } from '../base/access.ts';
import { callerOf } from './authenticate.ts';
import { DOCS_PATH, OPENAPI_PATH } from './openapi.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call it. */
    access?: AccessPolicy;
    /** Also with a password that somebody else made. */
    withOneTimePassword?: boolean;
    /** Also without the second factor that a role asks for. */
    withoutSecondFactor?: boolean;
  }
}

/** Pages of the API's description; a plugin registers them, and they say nothing about this installation. */
const isDescription = (url: string): boolean =>
  url === OPENAPI_PATH || url === DOCS_PATH || url.startsWith(`${DOCS_PATH}/`);

/** Lets the request through. @throws PiculusError `not-signed-in`, `not-allowed`, `database-away`. */
export type Admit = (request: FastifyRequest) => Promise<void>;

/**
 * Call before any route is registered.
 * @param identify finds out who sends a request. @throws PiculusError `not-signed-in`.
 */
export function installGuard(app: FastifyInstance, identify: Admit): Admit {
  app.addHook('onRoute', (route) => {
    if (needsLine(route) && lineOf(route) === undefined)
      throw new PiculusError('internal', `${String(route.method)} ${route.url} has no policy line`);
  });
  const admit: Admit = async (request) => {
    const { config, url = '' } = request.routeOptions;
    const line = lineOf({ config, url });
    if (line === undefined) {
      // The console's own files; what is not found is answered as that.
      if (request.method === 'GET' || request.method === 'HEAD' || request.is404) return;
      throw new PiculusError('not-allowed', 'nothing says who may do this');
    }
    if (line.where === 'open') return;
    await identify(request);
    requirePolicy(line, callerOf(request));
  };
  app.addHook('onRequest', admit);
  return admit;
}

function needsLine({ url, method }: RouteOptions): boolean {
  const reads = [method].flat().every((one) => one === 'GET' || one === 'HEAD');
  return url.startsWith('/api/') || !reads;
}

function lineOf({ config, url }: Pick<RouteOptions, 'config' | 'url'>): AccessPolicy | undefined {
  return config?.access ?? (isDescription(url) ? OPEN : undefined);
}
