/** Who is there: sign-in, sessions, users. */
import type { User } from '@piculus/protocol/http';
import { PiculusError } from '@piculus/protocol';
import type { Context, Users } from '../base/services.ts';
import { selectUser } from '../store/users.ts';
import { AUTH_PATHS, AUTH_PREFIX, createAuth } from './auth.ts';
import { auditSession, type Origin } from './session-acts.ts';
import { createUsers, toUser } from './users.ts';

export { AUTH_PREFIX, SIGN_IN_PATH } from './auth.ts';
export { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from './passwords.ts';
export { createFirstUser, FIRST_USERNAME, resetPassword } from './users.ts';
export { loadSecret, SECRET_CHARACTERS_MIN } from './secret.ts';

export interface Identity {
  readonly users: Users;
  /** Answers one request below AUTH_PREFIX. @throws PiculusError `not-found`, `database-away`. */
  handle(request: Request, origin: Origin): Promise<Response>;
  /** @returns who sent these headers; null where nobody is signed in. @throws PiculusError `database-away`. */
  signedIn(headers: Headers): Promise<User | null>;
}

export function createIdentity(
  context: Context,
  options: { readonly secret: string; readonly publicUrl: string | null },
): Identity {
  const { db, log } = context;
  const auth = createAuth({ db, log, ...options });

  /** The library hides why it failed; a plain question tells a database that is away from a fault. */
  async function explain(error: unknown): Promise<never> {
    if (error instanceof PiculusError) throw error;
    await selectUser(db, '');
    throw error;
  }

  async function signedIn(headers: Headers): Promise<User | null> {
    const session = await auth.api.getSession({ headers }).catch(explain);
    if (session === null) return null;
    const row = await selectUser(db, session.user.id);
    return row === undefined || row.banned ? null : toUser(row);
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
        signedIn: async () => (await signedIn(request.headers))?.username ?? null,
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
