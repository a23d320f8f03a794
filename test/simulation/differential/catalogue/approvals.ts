/** Calls on the approval policy and on requests for a second person. */
import type { ApprovalNeed, ApprovalPreview, ApprovalRules } from '@piculus/protocol/http';
import fc from 'fast-check';
import { CAREFUL_RULES } from '../../../../packages/server/src/approvals/rules.ts';
import * as draw from '../draw.ts';
import { type Operation, operation, stores as s } from '../operations.ts';

const few = [{ currency: 'CNY', amountMinor: '250' }];
const rules = fc.constantFrom<ApprovalRules>(
  CAREFUL_RULES,
  {
    ...CAREFUL_RULES,
    unattendedUpTo: null,
    aloneUpTo: few,
    bulkProblems: 1,
    bulkUpTo: null,
    perDayUpTo: null,
  },
  { ...CAREFUL_RULES, unattended: {}, aloneUpTo: null, bulkProblems: null, bulkUpTo: few, perDayUpTo: few },
);
const approvalId = fc.constantFrom('1', '2');
const hash = fc.constantFrom(1, 2).map((byte) => Buffer.alloc(32, byte));
const userId = fc.constantFrom('u1', 'u2');

const request = fc.record({
  kind: fc.constantFrom('run' as const, 'reopen' as const),
  commandHash: hash,
  evidence: fc.constant({ digest: 'd' }),
  preview: fc.constant<ApprovalPreview>({
    problems: 1,
    amounts: [],
    sample: [],
    plan: null,
    changes: [],
    impact: null,
  }),
  needs: fc.constant<ApprovalNeed[]>([]),
  sysCodes: fc.constantFrom<string[]>(['A'], ['A', 'B'], []),
  policyVersion: fc.constantFrom(1, 1, 2, 9),
  reason: draw.text,
  requestedBy: draw.person,
  requestedById: userId,
  requestedVia: fc.constantFrom('session' as const, 'token' as const),
  requestedFrom: fc.constant(null),
  requestedAt: draw.at,
  hash,
});

export const approvalOperations: readonly Operation[] = [
  operation('approvals.readPolicy', {}, (tx) => s.approvals.readPolicy(tx)),
  operation(
    'approvals.lockPolicy',
    { how: fc.constantFrom('share' as const, 'change' as const) },
    (tx, { how }) => s.approvals.lockPolicy(tx, how),
  ),
  operation(
    'approvals.savePolicy',
    {
      version: fc.constantFrom(2, 2, 3, 4),
      mode: fc.constantFrom('careful' as const, 'as-configured' as const, 'own' as const),
      rules,
      changedAt: draw.at,
      changedBy: draw.person,
      reason: draw.text,
    },
    (tx, row) =>
      s.approvals.savePolicy(
        tx,
        { ...row, singlePerson: false },
        row.mode === 'as-configured' ? null : row.rules,
        row.mode === 'as-configured' ? [] : ['C2'],
      ),
    { weight: 3 },
  ),
  operation('approvals.someoneElseApproves', { userId, at: draw.at }, (tx, { userId, at }) =>
    s.approvals.someoneElseApproves(tx, userId, at),
  ),
  operation(
    'approvals.insertApproval',
    { request, ids: draw.ids },
    (tx, { request, ids }) =>
      s.approvals.insertApproval(
        tx,
        {
          ...request,
          command: { kind: 'run', problemId: '1' },
          expiresAt: new Date(request.requestedAt.getTime() + 86_400_000),
        },
        ids,
      ),
    { weight: 5 },
  ),
  operation('approvals.readApproval', { id: approvalId }, (tx, { id }) => s.approvals.readApproval(tx, id)),
  operation('approvals.lockApproval', { id: approvalId }, (tx, { id }) => s.approvals.lockApproval(tx, id)),
  operation(
    'approvals.decideApproval',
    {
      id: approvalId,
      state: fc.constantFrom(
        'approved' as const,
        'approved' as const,
        'rejected' as const,
        'withdrawn' as const,
        'expired' as const,
      ),
      by: draw.person,
      byId: draw.maybe(userId),
      at: draw.at,
      reason: draw.text,
    },
    (tx, { id, ...decision }) => s.approvals.decideApproval(tx, id, decision),
    { weight: 5 },
  ),
  operation('approvals.setBulkRunOf', { id: approvalId, bulkRunId: draw.id }, (tx, { id, bulkRunId }) =>
    s.approvals.setBulkRunOf(tx, id, bulkRunId),
  ),
  operation('approvals.isApproved', { id: approvalId }, (tx, { id }) => s.approvals.isApproved(tx, id)),
  operation('approvals.overdueApprovals', { at: draw.at }, (tx, { at }) =>
    s.approvals.overdueApprovals(tx, at),
  ),
  operation(
    'approvals.listApprovals',
    {
      tab: fc.constantFrom('to-decide' as const, 'mine' as const, 'history' as const),
      states: draw.maybe(fc.constantFrom(['open' as const], ['expired' as const, 'approved' as const])),
      userId: draw.maybe(userId),
      view: draw.scope,
      approve: draw.scope,
      now: draw.at,
      before: draw.maybe(approvalId),
      limit: draw.limit,
    },
    (tx, list) => s.approvals.listApprovals(tx, list),
  ),
  operation('approval-evidence.runEvidence', { ids: draw.ids }, (tx, { ids }) =>
    s['approval-evidence'].runEvidence(tx, ids),
  ),
  operation('approval-evidence.runSample', { ids: draw.ids }, (tx, { ids }) =>
    s['approval-evidence'].runSample(tx, ids),
  ),
  operation(
    'approval-evidence.runNeeds',
    { ids: draw.ids, person: draw.person, at: draw.at },
    (tx, { ids, person, at }) => s['approval-evidence'].runNeeds(tx, ids, person, at),
    { unordered: true, weight: 3 },
  ),
  operation(
    'approval-evidence.matchingRunnable',
    { scope: draw.scope, runnable: draw.scope, at: draw.at },
    (tx, { scope, runnable, at }) =>
      s['approval-evidence'].matchingRunnable(tx, { filter: {}, scope }, runnable, at),
  ),
];
