import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'listSystems'
  | 'createSystem'
  | 'changeSystem'
  | 'listSystemKeys'
  | 'createSystemKey'
  | 'revokeSystemKey'
  | 'previewSchedule'
  | 'listClients';

export function systemHandlers({ services, gateway }: HandlerParts): RouteHandlers<Names> {
  const { systems, clients } = services;
  return {
    listSystems: async () => ({ items: await systems.list() }),
    createSystem: ({ body, user }) => systems.create(body, user.username),
    changeSystem: async ({ params, body, user }) => {
      const system = await systems.change(params.sysCode, body, user.username);
      if (!system.enabled) gateway.closeBySystem(system.sysCode);
      return system;
    },
    listSystemKeys: async ({ params }) => ({ items: await systems.keys(params.sysCode) }),
    createSystemKey: ({ params, user }) => systems.createKey(params.sysCode, user.username),
    revokeSystemKey: async ({ params, user }) => {
      await systems.revokeKey(params.sysCode, params.id, user.username);
      gateway.closeByKey(params.id);
      return null;
    },
    previewSchedule: async ({ query }) => systems.previewSchedule(query.cron, query.timeZone),
    listClients: async ({ query }) => ({ items: await clients.list(query, gateway) }),
  };
}
