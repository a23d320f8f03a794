import { VERSION } from '../../base/version.ts';
import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'listSolutions'
  | 'createSolution'
  | 'validateSolution'
  | 'getSolution'
  | 'changeSolution'
  | 'deleteSolution'
  | 'listSolutionVersions'
  | 'listUsers'
  | 'createUser'
  | 'setUserEnabled'
  | 'getMe'
  | 'listMessages'
  | 'getStats'
  | 'getHealth'
  | 'getReadiness';

/** Solutions, users, the monitor. */
export function restHandlers({ services, users, gateway, checkReady }: HandlerParts): RouteHandlers<Names> {
  const { solutions, messages, stats } = services;
  return {
    listSolutions: async ({ query }) => ({ items: await solutions.list(query) }),
    createSolution: ({ body, user }) => solutions.create(body, user.username),
    validateSolution: ({ body }) => solutions.validate(body),
    getSolution: ({ params }) => solutions.get(params.id),
    changeSolution: ({ params, body, user }) => solutions.change(params.id, body, user.username),
    deleteSolution: async ({ params, user }) => {
      await solutions.remove(params.id, user.username);
      return null;
    },
    listSolutionVersions: async ({ params }) => ({ items: await solutions.versions(params.id) }),
    listUsers: async () => ({ items: await users.list() }),
    createUser: ({ body, user }) => users.create(body, user.username),
    setUserEnabled: ({ params, body, user }) => users.setEnabled(params.id, body.enabled, user.username),
    getMe: async ({ user }) => user,
    listMessages: ({ query }) => messages.list(query),
    getStats: () => stats.read(gateway),
    getHealth: async () => ({ status: 'ok', version: VERSION }),
    getReadiness: async () => {
      await checkReady();
      return { status: 'ready' };
    },
  };
}
