/**
 * Whether the bank's side allows an act, and how to make it final where it is not. Unknown is never unpaid:
 * what cannot be made final waits.
 */
import type { Decision } from '../ports.ts';
import { type FoundEvidence, foundNothing } from './evidence.ts';
import { end, notFinal, type RepairPlan, type Situation } from './plan.ts';
import { type RepairStep, step } from './steps.ts';

export type MayAct =
  | { readonly may: 'act'; readonly first: readonly RepairStep[] }
  | { readonly may: 'wait'; readonly plan: RepairPlan };

const wait = (plan: RepairPlan): MayAct => ({ may: 'wait', plan });

/** When the request may have left for the bank; the bank received it then or later. */
function leftAt({ outbox, facts }: FoundEvidence): Date {
  const entry = outbox.find(({ requestNo }) => requestNo === facts.order.requestNo);
  return entry?.sentAt ?? facts.order.createdAt;
}

/** A bank that does not speak, or whose NOT_FOUND is worth nothing, ends the plan. */
export function unheard({ evidence, problem }: Situation): RepairPlan | null {
  return foundNothing(evidence) ? null : end('not-yet', problem.scenario, notFinal(evidence));
}

/**
 * A bank forgets numbers: one that it received longer ago is not found, may be taken as new, and is closed as if it
 * had never been seen. It may have received the number as soon as there was an order, however often it was sent since.
 */
function forgotten({ evidence, capabilities, problem }: Situation): RepairPlan | null {
  const { order, bank } = evidence.facts;
  if (bank.fact === 'never-sent') return null;
  const ageMs = evidence.observedAt.getTime() - order.createdAt.getTime();
  if (ageMs < capabilities.queryWindowMs) return null;
  const reason = `${order.requestNo} is older than the bank's queries reach; only its statement decides`;
  return end('refused', problem.scenario, reason);
}

/** A failure is no end where the bank executes the number again when it comes once more, from whoever holds it. */
export function mayRunAgain({ evidence, capabilities }: Situation): boolean {
  const failed = evidence.answer.code === 'FAILED' && evidence.proof?.source !== 'close';
  return failed && capabilities.sameNumberOnFailure === 'executes-again';
}

/** What must come first so that the order's number will never be paid. */
export function makeFinal(situation: Situation, decision: Decision): MayAct {
  const { evidence, capabilities, problem } = situation;
  const { order, bank } = evidence.facts;
  if (mayRunAgain(situation)) {
    if (capabilities.hasClose)
      return { may: 'act', first: [step(evidence.facts, decision, { does: 'close' })] };
    const reason = `the bank executes ${order.requestNo} again when it comes once more, and closes no number`;
    return wait(end('refused', problem.scenario, reason));
  }
  if (bank.fact === 'unpaid-final') return { may: 'act', first: [] };
  const blind = unheard(situation);
  if (blind) return wait(blind);
  const old = forgotten(situation);
  if (old) return wait(old);
  const closable = capabilities.hasClose && capabilities.closeAcceptsUnknownNumber;
  if (!closable) {
    // What our own outbox never let go, and is stopped together with the act, needs no close.
    if (bank.fact === 'never-sent') return { may: 'act', first: [] };
    return wait(
      end(
        'not-yet',
        problem.scenario,
        `the bank does not close numbers it has not seen, so ${order.requestNo} stays open`,
      ),
    );
  }
  const ageMs = evidence.observedAt.getTime() - leftAt(evidence).getTime();
  if (ageMs < capabilities.closeMinAgeMs) {
    return wait(end('not-yet', problem.scenario, `${order.requestNo} is too young for the bank to close it`));
  }
  return { may: 'act', first: [step(evidence.facts, decision, { does: 'close' })] };
}

export type MaySend =
  | { readonly may: 'send' }
  /** The number is finally unpaid: only a new number could pay, and that is a person's decision. */
  | { readonly may: 'never' }
  | { readonly may: 'wait' | 'refuse'; readonly plan: RepairPlan };

/** Whether the order's own number may go to the bank (again). */
export function maySend(situation: Situation): MaySend {
  const { evidence, capabilities, problem } = situation;
  const { order, bank } = evidence.facts;
  if (bank.fact === 'unpaid-final') return { may: 'never' };
  const blind = unheard(situation);
  if (blind) return { may: 'wait', plan: blind };
  if (bank.fact === 'never-sent') return { may: 'send' };
  const old = forgotten(situation);
  if (old) return { may: 'refuse', plan: old };
  const sinceMs = evidence.observedAt.getTime() - leftAt(evidence).getTime();
  if (sinceMs < (capabilities.notFoundWindowMs ?? 0)) {
    const reason = `${order.requestNo} was sent a moment ago and the bank may not show it yet`;
    return { may: 'wait', plan: end('not-yet', problem.scenario, reason) };
  }
  if (capabilities.dedupeHorizonMs <= 0) {
    return {
      may: 'refuse',
      plan: end('refused', problem.scenario, 'the bank does not recognise a number it was sent twice'),
    };
  }
  // Within the window NOT_FOUND says that the bank never received it, so no horizon has begun to run.
  return { may: 'send' };
}
