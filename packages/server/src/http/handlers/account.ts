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
export function accountHandlers({ account }: HandlerParts): RouteHandlers<Names> {
  return {
    confirmIdentity: async ({ body, caller }) => {
      await account.confirm(body, caller);
      return null;
    },
    changePassword: async ({ body, caller }) => {
      await account.changePassword(body, caller);
      return null;
    },
    listSessions: async ({ caller }) => ({ items: await account.sessions(caller) }),
    endSession: async ({ params, caller }) => {
      await account.endSession(params.id, caller);
      return null;
    },
    endOtherSessions: async ({ caller }) => ({ ended: await account.endOtherSessions(caller) }),
    listUserSessions: async ({ params, caller }) => ({ items: await account.sessionsOf(params.id, caller) }),
    endUserSessions: async ({ params, caller }) => ({
      ended: await account.endSessionsOf(params.id, caller),
    }),
    resetUserPassword: ({ params, caller }) => account.resetPassword(params.id, caller),
  };
}
