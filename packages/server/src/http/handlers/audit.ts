import type { HandlerParts, RouteHandlers } from './types.ts';

type Names = 'listAudit' | 'getCaseFile' | 'getAuditChain' | 'verifyAudit';

export function auditHandlers({ audit }: HandlerParts): RouteHandlers<Names> {
  return {
    listAudit: ({ query, caller }) => audit.list(query, caller),
    getCaseFile: ({ params, caller }) => audit.caseFile(params.id, caller),
    getAuditChain: () => audit.chain(),
    verifyAudit: ({ body, caller }) => audit.verify(body, caller),
  };
}
