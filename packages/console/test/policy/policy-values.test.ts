import type { ApprovalRules } from '@piculus/protocol/http';
import { expect, it } from 'vitest';
import { rulesOf, typedRules } from '../../src/pages/policy/policy-values.ts';

const RULES: ApprovalRules = {
  unattended: { C1: 'automatic', C4: 'below-amount' },
  unattendedUpTo: [{ currency: 'CNY', amountMinor: '100000' }],
  aloneUpTo: null,
  bulkProblems: 20,
  bulkUpTo: [],
  perDayUpTo: [{ currency: 'JPY', amountMinor: '5' }],
  always: ['change-solution'],
};

it('keeps rules as they are where nothing was typed', () => {
  expect(rulesOf(typedRules(RULES)).rules).toEqual(RULES);
});

it('tells no limit from a limit without a line, above which is every amount', () => {
  const typed = typedRules(RULES);
  expect(typed.upTo.aloneUpTo.limited).toBe(false);
  expect(typed.upTo.bulkUpTo).toEqual({ limited: true, lines: [] });
  const limited = { ...typed, upTo: { ...typed.upTo, aloneUpTo: { limited: true, lines: [] } } };
  expect(rulesOf(limited).rules?.aloneUpTo).toEqual([]);
});

it('does not judge lines of what is not limited', () => {
  const typed = typedRules(RULES);
  const lines = [{ key: 0, currency: 'X', amount: 'much' }];
  const off = { ...typed, upTo: { ...typed.upTo, perDayUpTo: { limited: false, lines } } };
  expect(rulesOf(off).rules?.perDayUpTo).toBeNull();
  const on = { ...typed, upTo: { ...typed.upTo, perDayUpTo: { limited: true, lines } } };
  const { rules, faults } = rulesOf(on);
  expect(rules).toBeNull();
  expect([...faults.upTo.perDayUpTo]).toEqual([[0, 'currency']]);
});

it.each(['0', '-1', '1.5', '1000001', 'many'])('refuses %s problems at once', (bulkProblems) => {
  const { rules, faults } = rulesOf({ ...typedRules(RULES), bulkProblems });
  expect(rules).toBeNull();
  expect(faults.bulkProblems).toBe(true);
});

it('takes an empty number of problems as no limit', () => {
  expect(rulesOf({ ...typedRules(RULES), bulkProblems: ' ' }).rules?.bulkProblems).toBeNull();
});
