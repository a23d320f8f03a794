import type { HandlerParts, RouteHandlers } from './types.ts';

type Names = 'listTokens' | 'createToken' | 'revokeToken';

export function tokenHandlers({ tokens, recheckReaders }: HandlerParts): RouteHandlers<Names> {
  return {
    listTokens: async ({ query, caller }) => ({ items: await tokens.list(query, caller) }),
    createToken: ({ body, caller }) => tokens.create(body, caller),
    revokeToken: async ({ params, caller }) => {
      await tokens.revoke(params.id, caller);
      await recheckReaders();
      return null;
    },
  };
}
