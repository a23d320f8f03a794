/**
 * Calls the HTTP API, with one method per route of the contract. Needs only `fetch` and Web Crypto, so it
 * runs in Node and in a browser.
 */
import { z } from 'zod';
import { ApiError, errorFromAnswer, fromCode, unreachable, unreadable } from './api-error.ts';
import type { Route, RouteBodyInput, RouteName, RouteParams, RouteQuery, RouteResponse } from './routes.ts';
import { API_PREFIX, ROUTES } from './routes.ts';

export interface ApiClientOptions {
  /** Where the server is, for instance `http://127.0.0.1:7070`. Empty in a page that the server itself served. */
  readonly baseUrl: string;
  /** A session token. Absent where a cookie signs the caller in, or for open routes. */
  readonly token?: string | undefined;
  /** Stands in for the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Longest wait for one answer, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Proves again who calls, where an act asks for it; the act is then tried once more. */
  readonly prove?: (() => Promise<void>) | undefined;
}

/** What every call may take besides what its route takes. */
export interface CallOptions {
  /** Makes repeats of a mutation one; made for each call where absent. Give it to repeat a call safely. */
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Needed<K extends string, T> = [T] extends [undefined] ? unknown : { readonly [P in K]: T };
type Optional<K extends string, T> = [T] extends [undefined] ? unknown : { readonly [P in K]?: T };

/** What a call of this route takes. */
export type CallInput<N extends RouteName> = Needed<'params', RouteParams<N>> &
  Optional<'query', Partial<RouteQuery<N>>> &
  Needed<'body', RouteBodyInput<N>> &
  CallOptions;

/** The input may be left out where no field of it is needed. */
type Call<N extends RouteName> =
  Record<never, never> extends CallInput<N>
    ? (input?: CallInput<N>) => Promise<RouteResponse<N>>
    : (input: CallInput<N>) => Promise<RouteResponse<N>>;

/** One method per route. Each rejects with an {@link ApiError}. */
export type ApiClient = { readonly [N in RouteName]: Call<N> };

interface AnyInput extends CallOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

const TIMEOUT_MS = 30_000;

export function createApiClient(options: ApiClientOptions): ApiClient {
  const calls = Object.entries(ROUTES).map(([name, route]) => [
    name,
    (input: AnyInput = {}) => callProved(options, route, input),
  ]);
  // The table of routes and the type are made from the same keys, which the compiler cannot see.
  return Object.fromEntries(calls) as ApiClient;
}

async function callProved(options: ApiClientOptions, route: Route, input: AnyInput): Promise<unknown> {
  try {
    return await callRoute(options, route, input);
  } catch (error) {
    const isAsked = error instanceof ApiError && error.code === 'reauthentication-required';
    if (!isAsked || options.prove === undefined) throw error;
    await options.prove();
    // Under the key of before, the refusal would only be given again.
    return callRoute(options, route, { ...input, idempotencyKey: undefined });
  }
}

async function callRoute(options: ApiClientOptions, route: Route, input: AnyInput): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  if (route.method !== 'GET') headers['idempotency-key'] = input.idempotencyKey ?? newIdempotencyKey();
  const answer = await request(options, routeUrl(options.baseUrl, route, input), {
    method: route.method,
    headers,
    body: input.body,
    signal: input.signal,
  });
  if (!answer.ok) throw errorFromAnswer(answer.status, answer.body);
  const parsed = route.response.safeParse(route.status === 204 ? null : answer.body);
  if (!parsed.success) throw unreadable(answer.status, `${route.path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** @returns the whole address of a call: parameters in the path, lists of the query joined by commas. */
export function routeUrl(
  baseUrl: string,
  route: Route,
  input: {
    readonly params?: Readonly<Record<string, unknown>>;
    readonly query?: Readonly<Record<string, unknown>>;
  },
): string {
  const path = route.path.replace(/:([A-Za-z]+)/g, (_, name: string) =>
    encodeURIComponent(String(input.params?.[name] ?? '')),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value === undefined || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    query.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = query.toString();
  return `${baseUrl.replace(/\/+$/, '')}${API_PREFIX}${path}${text === '' ? '' : `?${text}`}`;
}

interface Sent {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly signal: AbortSignal | undefined;
}
interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function request(options: ApiClientOptions, url: string, sent: Sent): Promise<Answer> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const headers = { ...sent.headers };
  if (sent.body !== undefined) headers['content-type'] = 'application/json';
  try {
    const response = await (options.fetch ?? globalThis.fetch)(url, {
      method: sent.method,
      headers,
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
      signal: sent.signal === undefined ? timeout : AbortSignal.any([sent.signal, timeout]),
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, headers: response.headers, body: readJson(text) };
  } catch (cause) {
    throw unreachable(url, cause);
  }
}

/** Text that is not JSON reads as undefined, which no schema of an answer takes. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Not `randomUUID`: browsers have that only on pages that came over TLS. */
function newIdempotencyKey(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const signInAnswerSchema = z.object({ token: z.string().min(1) });
const halfAnswerSchema = z.object({ twoFactorRedirect: z.literal(true) });

type SignInOptions = Omit<ApiClientOptions, 'token'>;

/** What a right password brings: a session, or the question for a second factor. */
export type SignInStep =
  | { readonly token: string }
  /** For {@link finishSignIn}, within ten minutes. */
  | { readonly pending: string };

/**
 * Signs in with a user name and a password.
 * @returns a session token for {@link createApiClient}.
 * @throws ApiError `not-signed-in` for a wrong name or password, `second-factor-required` where a password alone is
 * not enough, `too-many-requests`, `unreachable`.
 */
export async function signIn(
  options: SignInOptions,
  credentials: { readonly username: string; readonly password: string },
): Promise<{ token: string }> {
  const step = await beginSignIn(options, credentials);
  if ('token' in step) return step;
  throw fromCode('second-factor-required', 403, 'this account signs in with a second factor');
}

/** As {@link signIn}, for people who can be asked for a second factor. */
export async function beginSignIn(
  options: SignInOptions,
  credentials: { readonly username: string; readonly password: string },
): Promise<SignInStep> {
  const answer = await authRequest(options, '/sign-in/username', credentials);
  if (answer.ok && halfAnswerSchema.safeParse(answer.body).success)
    return { pending: pendingIn(answer.headers) };
  if (answer.ok) return { token: tokenIn(answer) };
  throw refusalOf(answer, 'the user name or the password is wrong');
}

/**
 * The second step of a sign-in.
 * @param step `code`: six digits of the app, or one of the recovery codes.
 * @throws ApiError `invalid-field` for a code that does not count, `not-signed-in` where the sign-in has to begin
 * anew, `too-many-requests`, `unreachable`.
 */
export async function finishSignIn(
  options: SignInOptions,
  step: { readonly pending: string; readonly code: string },
): Promise<{ token: string }> {
  const isRecovery = /[^0-9 ]/.test(step.code.trim());
  const path = isRecovery ? '/two-factor/verify-backup-code' : '/two-factor/verify-totp';
  // A browser sends its cookie by itself and takes neither header from a page.
  const own = step.pending === '' ? {} : { cookie: step.pending, origin: new URL(options.baseUrl).origin };
  const answer = await authRequest(options, path, { code: step.code.trim() }, own);
  if (answer.ok) return { token: tokenIn(answer) };
  throw refusalOf(answer, 'the sign-in has to begin anew');
}

function authRequest(
  options: SignInOptions,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const url = `${options.baseUrl.replace(/\/+$/, '')}/api/auth${path}`;
  return request(options, url, {
    method: 'POST',
    headers: { accept: 'application/json', ...headers },
    body,
    signal: undefined,
  });
}

function tokenIn(answer: Answer): string {
  const parsed = signInAnswerSchema.safeParse(answer.body);
  const token = answer.headers.get('set-auth-token') ?? (parsed.success ? parsed.data.token : null);
  if (token !== null) return token;
  throw unreadable(answer.status, 'the answer to the sign-in has no token');
}

/** The cookie that holds the place between the steps; empty in a browser, which shows it to nobody. */
function pendingIn(headers: Headers): string {
  const pairs = headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '');
  return pairs.find((pair) => (pair.split('=', 1)[0] ?? '').endsWith('.two_factor')) ?? '';
}

function refusalOf(answer: Answer, otherwise: string): ApiError {
  const told = errorFromAnswer(answer.status, answer.body);
  if (told.code !== 'unreadable-answer') return told;
  if (answer.status === 429) return fromCode('too-many-requests', 429, 'too many attempts to sign in');
  if (answer.status >= 500 || answer.status === 404) return told;
  return fromCode('not-signed-in', answer.status, otherwise);
}

/**
 * As people do whose password was made by somebody else: signs in with it and chooses another.
 * @returns a session token. @throws ApiError as {@link signIn}; `invalid-field` where the new password is refused.
 */
export async function signInFirst(
  options: Omit<ApiClientOptions, 'token'>,
  person: { readonly username: string; readonly oneTimePassword: string; readonly password: string },
): Promise<{ token: string }> {
  const { username, oneTimePassword: currentPassword, password: newPassword } = person;
  const { token } = await signIn(options, { username, password: currentPassword });
  await createApiClient({ ...options, token }).changePassword({ body: { currentPassword, newPassword } });
  return { token };
}

export { ApiError };
