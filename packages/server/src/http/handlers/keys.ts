import type { HandlerParts, RouteHandlers } from './types.ts';

type Names = 'listServerKeys' | 'addServerKey' | 'useServerKey' | 'retireServerKey';

/** The keys that the server signs commands with. Connected clients are told of every change. */
export function keyHandlers({ keys, gateway }: HandlerParts): RouteHandlers<Names> {
  return {
    listServerKeys: async () => ({ items: keys.list() }),
    addServerKey: async ({ caller }) => {
      const made = await keys.add(caller);
      gateway.announceKeys();
      return made;
    },
    useServerKey: async ({ params, caller }) => {
      const used = await keys.use(params.keyId, caller);
      gateway.announceKeys();
      return used;
    },
    retireServerKey: async ({ params, caller }) => {
      await keys.retire(params.keyId, caller);
      gateway.announceKeys();
      return null;
    },
  };
}
