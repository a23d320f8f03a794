/**
 * What every repair asks before its own plan: is the order there, old enough, still this problem, and may a
 * machine act on it. Pure: the same evidence gives the same plan, at any time.
 */
import type { Command, Plan } from '@piculus/client';
import { type ReportedOutcome, SCENARIOS, type ScenarioCode, type SeedFixCode } from '@piculus/protocol';
import { classify, type Problem } from '../classify.ts';
import type { OrderType } from '../facts.ts';
import type { BankCapabilities, RepairPolicy, ScanFilter } from '../ports.ts';
import {
  contradictsProof,
  contradictsStatement,
  type Evidence,
  type FoundEvidence,
  foundNothing,
  paidUnnoted,
} from './evidence.ts';
import { type RepairStep, step } from './steps.ts';

export type RepairPlan = Plan<RepairStep>;

/** All that a planner may look at. */
export interface Situation {
  readonly evidence: FoundEvidence;
  readonly problem: Problem;
  readonly policy: RepairPolicy;
  readonly capabilities: BankCapabilities;
}
export type Planner = (situation: Situation) => RepairPlan;

/** One repair: what its collector scans, and how it plans each scenario that is filed under its code. */
export interface RepairDefinition {
  readonly fixCode: SeedFixCode;
  readonly scans: ScanFilter;
  readonly planners: Readonly<Partial<Record<ScenarioCode, Planner>>>;
  /** Plans an order that this repair set back to PROCESSING, under its standing decision. */
  readonly underway?: Planner;
}

export function end(
  verdict: Exclude<ReportedOutcome, 'fixed'>,
  scenario: ScenarioCode | null,
  reason: string,
): RepairPlan {
  return { verdict, scenario, reason };
}

export function act(
  situation: Situation,
  steps: readonly [RepairStep, ...RepairStep[]],
  reason: string,
): RepairPlan {
  return { verdict: 'act', scenario: situation.problem.scenario, steps, reason };
}

export function minAgeMs(policy: RepairPolicy, type: OrderType): number {
  return type === 'recharge' ? policy.rechargeMinAgeMs : policy.withdrawMinAgeMs;
}

export function planRepair(
  definition: RepairDefinition,
  command: Command,
  evidence: Evidence,
  installation: { readonly policy: RepairPolicy; readonly capabilities: BankCapabilities },
): RepairPlan {
  if (!evidence.found) return end('refused', null, 'the order is not there any more; a person must look');
  const stopped = beforeClassifying(command, evidence, installation.policy);
  if (stopped) return stopped;
  // The bank itself was just asked, which covers the order better than any statement.
  const verdict = classify(evidence.facts, { aged: true, covered: true });
  if (verdict.kind === 'wait') return end('not-yet', null, notFinal(evidence));
  const silent = evidence.facts.bank.fact === 'non-final';
  if (verdict.kind === 'ok') return planForNothingWrong(definition, command, evidence, silent);
  const { scenario } = verdict;
  if (verdict.handling === 'person' && silent && !HOLDS_WHATEVER_THE_BANK_SAYS.has(scenario)) {
    return end('not-yet', scenario, notFinal(evidence));
  }
  const situation: Situation = { evidence, problem: verdict, ...installation };
  const underway = isUnderway(definition, situation);
  if (verdict.fixCode !== definition.fixCode && !underway) {
    // A bank that does not speak cannot tell another problem from an order that this repair just made right.
    if (silent && !foundNothing(evidence)) return end('not-yet', null, notFinal(evidence));
    const reason = `the facts are ${scenario} now, which is filed under ${verdict.fixCode}`;
    return end('not-this-problem', scenario, reason);
  }
  const planner = underway ? definition.underway : definition.planners[scenario];
  if (verdict.handling === 'person' || !planner) {
    return end('refused', scenario, `${SCENARIOS[scenario].sentence.en} A person must decide.`);
  }
  if (evidence.unprovenNumbers.length > 0) {
    return end(
      'refused',
      scenario,
      `no proof that the earlier number ${evidence.unprovenNumbers[0]} is final`,
    );
  }
  return planner(situation);
}

/** Anomalies that are there even while the bank is silent. */
const HOLDS_WHATEVER_THE_BANK_SAYS: ReadonlySet<ScenarioCode> = new Set([
  ...(['X6', 'X7', 'X9', 'X10', 'X15', 'X21', 'X22', 'X23', 'X24'] as const),
]);

function beforeClassifying(
  command: Command,
  evidence: FoundEvidence,
  policy: RepairPolicy,
): RepairPlan | null {
  const { order } = evidence.facts;
  if (command.amountMinor !== order.amountMinor.toString() || command.currency !== order.currency) {
    return end('refused', 'X7', 'the order has another amount or currency than the command names');
  }
  const ageMs = evidence.observedAt.getTime() - order.createdAt.getTime();
  const gateMs = minAgeMs(policy, order.type);
  if (ageMs < gateMs) {
    return end(
      'not-yet',
      null,
      `the order is younger than ${Math.round(gateMs / 60_000)} minutes and may be in flight`,
    );
  }
  if (contradictsProof(evidence)) {
    return end(
      'refused',
      'X20',
      `the bank had made ${order.requestNo} final and now says ${evidence.answer.code}`,
    );
  }
  if (contradictsStatement(evidence)) {
    const { answer } = evidence.facts.bank;
    return end('refused', 'X20', `the bank's statement shows the payment, and the bank now says ${answer}`);
  }
  return null;
}

/** Whether this is the order that this repair set back to PROCESSING, to send its payout again. */
function isUnderway(definition: RepairDefinition, { evidence, problem }: Situation): boolean {
  const setBack = evidence.facts.order.status === 'PROCESSING' && evidence.decision?.decision === 'RESUBMIT';
  return definition.underway !== undefined && setBack && UNDERWAY.has(problem.scenario);
}

function planForNothingWrong(
  definition: RepairDefinition,
  command: Command,
  evidence: FoundEvidence,
  silent: boolean,
): RepairPlan {
  if (paidUnnoted(evidence, command.commandKey)) {
    const noted = step(evidence.facts, 'RESUBMIT', { does: 'claim' });
    const reason = `the bank paid ${evidence.facts.order.requestNo}, which this command had sent`;
    return { verdict: 'act', scenario: command.scenario, steps: [noted], reason };
  }
  if (!silent) return end('already-right', null, 'order, ledger and bank agree');
  // Where nobody but a silent bank could say that something is wrong, the question stays open; an order that
  // left this repair's statuses is no longer its problem.
  const ours = definition.scans.statuses.includes(evidence.facts.order.status);
  if (ours || evidence.answer.code !== 'NOT_FOUND') return end('not-yet', null, notFinal(evidence));
  return end('not-this-problem', null, 'the order has moved on, and nothing in it contradicts itself');
}

/** What an order looks like between being sent again and the bank's last word. */
export const UNDERWAY: ReadonlySet<ScenarioCode> = new Set(['C8', 'C9']);

export function notFinal({ answer, control, facts, statement }: FoundEvidence): string {
  if (answer.code === 'NOT_FOUND' && statement && statement.fact !== 'non-final') {
    return `the bank's statement shows a movement for this order, but the bank does not find ${facts.order.requestNo} just now`;
  }
  if (answer.code === 'NOT_FOUND' && control && !control.ok) {
    return `the bank found neither ${facts.order.requestNo} nor a number known to be settled: ${control.detail}`;
  }
  if (answer.code === 'UNCLEAR') return `the bank could not be understood about ${facts.order.requestNo}`;
  if (answer.code === 'PAID') return 'the bank says paid but not how much, so it proves nothing';
  return `the bank is not final about ${facts.order.requestNo}: it says ${answer.code}`;
}
