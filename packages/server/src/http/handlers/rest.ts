import { VERSION } from '../../base/version.ts';
import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'listSolutions'
  | 'createSolution'
  | 'validateSolution'
  | 'importSolutions'
  | 'getSolution'
  | 'changeSolution'
  | 'deleteSolution'
  | 'listSolutionVersions'
  | 'listUsers'
  | 'createUser'
  | 'setUserEnabled'
  | 'getMe'
  | 'listMessages'
  | 'getMessageStats'
  | 'listViews'
  | 'createView'
  | 'deleteView'
  | 'getStats'
  | 'getHealth'
  | 'getReadiness';

/** Solutions, users, the monitor, saved views. */
export function restHandlers({ services, users, gateway, checkReady }: HandlerParts): RouteHandlers<Names> {
  const { solutions, messages, stats, views } = services;
  return {
    listSolutions: async ({ query }) => ({ items: await solutions.list(query) }),
    createSolution: ({ body, user }) => solutions.create(body, user.username),
    validateSolution: ({ body }) => solutions.validate(body),
    importSolutions: ({ body, user }) => solutions.import(body, user.username),
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
    getMessageStats: ({ query }) => messages.stats(query),
    listViews: async ({ query, user }) => ({ items: await views.list(query, user.username) }),
    createView: ({ body, user }) => views.create(body, user.username),
    deleteView: async ({ params, user }) => {
      await views.remove(params.id, user.username);
      return null;
    },
    getStats: () => stats.read(gateway),
    getHealth: async () => ({ status: 'ok', version: VERSION }),
    getReadiness: async () => {
      await checkReady();
      return { status: 'ready' };
    },
  };
}
