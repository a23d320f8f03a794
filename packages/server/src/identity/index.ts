/** Who is there: sign-in, sessions, users. */
import { PiculusError, type Verb } from '@piculus/protocol';
import type { User } from '@piculus/protocol/http';
import { type Scope, scopesOf } from '../base/access.ts';
import type { Account, Context, Users } from '../base/services.ts';
import { isDatabaseAway } from '../store/availability.ts';
import { deleteSession, type OpenSession, selectSession, touchSession } from '../store/sessions.ts';
import { selectUser } from '../store/users.ts';
import { createAccount } from './account.ts';
import { AUTH_PATHS, AUTH_PREFIX, createAuth, IDLE_MS, sessionCookie } from './auth.ts';
import type { SignOnConfig } from '../config-sign-on.ts';
import { createSignedOnUser, createSignOn, SIGN_ON_CALLBACK, SIGN_ON_START } from './sso.ts';
import { createSecondFactors, type SecondFactors } from './second-factor.ts';
import { SECOND_STEPS, secondStep } from './second-step.ts';
import { readScopes } from './grants.ts';
import { createGuessing } from './guessing.ts';
import { ARGON2ID, type Hashing, timedHashing } from './passwords.ts';
import { createRoles, type Roles } from './roles.ts';
import { auditSession, type Origin } from './session-acts.ts';
import { readSessionToken } from './session-token.ts';
import { createTokens, type Tokens } from './tokens.ts';
import { createUsers, toUser } from './users.ts';

export { ADDRESS_HEADER, AUTH_PREFIX, SIGN_IN_PATH } from './auth.ts';
export { WRONG_CODE } from './second-factor.ts';
export type { Hashing } from './passwords.ts';
export { createFirstUser, FIRST_USERNAME, resetPassword } from './users.ts';
export { loadSecret } from './secret.ts';

/** A person's open session. */
export interface SignedIn {
  readonly user: User;
  readonly sessionId: string;
  /** When they last proved who they are in it. */
  readonly authenticatedAt: Date | null;
  /** They may do nothing but set a second factor up, which a role of theirs asks for. */
  readonly factorMissing: boolean;
  /** What the person may do where, at this moment. */
  readonly scope: (verb: Verb) => Scope;
}

/** A session counts as seen again after that long, so that not every request is a write. */
const SEEN_MS = 60_000;

export interface Identity {
  readonly users: Users;
  readonly roles: Roles;
  readonly account: Account;
  readonly tokens: Tokens;
  readonly secondFactors: SecondFactors;
  /** Null where people sign in by password alone. */
  readonly singleSignOn: { readonly label: string } | null;
  /** Answers one request below AUTH_PREFIX. @throws PiculusError `not-found`, `database-away`. */
  handle(request: Request, origin: Origin): Promise<Response>;
  /** @returns who sent these headers; null where nobody is signed in. @throws PiculusError `database-away`. */
  signedIn(headers: Headers): Promise<SignedIn | null>;
  /** What a person may do where, at this moment. @throws PiculusError `database-away`. */
  scopesOf(userId: string): Promise<(verb: Verb) => Scope>;
}

export function createIdentity(
  context: Context,
  options: {
    readonly secret: string;
    readonly publicUrl: string | null;
    readonly signOn?: SignOnConfig | null;
    readonly hashing?: Hashing;
  },
): Identity {
  const { db, log, clock, metrics } = context;
  const { secret, publicUrl } = options;
  const hashing = timedHashing(options.hashing ?? ARGON2ID, clock, (ms) =>
    metrics.observe('piculus_password_seconds', {}, ms),
  );
  const authParts = { db, clock, log, hashing, secret, publicUrl };
  const auth = createAuth(authParts);
  const guessing = createGuessing(context, { secret });

  /** The library hides why it failed; a plain question tells a database that is away from a fault. */
  async function explain(error: unknown): Promise<never> {
    if (error instanceof PiculusError) throw error;
    await selectUser(db, '');
    throw error;
  }

  const ownToken = { secret, cookie: sessionCookie(publicUrl) };

  /** Who sent these headers; asked of the library where their token is not in the plain form. */
  async function openSession(headers: Headers): Promise<OpenSession | undefined> {
    const token = readSessionToken(headers, ownToken);
    const open = token === null ? undefined : await selectSession(db, { by: 'token', value: token });
    if (open !== undefined && open.expiresAt >= clock.now()) return open;
    const found = await auth.api.getSession({ headers });
    return found === null ? undefined : selectSession(db, { by: 'id', value: found.session.id });
  }

  async function signedIn(headers: Headers): Promise<SignedIn | null> {
    // A database that was away for a moment answers the plain question again; then the first one is asked again too.
    const session = await openSession(headers)
      .catch(async (error: unknown) => {
        if (error instanceof PiculusError && !isDatabaseAway(error)) throw error;
        await selectUser(db, '');
        return openSession(headers);
      })
      .catch(explain);
    if (session === undefined || session.user.banned) return null;
    const { id: sessionId, user, authenticatedAt, lastSeenAt, factorMissing, allowed } = session;
    const now = clock.now();
    const unseenMs = now.getTime() - lastSeenAt.getTime();
    if (unseenMs > IDLE_MS) {
      await deleteSession(db, user.id, sessionId);
      return null;
    }
    const seenAt = user.last_seen_at?.getTime() ?? 0;
    if (now.getTime() - Math.min(lastSeenAt.getTime(), seenAt) > SEEN_MS)
      await touchSession(db, sessionId, now);
    return { user: toUser(user), sessionId, authenticatedAt, factorMissing, scope: scopesOf(allowed) };
  }

  async function ask(request: Request): Promise<Response> {
    const response = await auth.handler(request).catch(explain);
    if (response.status >= 500) await explain(new PiculusError('internal', 'the sign-in failed'));
    return response;
  }

  const secondFactors = createSecondFactors(context, {
    key: async () => (await auth.$context).secretConfig,
  });

  const users = createUsers(context, hashing);
  const signOn =
    options.signOn === undefined || options.signOn === null
      ? null
      : createSignOn(context, {
          auth: authParts,
          config: options.signOn,
          whoIs: async (headers) => (await signedIn(headers))?.user.username ?? null,
          create: (person) => createSignedOnUser(context, users, person),
        });

  return {
    users,
    tokens: createTokens(context),
    roles: createRoles(context),
    scopesOf: (userId) => readScopes(db, userId),
    account: createAccount(context, { guessing, hashing }),
    secondFactors,
    singleSignOn: signOn === null ? null : { label: signOn.label },
    async handle(request, origin) {
      const path = new URL(request.url).pathname.slice(AUTH_PREFIX.length);
      if (signOn !== null && request.method === 'GET') {
        if (path === SIGN_ON_START) return signOn.start(request);
        if (path === SIGN_ON_CALLBACK) return signOn.finish(request, origin);
      }
      if (SECOND_STEPS.has(path))
        return secondStep({ db, clock, guessing }, secondFactors, { path, request, origin, answer: ask });
      if (!AUTH_PATHS.has(path)) throw new PiculusError('not-found');
      return auditSession(
        { db, clock, guessing },
        {
          path,
          request,
          origin,
          // Asked before the act: afterwards the session may be gone.
          signedIn: async () => (await signedIn(request.headers))?.user.username ?? null,
          answer: () => ask(request),
        },
      );
    },
    signedIn,
  };
}
