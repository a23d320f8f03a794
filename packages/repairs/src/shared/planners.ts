/** Plans that several repairs share. Each returns all steps that it expects; only the first is applied. */
import { decisionFor } from './decisions.ts';
import { makeFinal, mayRunAgain, maySend, unheard } from './finality.ts';
import { act, end, notFinal, type Planner, type RepairPlan, type Situation } from './plan.ts';
import { step } from './steps.ts';

/** C1, C4, C5: the bank has the money, the account does not. */
export const creditAccount: Planner = (situation) => {
  const { evidence } = situation;
  const decided = decisionFor(situation, 'CREDIT');
  if ('refused' in decided) return decided.refused;
  return act(
    situation,
    [step(evidence.facts, decided.decision, { does: 'credit' })],
    'the bank collected this amount under this number, and the account was not credited',
  );
};

/** S1, S2: the money is right, the status is not. */
export const correctStatus: Planner = (situation) => {
  const { evidence, problem } = situation;
  const { order, ledger, bank } = evidence.facts;
  const to = problem.statusTo;
  if (to === undefined) return end('refused', problem.scenario, 'no status follows from the facts');
  if (order.type === 'withdraw' && ledger.state === 'held' && to === 'SUCCESS') return finishPaid(situation);
  const open = bank.fact === 'non-final' || bank.fact === 'never-sent' || mayRunAgain(situation);
  const decided = decisionFor(situation, open ? 'FAIL' : 'STATUS');
  if ('refused' in decided) return decided.refused;
  const change = step(evidence.facts, decided.decision, { does: 'status', to });
  if (!open) return act(situation, [change], `ledger and bank agree, only the status is behind: ${to}`);
  return fail(situation);
};

/** C6 and its like: nothing was booked; the number is made final and the order fails. */
export const fail: Planner = (situation) => {
  const { facts } = situation.evidence;
  const decided = decisionFor(situation, 'FAIL');
  if ('refused' in decided) return decided.refused;
  const finality = makeFinal(situation, decided.decision);
  if (finality.may === 'wait') return finality.plan;
  const change = step(facts, decided.decision, { does: 'status', to: 'FAILED' });
  const [first, ...rest] = [...finality.first, change];
  return act(situation, [first ?? change, ...rest], 'nothing was booked and the bank moved nothing');
};

/** C7a, C7b, and C9 when it is cancelled: the number is made final, then the amount goes back. */
export const giveBack: Planner = (situation) => {
  const { facts } = situation.evidence;
  if (facts.ledger.state === 'settled') {
    // Whoever settled it was told that the bank paid, and a bank that cannot be heard now may say so again.
    const blind = facts.bank.fact === 'non-final' ? unheard(situation) : null;
    if (blind) return blind;
    return end(
      'refused',
      situation.problem.scenario,
      'a settled hold is given back by a person, over two postings',
    );
  }
  const decided = decisionFor(situation, 'RETURN_TO_ACCOUNT');
  if ('refused' in decided) return decided.refused;
  const finality = makeFinal(situation, decided.decision);
  if (finality.may === 'wait') return finality.plan;
  const back = step(facts, decided.decision, { does: 'give-back' });
  const [first, ...rest] = [...finality.first, back];
  return act(situation, [first ?? back, ...rest], 'the account paid for a payout that the bank never makes');
};

/** C8: the bank paid; the booking and the status follow. */
export const finishPaid: Planner = (situation) => {
  const decided = decisionFor(situation, 'SETTLE');
  if ('refused' in decided) return decided.refused;
  return act(
    situation,
    [step(situation.evidence.facts, decided.decision, { does: 'settle' })],
    'the bank paid this amount under this number; the booking follows',
  );
};

/** The payout is sent under its own number; with what comes after it. */
export function sendAgain(situation: Situation, before: 'nothing' | 'reserve' | 'set-back'): RepairPlan {
  const { evidence, problem } = situation;
  const { facts } = evidence;
  const decided = decisionFor(situation, 'RESUBMIT');
  if ('refused' in decided) return decided.refused;
  const sending = maySend(situation);
  if (sending.may === 'never') {
    const reason = `the bank is final about ${facts.order.requestNo}; only a new number could pay, which a person decides`;
    return end('refused', problem.scenario, reason);
  }
  if (sending.may !== 'send') return sending.plan;
  const submit = step(facts, decided.decision, { does: 'submit' });
  const settle = step(facts, decided.decision, { does: 'settle' });
  const reason = `the bank has not seen ${facts.order.requestNo}, which it takes once at most`;
  if (before === 'nothing') return act(situation, [submit, settle], reason);
  const first = step(
    facts,
    decided.decision,
    before === 'reserve' ? { does: 'reserve' } : { does: 'status', to: 'PROCESSING' },
  );
  return act(situation, [first, submit, settle], reason);
}

/** An order that was set back to PROCESSING so that its payout is sent again: on until the bank's last word. */
export const onward: Planner = (situation) => {
  const { bank } = situation.evidence.facts;
  if (bank.fact === 'paid') return finishPaid(situation);
  if (bank.fact === 'unpaid-final') return giveBack(situation);
  if (bank.fact === 'non-final' || bank.fact === 'never-sent') return sendAgain(situation, 'nothing');
  return end('not-yet', situation.problem.scenario, notFinal(situation.evidence));
};
