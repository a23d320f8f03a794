import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'listSystems'
  | 'createSystem'
  | 'changeSystem'
  | 'listSystemKeys'
  | 'createSystemKey'
  | 'revokeSystemKey'
  | 'previewSchedule'
  | 'listClients'
  | 'listNodes';

export function systemHandlers({ services, gateway, keys, nodes }: HandlerParts): RouteHandlers<Names> {
  const { systems, clients } = services;
  const withServerKeys = <T>(made: T) => ({ ...made, serverKeys: keys.publicKeys() });
  return {
    listSystems: async ({ caller }) => ({ items: await systems.list(caller) }),
    createSystem: async ({ body, caller }) => withServerKeys(await systems.create(body, caller)),
    changeSystem: async ({ params, body, caller }) => {
      const system = await systems.change(params.sysCode, body, caller);
      if (!system.enabled) gateway.closeBySystem(system.sysCode);
      return system;
    },
    listSystemKeys: async ({ params, caller }) => ({ items: await systems.keys(params.sysCode, caller) }),
    createSystemKey: async ({ params, caller }) =>
      withServerKeys(await systems.createKey(params.sysCode, caller)),
    revokeSystemKey: async ({ params, caller }) => {
      await systems.revokeKey(params.sysCode, params.id, caller);
      gateway.closeByKey(params.id);
      return null;
    },
    previewSchedule: async ({ query }) => systems.previewSchedule(query.cron, query.timeZone),
    listNodes: async () => ({ items: await nodes.list() }),
    listClients: async ({ query, caller }) => ({ items: await clients.list(query, gateway, caller) }),
  };
}
