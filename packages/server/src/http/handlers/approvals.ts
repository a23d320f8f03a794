import { commandKey } from '@piculus/protocol';
import type { ApprovalCommand, Preview } from '@piculus/protocol/http';
import type { Caller } from '../../base/access.ts';
import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'listApprovals'
  | 'previewApprovalNeed'
  | 'createApproval'
  | 'getApproval'
  | 'approve'
  | 'reject'
  | 'withdrawApproval'
  | 'getApprovalPolicy'
  | 'setApprovalPolicy';

/** Requests for a second person, and the policy. */
export function approvalHandlers({ services, gateway }: HandlerParts): RouteHandlers<Names> {
  const { approvals, problems } = services;

  /** What the client says its fix would do; whoever approves can do without it. */
  async function planOf(command: ApprovalCommand, caller: Caller): Promise<Preview | null> {
    if (command.kind !== 'run') return null;
    const problem = await problems.get(command.problemId, caller);
    const { sysCode, fixCode, businessKey, scenario, amountMinor, currency } = problem;
    const question = {
      fixCode,
      businessKey,
      scenario,
      commandKey: commandKey(problem),
      amountMinor,
      currency,
    };
    try {
      const { verdict, scenario: found, reason, steps, facts } = await gateway.preview(sysCode, question);
      return { verdict, scenario: found, reason, steps, facts };
    } catch {
      return null;
    }
  }

  return {
    listApprovals: ({ query, caller }) => approvals.list(query, caller),
    previewApprovalNeed: async ({ body, caller }) => ({ needs: await approvals.need(body.command, caller) }),
    createApproval: async ({ body: { command, reason }, caller }) =>
      approvals.create({ command, reason, caller }, await planOf(command, caller)),
    getApproval: ({ params, caller }) => approvals.get(params.id, caller),
    approve: ({ params, body, caller }) => approvals.approve(params.id, body, caller),
    reject: ({ params, body, caller }) => approvals.reject(params.id, body.reason, caller),
    withdrawApproval: ({ params, body, caller }) => approvals.withdraw(params.id, body.reason, caller),
    getApprovalPolicy: ({ caller }) => approvals.policy(caller),
    setApprovalPolicy: ({ body, caller }) => approvals.setPolicy(body, caller),
  };
}
