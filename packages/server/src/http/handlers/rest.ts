import { VERSION } from '../../base/version.ts';
import { readyOrRefuse } from '../../telemetry/readiness.ts';
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
  | 'listLimits'
  | 'setLimits'
  | 'listHalts'
  | 'stop'
  | 'resume'
  | 'listMessages'
  | 'getMessageStats'
  | 'listViews'
  | 'createView'
  | 'deleteView'
  | 'getStats'
  | 'getHealth'
  | 'getReadiness';

/** Solutions, limits, the monitor, saved views. */
export function restHandlers({ services, gateway, readiness }: HandlerParts): RouteHandlers<Names> {
  const { solutions, messages, limits, stats, views } = services;
  return {
    listSolutions: async ({ query, caller }) => ({ items: await solutions.list(query, caller) }),
    createSolution: ({ body, caller }) => solutions.create(body, caller),
    validateSolution: ({ body, caller }) => solutions.validate(body, caller),
    importSolutions: ({ body, caller }) => solutions.import(body, caller),
    getSolution: ({ params, caller }) => solutions.get(params.id, caller),
    changeSolution: ({ params, body, caller }) => solutions.change(params.id, body, caller),
    deleteSolution: async ({ params, caller }) => {
      await solutions.remove(params.id, caller);
      return null;
    },
    listSolutionVersions: async ({ params, caller }) => ({
      items: await solutions.versions(params.id, caller),
    }),
    listLimits: async ({ caller }) => ({ items: await limits.list(caller) }),
    setLimits: ({ body, caller }) => limits.set(body, caller),
    listHalts: ({ query, caller }) => limits.halts(query, caller),
    stop: ({ body, caller }) => limits.stop(body, caller),
    resume: ({ params, body, caller }) => limits.resume(params.id, caller, body.reason),
    listMessages: ({ query, caller }) => messages.list(query, caller),
    getMessageStats: ({ query, caller }) => messages.stats(query, caller),
    listViews: async ({ query, caller }) => ({ items: await views.list(query, caller) }),
    createView: ({ body, caller }) => views.create(body, caller),
    deleteView: async ({ params, caller }) => {
      await views.remove(params.id, caller);
      return null;
    },
    getStats: ({ caller }) => stats.read(gateway, caller),
    getHealth: async () => ({ status: 'ok', version: VERSION }),
    getReadiness: async () => {
      return { status: 'ready', checks: await readyOrRefuse(readiness) };
    },
  };
}
