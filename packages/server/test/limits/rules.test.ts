/** What limits and breakers say to figures. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAREFUL_BREAKER, fitting, mayGoOn, tripped, UNLIMITED } from '../../src/limits/rules.ts';
import type { BreakerFigures } from '../../src/store/report-counts.ts';
import { NOTHING_USED, type Used } from '../../src/store/unattended-counts.ts';

const QUIET: BreakerFigures = { reports: 0, usualReports: 10, finished: 0, failed: 0, contradictions: 0 };

describe('a breaker', () => {
  it.each([
    ['five times the usual rate and more', { reports: 51 }, 'report-rate'],
    ['exactly five times', { reports: 50 }, null],
    ['a jump of few', { reports: 40, usualReports: 1 }, null],
    ['a first day', { reports: 5_000, usualReports: null }, null],
    ['a jump from nothing', { reports: 50, usualReports: 0 }, 'report-rate'],
    ['half of twenty', { finished: 20, failed: 10 }, 'failure-share'],
    ['less than half', { finished: 21, failed: 10 }, null],
    ['all of a few', { finished: 19, failed: 19 }, null],
    ['a third contradiction', { contradictions: 3 }, 'contradictions'],
    ['two contradictions', { contradictions: 2 }, null],
  ] as const)('%s', (_name, seen, cause) => {
    expect(tripped(CAREFUL_BREAKER, { ...QUIET, ...seen })?.cause ?? null).toBe(cause);
  });

  it('judges nothing where it is not set', () => {
    const bad = { reports: 9_999, usualReports: 0, finished: 99, failed: 99, contradictions: 99 };
    expect(tripped(null, bad)).toBeNull();
    const off = { ...CAREFUL_BREAKER, reportTimes: null, failurePercent: null, contradictionsMax: null };
    expect(tripped(off, bad)).toBeNull();
  });
});

const currency = fc.constantFrom('CNY', 'USD', 'JPY');
const amount = fc.bigInt(1n, 1_000n).map(String);
const items = fc.array(fc.record({ currency, amountMinor: amount }), { maxLength: 40 });
const settings = fc.record({
  executionsPerHour: fc.option(fc.integer({ min: 1, max: 20 })),
  amountsPerHour: fc.uniqueArray(fc.record({ currency, amountMinor: fc.bigInt(1n, 5_000n).map(String) }), {
    selector: (row) => row.currency,
  }),
  breaker: fc.constant(null),
  canary: fc.constant(0),
});
const used: fc.Arbitrary<Used> = fc.record({
  executions: fc.integer({ min: 0, max: 20 }),
  amounts: fc.array(fc.tuple(currency, fc.bigInt(0n, 5_000n))).map((rows) => new Map(rows)),
});

describe('what fits under a limit', () => {
  it('is the longest run that passes no limit', () => {
    fc.assert(
      fc.property(settings, used, items, (limit, before, wanted) => {
        const { count, reached } = fitting(limit, before, wanted);
        const passes = (some: typeof wanted): boolean => {
          if (limit.executionsPerHour !== null && some.length > 0)
            if (before.executions + some.length > limit.executionsPerHour) return false;
          return limit.amountsPerHour.every((row) => {
            const own = some.filter((item) => item.currency === row.currency);
            const sum = own.reduce((total, item) => total + BigInt(item.amountMinor), 0n);
            return (
              own.length === 0 || (before.amounts.get(row.currency) ?? 0n) + sum <= BigInt(row.amountMinor)
            );
          });
        };
        expect(passes(wanted.slice(0, count))).toBe(true);
        expect(reached === null).toBe(count === wanted.length);
        if (count < wanted.length) expect(passes(wanted.slice(0, count + 1))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('goes on where there is room for what it waited for, and not each minute', () => {
    const limit = { ...UNLIMITED, executionsPerHour: 10 };
    const after = (executions: number): boolean => mayGoOn(limit, { ...NOTHING_USED, executions }, {});
    expect([10, 9, 6, 5, 0].map(after)).toEqual([false, false, false, true, true]);
    expect(mayGoOn({ ...UNLIMITED, executionsPerHour: 1 }, NOTHING_USED, {})).toBe(true);
    const money = { ...UNLIMITED, amountsPerHour: [{ currency: 'CNY', amountMinor: '100' }] };
    const spent = (minor: bigint) => ({ executions: 1, amounts: new Map([['CNY', minor]]) });
    expect(mayGoOn(money, spent(40n), { currency: 'CNY', needed: '70' })).toBe(false);
    expect(mayGoOn(money, spent(30n), { currency: 'CNY', needed: '70' })).toBe(true);
    expect(mayGoOn(money, spent(50n), { currency: 'CNY', needed: '700' })).toBe(true);
  });

  it('ends for what reached it, once it may go on', () => {
    fc.assert(
      fc.property(settings, items, (limit, wanted) => {
        const { reached } = fitting(limit, NOTHING_USED, wanted);
        if (reached === null) return;
        expect(mayGoOn(limit, NOTHING_USED, reached.figures)).toBe(true);
      }),
    );
  });
});
