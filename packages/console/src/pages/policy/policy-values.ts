/** The rules of the policy as they are typed, and as they are kept. Pure. */
import type { ScenarioCode } from '@piculus/protocol';
import type { AlwaysTwo, ApprovalRules, UnattendedLevel, UpTo } from '@piculus/protocol/http';
import { type AmountFault, amountsOf, linesOf, type TypedAmount } from '../../parts/amount-lines.ts';

export const UP_TO = ['unattendedUpTo', 'aloneUpTo', 'bulkUpTo', 'perDayUpTo'] as const;
export type UpToField = (typeof UP_TO)[number];

export interface TypedUpTo {
  /** False: no limit. */
  readonly limited: boolean;
  readonly lines: readonly TypedAmount[];
}
export interface TypedRules {
  readonly unattended: Partial<Record<ScenarioCode, UnattendedLevel>>;
  readonly upTo: Readonly<Record<UpToField, TypedUpTo>>;
  readonly bulkProblems: string;
  readonly always: readonly AlwaysTwo[];
}
export interface RuleFaults {
  readonly upTo: Readonly<Record<UpToField, ReadonlyMap<number, AmountFault>>>;
  readonly bulkProblems: boolean;
}

const NONE: ReadonlyMap<number, AmountFault> = new Map();
export const NO_FAULTS: RuleFaults = {
  upTo: { unattendedUpTo: NONE, aloneUpTo: NONE, bulkUpTo: NONE, perDayUpTo: NONE },
  bulkProblems: false,
};

export function typedRules(rules: ApprovalRules): TypedRules {
  const typed = (upTo: UpTo): TypedUpTo => ({ limited: upTo !== null, lines: linesOf(upTo ?? []) });
  return {
    unattended: rules.unattended,
    upTo: {
      unattendedUpTo: typed(rules.unattendedUpTo),
      aloneUpTo: typed(rules.aloneUpTo),
      bulkUpTo: typed(rules.bulkUpTo),
      perDayUpTo: typed(rules.perDayUpTo),
    },
    bulkProblems: rules.bulkProblems === null ? '' : String(rules.bulkProblems),
    always: rules.always,
  };
}

/** @returns the rules, or what is wrong where. */
export function rulesOf(typed: TypedRules): { rules: ApprovalRules | null; faults: RuleFaults } {
  const kept = (field: UpToField) => {
    const { limited, lines } = typed.upTo[field];
    return limited ? amountsOf(lines) : { amounts: null, faults: NONE };
  };
  const upTo = {
    unattendedUpTo: kept('unattendedUpTo'),
    aloneUpTo: kept('aloneUpTo'),
    bulkUpTo: kept('bulkUpTo'),
    perDayUpTo: kept('perDayUpTo'),
  };
  const count = typed.bulkProblems.trim();
  const countBad = count !== '' && !(/^[1-9][0-9]{0,6}$/.test(count) && Number(count) <= 1_000_000);
  const faults: RuleFaults = {
    upTo: {
      unattendedUpTo: upTo.unattendedUpTo.faults,
      aloneUpTo: upTo.aloneUpTo.faults,
      bulkUpTo: upTo.bulkUpTo.faults,
      perDayUpTo: upTo.perDayUpTo.faults,
    },
    bulkProblems: countBad,
  };
  if (countBad || UP_TO.some((field) => upTo[field].faults.size > 0)) return { rules: null, faults };
  return {
    rules: {
      unattended: typed.unattended,
      unattendedUpTo: upTo.unattendedUpTo.amounts,
      aloneUpTo: upTo.aloneUpTo.amounts,
      bulkUpTo: upTo.bulkUpTo.amounts,
      perDayUpTo: upTo.perDayUpTo.amounts,
      bulkProblems: count === '' ? null : Number(count),
      always: [...typed.always],
    },
    faults,
  };
}
