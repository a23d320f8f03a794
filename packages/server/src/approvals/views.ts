/** Requests as the API shows them, and who may see and decide them. */
import type { Approval, ApprovalState } from '@piculus/protocol/http';
import { type Caller, inScope, type Scope } from '../base/access.ts';
import type { ApprovalRow } from '../store/approvals.ts';

type Whose = Pick<ApprovalRow, 'sysCodes' | 'requestedById'>;

/** What concerns the whole installation is for those who may do it everywhere. */
export function covers(scope: Scope, { sysCodes }: Pick<ApprovalRow, 'sysCodes'>): boolean {
  if (scope === 'all') return true;
  return sysCodes.length > 0 && sysCodes.every((sysCode) => inScope(scope, sysCode));
}

export function isVisible(row: Whose, caller: Caller): boolean {
  return row.requestedById === caller.userId || covers(caller.scope('view'), row);
}

export function stateAt(row: Pick<ApprovalRow, 'state' | 'expiresAt'>, now: Date): ApprovalState {
  return row.state === 'open' && row.expiresAt.getTime() <= now.getTime() ? 'expired' : row.state;
}

/** @returns why the caller cannot decide about it; null where they can. */
export function cannotDecide(row: ApprovalRow, caller: Caller, now: Date): Approval['cannotDecide'] {
  if (stateAt(row, now) !== 'open') return 'not-open';
  if (row.requestedById === caller.userId) return 'own-request';
  if (caller.via !== 'session') return 'token';
  return covers(caller.scope('approve'), row) && covers(caller.scope('view'), row) ? null : 'not-allowed';
}

export function approvalView(row: ApprovalRow, caller: Caller, now: Date): Approval {
  const state = stateAt(row, now);
  return {
    id: row.id,
    kind: row.kind,
    command: row.command,
    preview: row.preview,
    needs: row.needs,
    sysCodes: row.sysCodes,
    policyVersion: row.policyVersion,
    reason: row.reason,
    requestedBy: row.requestedBy,
    requestedAt: row.requestedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    hash: row.hash.toString('hex'),
    state,
    decidedBy: row.decidedBy,
    decidedAt: row.decidedAt?.toISOString() ?? null,
    decisionReason: row.decisionReason,
    bulkRunId: row.bulkRunId,
    cannotDecide: cannotDecide(row, caller, now),
    mayWithdraw: state === 'open' && row.requestedById === caller.userId,
  };
}
