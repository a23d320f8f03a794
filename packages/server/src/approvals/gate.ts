/** Where acts that always need a second person stop, in their own transaction, unless one has agreed. */
import { PiculusError } from '@piculus/protocol';
import type { AlwaysTwo } from '@piculus/protocol/http';
import { isApproved, lockPolicy } from '../store/approvals.ts';
import type { Tx } from '../store/database.ts';
import { effectiveRules } from './rules.ts';

/** The request that a second person has just agreed to, in the transaction that carries it out. */
export interface Approved {
  readonly id: string;
}

/** @throws PiculusError `approval-required`. The policy stays as it is until the transaction ends. */
export async function requireSecond(tx: Tx, act: AlwaysTwo, approved: Approved | null): Promise<void> {
  if (await asksSecond(tx, act)) await requireApproved(tx, approved);
}

/** Whether the policy asks for a second person for this, whatever the amounts. */
export async function asksSecond(tx: Tx, act: AlwaysTwo): Promise<boolean> {
  return effectiveRules(await lockPolicy(tx))?.always.includes(act) ?? false;
}

/** @throws PiculusError `approval-required` where nobody has agreed. */
export async function requireApproved(tx: Tx, approved: Approved | null): Promise<void> {
  if (approved === null || !(await isApproved(tx, approved.id))) throw new PiculusError('approval-required');
}
