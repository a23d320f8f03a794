/**
 * The HTTP contract as one table: what the server registers, what the command line and the console call, and
 * what the OpenAPI document says. Mutations take an `Idempotency-Key` header.
 */
import type { z } from 'zod';
import { ACCOUNT_ROUTES } from './routes/account.ts';
import { APPROVAL_ROUTES } from './routes/approvals.ts';
import { AUDIT_ROUTES } from './routes/audit.ts';
import { COLLECTION_ROUTES } from './routes/collections.ts';
import { LIMIT_ROUTES } from './routes/limits.ts';
import { KEY_ROUTES } from './routes/keys.ts';
import { MONITOR_ROUTES } from './routes/monitor.ts';
import { NODE_ROUTES } from './routes/nodes.ts';
import { PROBLEM_ROUTES } from './routes/problems.ts';
import { ROLE_ROUTES } from './routes/roles.ts';
import { SECOND_FACTOR_ROUTES } from './routes/second-factor.ts';
import { SOLUTION_ROUTES } from './routes/solutions.ts';
import { SYSTEM_ROUTES } from './routes/systems.ts';
import { TOKEN_ROUTES } from './routes/tokens.ts';
import { USER_ROUTES } from './routes/users.ts';

export { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, type SessionInfo } from './routes/account.ts';
export type { Route } from './routes/parts.ts';
export {
  type SecondFactor,
  type SecondFactorSecret,
  SIGN_ON_FAILURES,
  SIGN_ON_PATH,
  type SignOnFailure,
} from './routes/second-factor.ts';
export { PROBLEMS_CSV_PATH, type ProblemFilter, problemFilterSchema } from './routes/problems.ts';

export const ROUTES = {
  ...ACCOUNT_ROUTES,
  ...SECOND_FACTOR_ROUTES,
  ...SYSTEM_ROUTES,
  ...KEY_ROUTES,
  ...COLLECTION_ROUTES,
  ...PROBLEM_ROUTES,
  ...SOLUTION_ROUTES,
  ...LIMIT_ROUTES,
  ...APPROVAL_ROUTES,
  ...USER_ROUTES,
  ...ROLE_ROUTES,
  ...TOKEN_ROUTES,
  ...MONITOR_ROUTES,
  ...NODE_ROUTES,
  ...AUDIT_ROUTES,
} as const;

export type RouteName = keyof typeof ROUTES;
/** All paths are below this one. Live events (SSE) are at `/events` below it, with `Last-Event-ID`. */
export const API_PREFIX = '/api/v1';
/** Where clients connect their WebSocket, with `Authorization: Bearer <system key>`. */
export const GATEWAY_PATH = '/gateway/v1';

type Shape<T, Otherwise> = T extends z.ZodType ? z.infer<T> : Otherwise;
type Input<T, Otherwise> = T extends z.ZodType ? z.input<T> : Otherwise;
type Part<R, K extends string> = K extends keyof R ? R[K] : undefined;
/** What a handler of a route gets, after the checks. */
export type RouteParams<N extends RouteName> = Shape<Part<(typeof ROUTES)[N], 'params'>, undefined>;
export type RouteQuery<N extends RouteName> = Shape<Part<(typeof ROUTES)[N], 'query'>, undefined>;
export type RouteBody<N extends RouteName> = Shape<Part<(typeof ROUTES)[N], 'body'>, undefined>;
export type RouteResponse<N extends RouteName> = z.infer<(typeof ROUTES)[N]['response']>;
/** What a caller of a route gives. */
export type RouteBodyInput<N extends RouteName> = Input<Part<(typeof ROUTES)[N], 'body'>, undefined>;
