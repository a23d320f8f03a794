import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'confirmIdentity'
  | 'changePassword'
  | 'listSessions'
  | 'endSession'
  | 'endOtherSessions'
  | 'listUserSessions'
  | 'endUserSessions'
  | 'resetUserPassword';

/** One's own password and sessions, and those of others. */
export function accountHandlers({ account, recheckReaders }: HandlerParts): RouteHandlers<Names> {
  // A session that ended reads no live events any more.
  const thenRecheck = async <T>(change: Promise<T>): Promise<T> => {
    const changed = await change;
    await recheckReaders();
    return changed;
  };
  return {
    confirmIdentity: async ({ body, caller }) => {
      await account.confirm(body, caller);
      return null;
    },
    changePassword: async ({ body, caller }) => {
      await thenRecheck(account.changePassword(body, caller));
      return null;
    },
    listSessions: async ({ caller }) => ({ items: await account.sessions(caller) }),
    endSession: async ({ params, caller }) => {
      await thenRecheck(account.endSession(params.id, caller));
      return null;
    },
    endOtherSessions: async ({ caller }) => ({
      ended: await thenRecheck(account.endOtherSessions(caller)),
    }),
    listUserSessions: async ({ params, caller }) => ({ items: await account.sessionsOf(params.id, caller) }),
    endUserSessions: async ({ params, caller }) => ({
      ended: await thenRecheck(account.endSessionsOf(params.id, caller)),
    }),
    resetUserPassword: ({ params, caller }) => thenRecheck(account.resetPassword(params.id, caller)),
  };
}
