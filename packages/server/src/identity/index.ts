/** Who is there: sign-in, sessions, users. */
import type { User } from '@piculus/protocol/http';
import { PiculusError } from '@piculus/protocol';
import type { Context, Users } from '../base/services.ts';
import { deleteSession, selectSession, touchSession } from '../store/sessions.ts';
import { selectUser } from '../store/users.ts';
import { AUTH_PATHS, AUTH_PREFIX, createAuth, IDLE_MS } from './auth.ts';
import { auditSession, type Origin } from './session-acts.ts';
import { createUsers, toUser } from './users.ts';

export { AUTH_PREFIX, SIGN_IN_PATH } from './auth.ts';
export { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from './passwords.ts';
export { createFirstUser, FIRST_USERNAME, resetPassword } from './users.ts';
export { loadSecret, SECRET_CHARACTERS_MIN } from './secret.ts';

/** A person's open session. */
export interface SignedIn {
  readonly user: User;
  readonly sessionId: string;
  /** When they last proved who they are in it. */
  readonly authenticatedAt: Date | null;
  /** Their password was made by somebody else, so that they may do nothing but choose another. */
  readonly mustChangePassword: boolean;
}

/** A session counts as seen again after that long, so that not every request is a write. */
const SEEN_MS = 60_000;

export interface Identity {
  readonly users: Users;
  /** Answers one request below AUTH_PREFIX. @throws PiculusError `not-found`, `database-away`. */
  handle(request: Request, origin: Origin): Promise<Response>;
  /** @returns who sent these headers; null where nobody is signed in. @throws PiculusError `database-away`. */
  signedIn(headers: Headers): Promise<SignedIn | null>;
}

export function createIdentity(
  context: Context,
  options: { readonly secret: string; readonly publicUrl: string | null },
): Identity {
  const { db, log, clock } = context;
  const auth = createAuth({ db, clock, log, ...options });

  /** The library hides why it failed; a plain question tells a database that is away from a fault. */
  async function explain(error: unknown): Promise<never> {
    if (error instanceof PiculusError) throw error;
    await selectUser(db, '');
    throw error;
  }

  async function signedIn(headers: Headers): Promise<SignedIn | null> {
    const found = await auth.api.getSession({ headers }).catch(explain);
    if (found === null) return null;
    const session = await selectSession(db, found.session.id);
    if (session === undefined || session.user.banned) return null;
    const { id: sessionId, user, authenticatedAt, lastSeenAt } = session;
    const now = clock.now();
    const unseenMs = now.getTime() - lastSeenAt.getTime();
    if (unseenMs > IDLE_MS) {
      await deleteSession(db, user.id, sessionId);
      return null;
    }
    if (unseenMs > SEEN_MS) await touchSession(db, sessionId, now);
    return { user: toUser(user), sessionId, authenticatedAt, mustChangePassword: user.one_time_password };
  }

  return {
    users: createUsers(context),
    async handle(request, origin) {
      const path = new URL(request.url).pathname.slice(AUTH_PREFIX.length);
      if (!AUTH_PATHS.has(path)) throw new PiculusError('not-found');
      return auditSession(context, {
        path,
        request,
        origin,
        // Asked before the act: afterwards the session may be gone.
        signedIn: async () => (await signedIn(request.headers))?.user.username ?? null,
        answer: async () => {
          const response = await auth.handler(request).catch(explain);
          if (response.status >= 500) await explain(new PiculusError('internal', 'the sign-in failed'));
          return response;
        },
      });
    },
    signedIn,
  };
}
