/** What an approval policy says, pure: which rules hold, what they say of an act, what makes things less safe. */
import type { ApprovalMode, ApprovalRules, LimitSettings, SolutionInput } from '@piculus/protocol/http';

export interface Policy {
  readonly version: number;
  readonly mode: ApprovalMode;
  readonly singlePerson: boolean;
  readonly rules: ApprovalRules;
}

const upTo = (amountMinor: string) => [{ currency: 'CNY', amountMinor }];

/**
 * The rules of `careful`: what only finishes a booking that the bank has decided runs by itself, what moves money
 * does up to an amount, what takes from a customer always needs two. The first migration installs the same.
 */
export const CAREFUL_RULES: ApprovalRules = {
  unattended: {
    C1: 'below-amount',
    C2: 'person',
    C3: 'below-amount',
    C4: 'below-amount',
    C5: 'automatic',
    C6: 'automatic',
    C7a: 'below-amount',
    C7b: 'below-amount',
    C8: 'automatic',
    C9: 'below-amount',
    S1: 'automatic',
    S2: 'automatic',
    X9: 'below-amount',
  },
  unattendedUpTo: upTo('500000'),
  aloneUpTo: upTo('500000'),
  bulkProblems: 20,
  bulkUpTo: upTo('2000000'),
  perDayUpTo: upTo('5000000'),
  always: ['takes-from-customer', 'change-solution', 'reopen-fixed', 'raise-limits'],
};

/** @returns null where nothing needs a second person. */
export function effectiveRules({ mode, singlePerson, rules }: Omit<Policy, 'version'>): ApprovalRules | null {
  if (singlePerson || mode === 'as-configured') return null;
  return mode === 'careful' ? CAREFUL_RULES : rules;
}

type Settings = Omit<SolutionInput, 'sysCode' | 'fixCode'>;

/** Whether the change of a solution only makes it do less: disabling it, waiting for clicks, other words. */
export function onlySafer(before: Settings, after: Settings): boolean {
  const same = (['maxRetries', 'retryCron', 'timeZone', 'level'] as const).every(
    (name) => before[name] === after[name],
  );
  const modeIsSafe = before.executionMode === after.executionMode || after.executionMode === 'manual';
  const statusIsSafe = before.status === after.status || after.status === 'disabled';
  return same && modeIsSafe && statusIsSafe;
}

/** Whether new limits let anything through that the old ones would not. */
export function raises(before: LimitSettings, after: LimitSettings): boolean {
  if (above(after.executionsPerHour, before.executionsPerHour)) return true;
  if (after.canary < before.canary) return true;
  const amounts = new Map(after.amountsPerHour.map((row) => [row.currency, BigInt(row.amountMinor)]));
  const looser = before.amountsPerHour.some(({ currency, amountMinor }) => {
    const now = amounts.get(currency);
    return now === undefined || now > BigInt(amountMinor);
  });
  if (looser) return true;
  const was = before.breaker;
  const is = after.breaker;
  if (was === null) return false;
  if (is === null) return true;
  return (
    above(is.reportTimes, was.reportTimes) ||
    is.reportMin > was.reportMin ||
    above(is.failurePercent, was.failurePercent) ||
    is.failureMin > was.failureMin ||
    above(is.contradictionsMax, was.contradictionsMax)
  );
}

/** Null is no limit. */
const above = (now: number | null, before: number | null): boolean =>
  before !== null && (now === null || now > before);
