import type { Decision } from '../ports.ts';
import { end, type RepairPlan, type Situation } from './plan.ts';

/** Ends that a payout sent again can come to; they complete that decision and are no new one. */
const COMPLETES_RESUBMIT: ReadonlySet<Decision> = new Set(['SETTLE', 'RETURN_TO_ACCOUNT', 'FAIL']);

/** Whether an end that is wanted completes the decision that stands. */
export const completes = (standing: Decision, wanted: Decision): boolean =>
  standing === 'RESUBMIT' && COMPLETES_RESUBMIT.has(wanted);

export function otherDecision(standing: Decision, wanted: Decision): string {
  return `the decision ${standing} stands for this order, and ${wanted} is another one`;
}

/** @returns the decision under which to act, or the plan that refuses because another one stands. */
export function decisionFor(
  { evidence, problem }: Situation,
  wanted: Decision,
): { readonly decision: Decision } | { readonly refused: RepairPlan } {
  const standing = evidence.decision?.decision;
  if (standing === undefined || standing === wanted) return { decision: wanted };
  // A change of status alone moves no money, so it goes with whatever was decided.
  if (wanted === 'STATUS') return { decision: standing };
  if (completes(standing, wanted)) return { decision: standing };
  return { refused: end('refused', problem.scenario, otherDecision(standing, wanted)) };
}
