import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  currencyExponent,
  currencySchema,
  formatDecimalAmount,
  minorSchema,
  parseDecimalAmount,
  positiveMinorSchema,
} from '../src/index.ts';

const currency = fc.constantFrom('CNY', 'USD', 'JPY', 'KWD', 'EUR', 'XXX');
/** What fits into the 18 digits of the wire, and so into the 15 whole digits that are read. */
const minor = fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n });

describe('money', () => {
  it('is written and read back without loss, in every currency', () => {
    fc.assert(
      fc.property(minor, currency, (amount, code) => {
        expect(parseDecimalAmount(formatDecimalAmount(amount, code), code)).toBe(amount);
      }),
    );
  });

  it('adds the same in minor units as the decimals do by hand', () => {
    fc.assert(
      fc.property(fc.array(minor, { maxLength: 20 }), currency, (amounts, code) => {
        const direct = amounts.reduce((sum, amount) => sum + amount, 0n);
        const viaText = amounts
          .map((a) => parseDecimalAmount(formatDecimalAmount(a, code), code))
          .reduce((s, a) => s + a, 0n);
        expect(viaText).toBe(direct);
      }),
    );
  });

  it('has one spelling for each amount', () => {
    fc.assert(
      fc.property(minor, minor, currency, (a, b, code) => {
        expect(formatDecimalAmount(a, code) === formatDecimalAmount(b, code)).toBe(a === b);
      }),
    );
  });

  it('never reads what is not a plain decimal of that currency', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 24 }), currency, (text, code) => {
        const plain = new RegExp(`^-?[0-9]{1,15}(\\.[0-9]{1,${Math.max(1, currencyExponent(code))}})?$`);
        const allowed = currencyExponent(code) === 0 ? /^-?[0-9]{1,15}$/.test(text) : plain.test(text);
        if (allowed) expect(typeof parseDecimalAmount(text, code)).toBe('bigint');
        else expect(() => parseDecimalAmount(text, code)).toThrow(RangeError);
      }),
    );
  });

  it.each([
    ['700.00', 'CNY', 70_000n],
    ['700', 'CNY', 70_000n],
    ['0.05', 'CNY', 5n],
    ['-0.05', 'CNY', -5n],
    ['700', 'JPY', 700n],
    ['1.234', 'KWD', 1_234n],
    ['999999999999999.99', 'USD', 99_999_999_999_999_999n],
  ] as const)('reads %s %s', (text, code, expected) => {
    expect(parseDecimalAmount(text, code)).toBe(expected);
  });

  it.each([
    ['7.001', 'CNY'],
    ['7.0', 'JPY'],
    ['1e3', 'CNY'],
    ['1,000.00', 'CNY'],
    ['', 'CNY'],
    ['.5', 'CNY'],
    ['5.', 'CNY'],
    ['+5', 'CNY'],
    ['٥', 'CNY'],
    [' 5', 'CNY'],
    ['NaN', 'CNY'],
  ] as const)('refuses %j %s', (text, code) => {
    expect(() => parseDecimalAmount(text, code)).toThrow(RangeError);
  });

  it('takes only whole minor units on the wire', () => {
    for (const good of ['0', '1', '-1', '999999999999999999'])
      expect(minorSchema.safeParse(good).success).toBe(true);
    for (const bad of ['-0', '01', '1.0', '1e3', '', ' 1', '9'.repeat(20), 1, null]) {
      expect(minorSchema.safeParse(bad).success).toBe(false);
    }
    for (const bad of ['0', '-1', '9'.repeat(19)])
      expect(positiveMinorSchema.safeParse(bad).success).toBe(false);
    expect(currencySchema.safeParse('CNY').success).toBe(true);
    for (const bad of ['cny', 'CN', 'CNYX', '']) expect(currencySchema.safeParse(bad).success).toBe(false);
  });
});
