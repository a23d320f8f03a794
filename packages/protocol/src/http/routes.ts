/**
 * The HTTP contract as one table: what the server registers, what the command line and the console call, and
 * what the OpenAPI document says. Mutations take an `Idempotency-Key` header.
 */
import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import { fixCodeSchema, rowIdSchema, scenarioSchema, sysCodeSchema, timeSchema } from '../messages/parts.ts';
import { OUTCOME_NAMES } from '../outcomes.ts';
import {
  COLLECT_STATES,
  DIRECTIONS,
  HANDLINGS,
  MESSAGE_STATES,
  OUT_OF_POCKET,
  PROBLEM_STATES,
  WAIT_REASONS,
} from '../words.ts';
import { minorSchema } from '../money.ts';
import * as r from './resources.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Status and body of the success answer. */
  readonly status: 200 | 201 | 202 | 204;
  readonly response: z.ZodType;
  /** Reachable without signing in. */
  readonly open?: boolean;
}
const route = <const R extends Route>(definition: R): R => definition;

const idParams = z.object({ id: rowIdSchema });
const sysParams = z.object({ sysCode: sysCodeSchema });
const reason = z.string().trim().min(1).max(LIMITS.reasonLength);

/** Keyset paging: `after` is the cursor that the page before gave. */
const pageQuery = {
  limit: z.coerce.number().int().min(1).max(LIMITS.pageRowsMax).default(LIMITS.pageRowsDefault),
  after: z.string().max(256).optional(),
};
const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

/** A list in a query: repeated parameter or commas. */
const many = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').filter((part) => part !== '') : value),
    z.array(item).max(100).optional(),
  );

/** Filters on every field of a problem. Times are inclusive below and exclusive above. */
export const problemFilterSchema = z.strictObject({
  sysCode: many(sysCodeSchema),
  fixCode: many(fixCodeSchema),
  businessKey: z.string().max(LIMITS.businessKeyLength).optional(),
  scenario: many(scenarioSchema),
  handling: many(z.enum(HANDLINGS)),
  state: many(z.enum(PROBLEM_STATES)),
  waitReason: many(z.enum(WAIT_REASONS)),
  currency: many(z.string().regex(/^[A-Z]{3}$/)),
  outOfPocket: many(z.enum(OUT_OF_POCKET)),
  lastOutcome: many(z.enum(OUTCOME_NAMES)),
  amountMinorFrom: minorSchema.optional(),
  amountMinorTo: minorSchema.optional(),
  occurredFrom: timeSchema.optional(),
  occurredTo: timeSchema.optional(),
  firstSeenFrom: timeSchema.optional(),
  firstSeenTo: timeSchema.optional(),
  retriesUsedFrom: z.coerce.number().int().min(0).optional(),
  reopened: z.stringbool().or(z.boolean()).optional(),
  seenSinceClosed: z.stringbool().or(z.boolean()).optional(),
});
export type ProblemFilter = z.infer<typeof problemFilterSchema>;

const bulkResult = z.object({
  accepted: z.number().int(),
  refused: z.array(z.object({ id: rowIdSchema, code: z.string(), reason: z.string() })),
});

export const ROUTES = {
  // Systems and their keys.
  listSystems: route({ method: 'GET', path: '/systems', tag: 'systems', summary: 'All systems', status: 200, response: z.object({ items: z.array(r.systemSchema) }) }),
  createSystem: route({
    method: 'POST', path: '/systems', tag: 'systems', summary: 'Register a system; answers its first key, shown once', status: 201,
    body: z.strictObject({
      sysCode: sysCodeSchema,
      name: z.string().trim().min(1).max(128),
      collectCron: z.string().max(256).nullable().default(null),
      collectTimeZone: z.string().max(64).default('UTC'),
      collectWindowMs: z.number().int().min(60_000).max(90 * 86_400_000).default(3 * 86_400_000),
    }),
    response: z.object({ system: r.systemSchema, key: z.string() }),
  }),
  changeSystem: route({
    method: 'PATCH', path: '/systems/:sysCode', tag: 'systems', summary: 'Change a system', status: 200, params: sysParams,
    body: z.strictObject({
      name: z.string().trim().min(1).max(128).optional(),
      collectCron: z.string().max(256).nullable().optional(),
      collectTimeZone: z.string().max(64).optional(),
      collectWindowMs: z.number().int().min(60_000).max(90 * 86_400_000).optional(),
      enabled: z.boolean().optional(),
    }),
    response: r.systemSchema,
  }),
  listSystemKeys: route({ method: 'GET', path: '/systems/:sysCode/keys', tag: 'systems', summary: 'Keys of a system, without their secrets', status: 200, params: sysParams, response: z.object({ items: z.array(r.systemKeySchema) }) }),
  createSystemKey: route({ method: 'POST', path: '/systems/:sysCode/keys', tag: 'systems', summary: 'Another key, shown once', status: 201, params: sysParams, response: z.object({ key: z.string(), info: r.systemKeySchema }) }),
  revokeSystemKey: route({ method: 'DELETE', path: '/systems/:sysCode/keys/:id', tag: 'systems', summary: 'Revoke a key; its connections are closed', status: 204, params: z.object({ sysCode: sysCodeSchema, id: rowIdSchema }), response: z.null() }),

  // Clients.
  listClients: route({ method: 'GET', path: '/clients', tag: 'clients', summary: 'Clients, connected first', status: 200, query: z.strictObject({ sysCode: sysCodeSchema.optional(), connected: z.stringbool().optional() }), response: z.object({ items: z.array(r.clientSchema) }) }),

  // Collections.
  startCollection: route({
    method: 'POST', path: '/collections', tag: 'collections', summary: 'Start a collect broadcast', status: 201,
    body: z.strictObject({
      /** Absent: all enabled systems. */
      sysCodes: z.array(sysCodeSchema).min(1).max(100).optional(),
      /** Absent: every collector that the clients announce. */
      fixCodes: z.array(fixCodeSchema).min(1).max(LIMITS.fixCodesPerClient).optional(),
      /** Absent: each system's own window, ending now. */
      windowFrom: timeSchema.optional(),
      windowTo: timeSchema.optional(),
    }),
    response: r.collectionSchema,
  }),
  listCollections: route({ method: 'GET', path: '/collections', tag: 'collections', summary: 'Collections, newest first', status: 200, query: z.strictObject({ ...pageQuery, sysCode: sysCodeSchema.optional(), state: many(z.enum(COLLECT_STATES)) }), response: page(r.collectionSchema) }),
  getCollection: route({ method: 'GET', path: '/collections/:id', tag: 'collections', summary: 'One collection with its commands', status: 200, params: idParams, response: r.collectionSchema }),
  cancelCollection: route({ method: 'POST', path: '/collections/:id/cancel', tag: 'collections', summary: 'Cancel what still runs; what was reported stays', status: 200, params: idParams, response: r.collectionSchema }),

  // Problems.
  listProblems: route({ method: 'GET', path: '/problems', tag: 'problems', summary: 'Problems, newest first', status: 200, query: problemFilterSchema.extend(pageQuery), response: page(r.problemSchema) }),
  countProblems: route({ method: 'GET', path: '/problems/count', tag: 'problems', summary: 'How many match, and their amounts by currency; exact, for a bulk action', status: 200, query: problemFilterSchema, response: z.object({ problems: z.number().int(), amounts: z.array(z.object({ currency: z.string(), amountMinor: minorSchema })) }) }),
  getProblem: route({ method: 'GET', path: '/problems/:id', tag: 'problems', summary: 'One problem with facts, executions and history', status: 200, params: idParams, response: r.problemDetailSchema }),
  listProblemMessages: route({ method: 'GET', path: '/problems/:id/messages', tag: 'problems', summary: 'The messages behind a problem', status: 200, params: idParams, response: z.object({ items: z.array(r.messageSchema) }) }),
  previewProblem: route({ method: 'POST', path: '/problems/:id/preview', tag: 'problems', summary: 'What the fix would do now; nothing is written', status: 200, params: idParams, response: r.previewSchema }),
  runProblem: route({ method: 'POST', path: '/problems/:id/run', tag: 'problems', summary: 'Run the fix now', status: 202, params: idParams, body: z.strictObject({ reason: reason.optional() }), response: z.object({ accepted: z.literal(1) }) }),
  runProblems: route({ method: 'POST', path: '/problems/run', tag: 'problems', summary: 'Run the fixes of these problems now', status: 202, body: z.strictObject({ ids: z.array(rowIdSchema).min(1).max(LIMITS.bulkIds), reason: reason.optional() }), response: bulkResult }),
  runMatchingProblems: route({
    method: 'POST', path: '/problems/run-matching', tag: 'problems', summary: 'Run all that match; refused unless the count is still the one given', status: 202,
    body: z.strictObject({ filter: problemFilterSchema, expectedCount: z.number().int().min(1), reason }),
    response: z.object({ accepted: z.number().int(), skipped: z.number().int() }),
  }),
  closeProblem: route({ method: 'POST', path: '/problems/:id/close', tag: 'problems', summary: 'Close without fixing', status: 200, params: idParams, body: z.strictObject({ reason }), response: r.problemSchema }),
  reopenProblem: route({ method: 'POST', path: '/problems/:id/reopen', tag: 'problems', summary: 'Open again what was closed or fixed', status: 200, params: idParams, body: z.strictObject({ reason }), response: r.problemSchema }),

  // Executions.
  listExecutions: route({
    method: 'GET', path: '/executions', tag: 'executions', summary: 'Finished executions, newest first', status: 200,
    query: z.strictObject({ ...pageQuery, problemId: rowIdSchema.optional(), sysCode: sysCodeSchema.optional(), fixCode: fixCodeSchema.optional(), outcome: many(z.enum(OUTCOME_NAMES)), finishedFrom: timeSchema.optional(), finishedTo: timeSchema.optional() }),
    response: page(r.executionSchema),
  }),
  listLeases: route({ method: 'GET', path: '/executions/running', tag: 'executions', summary: 'Leases that clients work on now', status: 200, response: z.object({ items: z.array(r.leaseSchema) }) }),

  // Solutions.
  listSolutions: route({ method: 'GET', path: '/solutions', tag: 'solutions', summary: 'All solutions', status: 200, query: z.strictObject({ sysCode: sysCodeSchema.optional() }), response: z.object({ items: z.array(r.solutionSchema) }) }),
  createSolution: route({ method: 'POST', path: '/solutions', tag: 'solutions', summary: 'Configure a solution', status: 201, body: r.solutionInputSchema, response: r.solutionSchema }),
  validateSolution: route({ method: 'POST', path: '/solutions/validate', tag: 'solutions', summary: 'Check a solution without storing it: warnings, next ticks, the cron in words', status: 200, body: r.solutionInputSchema, response: z.object({ warnings: z.array(r.warningSchema), nextTicks: z.array(timeSchema), words: z.object({ en: z.string(), zh: z.string() }) }) }),
  getSolution: route({ method: 'GET', path: '/solutions/:id', tag: 'solutions', summary: 'One solution', status: 200, params: idParams, response: r.solutionSchema }),
  changeSolution: route({ method: 'PATCH', path: '/solutions/:id', tag: 'solutions', summary: 'Change a solution; makes a new version', status: 200, params: idParams, body: r.solutionChangeSchema, response: r.solutionSchema }),
  deleteSolution: route({ method: 'DELETE', path: '/solutions/:id', tag: 'solutions', summary: 'Delete a solution; its versions and executions stay', status: 204, params: idParams, response: z.null() }),
  listSolutionVersions: route({ method: 'GET', path: '/solutions/:id/versions', tag: 'solutions', summary: 'All versions, newest first', status: 200, params: idParams, response: z.object({ items: z.array(r.solutionSchema.omit({ nextTicks: true, warnings: true })) }) }),

  // Users.
  listUsers: route({ method: 'GET', path: '/users', tag: 'users', summary: 'All users', status: 200, response: z.object({ items: z.array(r.userSchema) }) }),
  createUser: route({
    method: 'POST', path: '/users', tag: 'users', summary: 'Create a user', status: 201,
    body: z.strictObject({ username: z.string().regex(/^[a-z0-9._-]{3,32}$/), name: z.string().trim().min(1).max(128), password: z.string().min(12).max(128) }),
    response: r.userSchema,
  }),
  setUserEnabled: route({ method: 'PUT', path: '/users/:id/enabled', tag: 'users', summary: 'Enable or disable a user; disabling ends the sessions', status: 200, params: z.object({ id: z.string().max(64) }), body: z.strictObject({ enabled: z.boolean() }), response: r.userSchema }),
  getMe: route({ method: 'GET', path: '/me', tag: 'users', summary: 'Who is signed in', status: 200, response: r.userSchema }),

  // Monitor.
  listMessages: route({
    method: 'GET', path: '/messages', tag: 'monitor', summary: 'Messages, newest first', status: 200,
    query: z.strictObject({ ...pageQuery, direction: z.enum(DIRECTIONS).optional(), type: many(z.string().max(64)), sysCode: sysCodeSchema.optional(), clientId: z.string().max(64).optional(), state: many(z.enum(MESSAGE_STATES)), collectionId: rowIdSchema.optional(), leaseId: z.string().max(64).optional(), from: timeSchema.optional(), to: timeSchema.optional() }),
    response: page(r.messageSchema),
  }),
  getStats: route({ method: 'GET', path: '/stats', tag: 'monitor', summary: 'What is broken, how much money is at stake, what is being done', status: 200, response: r.statsSchema }),
  getHealth: route({ method: 'GET', path: '/health', tag: 'monitor', summary: 'The process lives', status: 200, open: true, response: z.object({ status: z.literal('ok'), version: z.string() }) }),
  getReadiness: route({ method: 'GET', path: '/ready', tag: 'monitor', summary: 'The server can work; 503 with the reason where it cannot', status: 200, open: true, response: z.object({ status: z.literal('ready') }) }),
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
