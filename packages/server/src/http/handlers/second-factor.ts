import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'getSignInOptions'
  | 'getSecondFactor'
  | 'beginSecondFactor'
  | 'confirmSecondFactor'
  | 'renewRecoveryCodes'
  | 'removeSecondFactor'
  | 'removeUserSecondFactor'
  | 'listSecondFactorRoles'
  | 'setSecondFactorRole';

/** Second factors, and how people may sign in. */
export function secondFactorHandlers({ secondFactors, singleSignOn }: HandlerParts): RouteHandlers<Names> {
  return {
    getSignInOptions: async () => ({ singleSignOn }),
    getSecondFactor: ({ caller }) => secondFactors.get(caller),
    beginSecondFactor: ({ caller }) => secondFactors.begin(caller),
    confirmSecondFactor: ({ body, caller }) => secondFactors.confirm(caller, body.code),
    renewRecoveryCodes: ({ caller }) => secondFactors.renewRecoveryCodes(caller),
    removeSecondFactor: async ({ caller }) => {
      await secondFactors.remove(caller);
      return null;
    },
    listSecondFactorRoles: async () => ({ items: await secondFactors.requiringRoles() }),
    setSecondFactorRole: async ({ params, body, caller }) => {
      await secondFactors.setRequired(params.role, body.required, caller);
      return null;
    },
    removeUserSecondFactor: async ({ params, body, caller }) => {
      await secondFactors.removeOf(params.id, body.reason, caller);
      return null;
    },
  };
}
