/** What chosen problems come to. */
import type { Problem } from '@piculus/protocol/http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canRun, sumAmounts, sumUp } from '../../src/parts/chosen.ts';

const problem = (over: Partial<Problem> = {}) => ({
  state: 'pending' as const,
  waitReason: 'manual' as const,
  amountMinor: '100',
  currency: 'CNY',
  ...over,
});

describe('chosen problems', () => {
  it('are added up by currency, beyond what a float holds', () => {
    const { amounts, count } = sumUp([
      problem({ amountMinor: '900719925474099301' }),
      problem({ amountMinor: '2' }),
      problem({ amountMinor: '5', currency: 'USD' }),
    ]);
    expect(count).toBe(3);
    expect(amounts).toEqual([
      { currency: 'CNY', amountMinor: '900719925474099303' },
      { currency: 'USD', amountMinor: '5' },
    ]);
  });

  it('come to the same in any order', () => {
    const row = fc.record({
      currency: fc.constantFrom('CNY', 'USD', 'JPY'),
      amountMinor: fc.bigInt({ min: 0n, max: 10n ** 18n }).map(String),
    });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        expect(sumAmounts([...rows].reverse())).toEqual(sumAmounts(rows));
      }),
    );
  });

  it('need a reason where one of them has gone to a person', () => {
    expect(sumUp([problem()]).reasonNeeded).toBe(false);
    expect(sumUp([problem(), problem({ state: 'exhausted', waitReason: null })]).reasonNeeded).toBe(true);
    expect(sumUp([problem({ state: 'needs-human', waitReason: null })]).reasonNeeded).toBe(true);
  });

  it('tell how many cannot run as they are', () => {
    const rows = [
      problem(),
      problem({ state: 'fixed', waitReason: null }),
      problem({ state: 'executing', waitReason: null }),
      problem({ waitReason: 'no-solution' }),
      problem({ waitReason: 'disabled' }),
      problem({ state: 'exhausted', waitReason: null }),
    ];
    const { notEligible, eligible } = sumUp(rows);
    expect(notEligible).toBe(4);
    expect(eligible).toEqual({ count: 2, amounts: [{ currency: 'CNY', amountMinor: '200' }] });
    expect(rows.map(canRun)).toEqual([true, false, false, false, false, true]);
  });
});
