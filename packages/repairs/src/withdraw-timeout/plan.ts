import { maySend } from '../shared/finality.ts';
import type { Planner } from '../shared/plan.ts';
import { finishPaid, giveBack, onward, sendAgain } from '../shared/planners.ts';

/** C8. The bank paid, so the booking is finished and the order becomes SUCCESS. */
export const planC8 = finishPaid;

/**
 * C9. A decision that stands is carried through. Otherwise young orders are continued under their own number
 * and older ones are cancelled: closed at the bank, then given back and FAILED in one transaction.
 */
export const planC9: Planner = (situation) => {
  const { evidence, policy } = situation;
  const standing = evidence.decision?.decision;
  if (standing === 'RESUBMIT') return onward(situation);
  if (standing === 'RETURN_TO_ACCOUNT') return giveBack(situation);
  const ageMs = evidence.observedAt.getTime() - evidence.facts.order.createdAt.getTime();
  if (ageMs >= policy.continueWithdrawMaxAgeMs) return giveBack(situation);
  const sending = maySend(situation);
  if (sending.may === 'send') return sendAgain(situation, 'nothing');
  if (sending.may === 'wait') return sending.plan;
  // The number cannot be used again, so what is left of the two ways is to cancel.
  return giveBack(situation);
};
