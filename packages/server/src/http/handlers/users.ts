import { accessOf } from '../../base/access.ts';
import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'listUsers'
  | 'createUser'
  | 'setUserEnabled'
  | 'setUserGrants'
  | 'getMe'
  | 'listRoles'
  | 'putRole'
  | 'deleteRole';

/** People and what they may do. Whoever reads live events is told by what they may do afterwards. */
export function userHandlers({
  users,
  roles,
  secondFactors,
  recheckReaders,
}: HandlerParts): RouteHandlers<Names> {
  const thenRecheck = async <T>(change: Promise<T>): Promise<T> => {
    const changed = await change;
    await recheckReaders();
    return changed;
  };
  return {
    listUsers: async ({ caller }) => ({ items: await users.list(caller) }),
    createUser: ({ body, caller }) => users.create(body, caller),
    setUserEnabled: ({ params, body, caller }) =>
      thenRecheck(users.setEnabled(params.id, body.enabled, caller)),
    setUserGrants: ({ params, body, caller }) => thenRecheck(users.setGrants(params.id, body, caller)),
    getMe: async ({ user, caller }) => ({
      ...user,
      grants: await users.grantsOf(user.id),
      secondFactorMissing: !user.secondFactor && (await secondFactors.isRequired(user.id)),
      access: accessOf(caller),
    }),
    listRoles: async () => ({ items: await roles.list() }),
    putRole: ({ params, body, caller }) => thenRecheck(roles.put(params.name, body, caller)),
    deleteRole: async ({ params, caller }) => {
      await roles.remove(params.name, caller);
      return null;
    },
  };
}
