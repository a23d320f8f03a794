/** The policy that says what needs a second person: how it reads, who may change it, and when that needs two. */
import { PiculusError, TAKES_FROM_CUSTOMER } from '@piculus/protocol';
import type { ApprovalPolicy, ApprovalPolicyInput } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { type Caller, requireFresh } from '../base/access.ts';
import type { Done } from '../base/done.ts';
import type { Context } from '../base/services.ts';
import { lockPolicy, type PolicyRow, savePolicy, someoneElseApproves } from '../store/approvals.ts';
import type { Executor, Tx } from '../store/database.ts';
import { type Approved, requireApproved } from './gate.ts';
import { CAREFUL_RULES, effectiveRules, type Policy } from './rules.ts';

/** @throws PiculusError `not-allowed`, `wrong-state` where it was changed meanwhile. Locks the policy. */
export async function checkedPolicy(
  tx: Tx,
  { version }: Pick<ApprovalPolicyInput, 'version'>,
  caller: Caller,
): Promise<PolicyRow> {
  if (caller.scope('administer') !== 'all')
    throw new PiculusError('not-allowed', 'this needs the permission to administer everything');
  const before = await lockPolicy(tx, 'change');
  if (before.version !== version)
    throw new PiculusError('wrong-state', 'the policy was changed meanwhile; read it again');
  return before;
}

/**
 * Whether it takes two to change this policy into that one. Where nothing needs a second person, nothing does; and
 * somebody who is alone may say so, because there is nobody to ask.
 */
export function changeNeedsTwo(before: Policy, after: Omit<Policy, 'version'>, nobodyElse: boolean): boolean {
  if (effectiveRules(before) === null) return false;
  return !(after.singlePerson && nobodyElse);
}

/** Whether only the caller could approve anything. */
export async function isAlone(db: Executor, { userId }: Caller, at: Date): Promise<boolean> {
  return userId !== null && !(await someoneElseApproves(db, userId, at));
}

export async function setPolicyIn(
  tx: Tx,
  context: Context,
  { reason, ...input }: ApprovalPolicyInput & { readonly reason: string },
  caller: Caller,
  approved: Approved | null,
): Promise<Done<ApprovalPolicy>> {
  const at = context.clock.now();
  const { actor } = caller;
  const before = await checkedPolicy(tx, input, caller);
  const alone = await isAlone(tx, caller, at);
  // The one who approved has just proved who they are.
  if (approved === null) requireFresh(caller, at);
  if (changeNeedsTwo(before, input, alone)) await requireApproved(tx, approved);
  const row: PolicyRow = {
    ...input,
    version: before.version + 1,
    changedAt: at,
    changedBy: actor,
    reason,
  };
  await savePolicy(tx, row, ...installed(row));
  const target = `approval-policy:${row.version}`;
  await writeAudit(tx, {
    at,
    actor,
    act: 'change-approval-policy',
    target,
    reason,
    before: spoken(before),
    after: spoken(row),
  });
  const switchedOff = row.singlePerson && !before.singlePerson;
  if (switchedOff) await writeAudit(tx, { at, actor, act: 'single-person', target, reason });
  return {
    answer: policyView(row, alone),
    announce: () => {
      context.events.publish({ topic: 'approvals', sysCode: null, ids: [], more: false });
      // What waits, and why, may be another matter now.
      context.events.publish({ topic: 'problems', sysCode: null, ids: [], more: true });
      context.wake.notify('solutions');
      context.wake.notify('dispatch');
      if (switchedOff) context.log.error({ by: actor, reason }, 'nothing needs a second person any more');
      else context.log.warn({ by: actor, mode: row.mode }, 'what needs a second person was changed');
    },
  };
}

/** What the database's own gate is given. */
export function installed(
  row: Omit<Policy, 'version'>,
): [ReturnType<typeof effectiveRules>, readonly string[]] {
  const effective = effectiveRules(row);
  const two = effective?.always.includes('takes-from-customer') === true ? TAKES_FROM_CUSTOMER : [];
  return [effective, two];
}

const spoken = ({ mode, singlePerson, rules }: Policy) => ({ mode, singlePerson, rules });

export function policyView(row: PolicyRow, nobodyElse: boolean): ApprovalPolicy {
  return {
    ...row,
    effective: effectiveRules(row),
    careful: CAREFUL_RULES,
    changedAt: row.changedAt.toISOString(),
    nobodyElse,
  };
}
