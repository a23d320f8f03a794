import type { LimitSettings } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';
import {
  amountUses,
  percentOf,
  settingsOf,
  type TypedLimits,
  typedOf,
} from '../../src/pages/limits/limit-values.ts';

const UNLIMITED: LimitSettings = { executionsPerHour: null, amountsPerHour: [], breaker: null, canary: 0 };
const CAREFUL: LimitSettings = {
  executionsPerHour: 20,
  amountsPerHour: [
    { currency: 'CNY', amountMinor: '5000000' },
    { currency: 'JPY', amountMinor: '300' },
    { currency: 'KWD', amountMinor: '1234' },
  ],
  breaker: {
    reportTimes: 1.5,
    reportMin: 50,
    failurePercent: null,
    failureMin: 20,
    contradictionsMax: 0,
  },
  canary: 3,
};

const withNumbers = (part: Partial<TypedLimits['numbers']>, breaker = true): TypedLimits => {
  const typed = typedOf(UNLIMITED);
  return { ...typed, breaker, numbers: { ...typed.numbers, ...part } };
};
const amounts = (...lines: readonly (readonly [string, string])[]): TypedLimits => ({
  ...typedOf(UNLIMITED),
  amounts: lines.map(([currency, amount], key) => ({ key, currency, amount })),
});

describe('what is typed', () => {
  it.each([UNLIMITED, CAREFUL])('is what is kept where nothing was changed', (settings) => {
    expect(settingsOf(typedOf(settings)).settings).toEqual(settings);
  });

  it('says nothing of what is empty, but for what another figure needs', () => {
    const { settings } = settingsOf(
      withNumbers({ reportTimes: '', failurePercent: ' ', contradictionsMax: '' }),
    );
    expect(settings?.breaker).toMatchObject({
      reportTimes: null,
      failurePercent: null,
      contradictionsMax: null,
    });
    for (const field of ['reportMin', 'failureMin', 'canary'] as const) {
      const { settings: none, faults } = settingsOf(withNumbers({ [field]: '' }));
      expect(none).toBeNull();
      expect([...faults.numbers]).toEqual([field]);
    }
  });

  it.each([
    ['executionsPerHour', '0'],
    ['executionsPerHour', '1.5'],
    ['executionsPerHour', '-3'],
    ['executionsPerHour', '1000001'],
    ['reportTimes', '1.4'],
    ['failurePercent', '101'],
    ['canary', '1e3'],
  ] as const)('is refused at %s where it is %s', (field, text) => {
    const { settings, faults } = settingsOf(withNumbers({ [field]: text }));
    expect(settings).toBeNull();
    expect([...faults.numbers]).toEqual([field]);
  });

  it('of a breaker that is off is not judged', () => {
    expect(settingsOf(withNumbers({ reportMin: 'x' }, false)).settings?.breaker).toBeNull();
  });

  it('of amounts is in the units of each currency', () => {
    const { settings } = settingsOf(amounts(['cny', '1,234.5'], ['', ' '], ['JPY', '70']));
    expect(settings?.amountsPerHour).toEqual([
      { currency: 'CNY', amountMinor: '123450' },
      { currency: 'JPY', amountMinor: '70' },
    ]);
  });

  it('of amounts is refused at its line', () => {
    const { settings, faults } = settingsOf(
      amounts(['CNY', '1'], ['CNY', '2'], ['XX', '3'], ['USD', '0'], ['EUR', '1.234'], ['GBP', '']),
    );
    expect(settings).toBeNull();
    expect([...faults.amounts]).toEqual([
      [1, 'twice'],
      [2, 'currency'],
      [3, 'amount'],
      [4, 'amount'],
      [5, 'amount'],
    ]);
  });
});

it('shows the use of each limited currency, then what else was used', () => {
  const used = {
    executions: 1,
    amounts: [
      { currency: 'USD', amountMinor: '7' },
      { currency: 'CNY', amountMinor: '10' },
    ],
  };
  const settings = { ...UNLIMITED, amountsPerHour: [{ currency: 'CNY', amountMinor: '40' }] };
  expect(amountUses({ settings, used })).toEqual([
    { currency: 'CNY', used: '10', limit: '40' },
    { currency: 'USD', used: '7', limit: null },
  ]);
  expect(percentOf('10', '40')).toBe(25);
  expect(percentOf('50', '40')).toBe(100);
  expect(percentOf('1', '99999999999999999999')).toBe(0);
});
