import { LIMITS, type Facts } from '@piculus/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPersonalFields, maskFacts as maskByTable, personalTable } from '../../src/masking/facts.ts';
import { maskValue, NOTHING_PERSONAL, scrubText } from '../../src/masking/mask.ts';
import { boundText, storable } from '../../src/masking/text.ts';

const maskFacts = (facts: Facts, fields: readonly string[]) => maskByTable(facts, personalTable(fields));
const side = (fields: Facts['order']['fields']): Facts['order'] => ({
  state: 'SUCCESS',
  source: 'query',
  observedAt: '2026-01-02T03:04:05.000Z',
  fields,
});
const factsWith = (order: Facts['order']['fields'], bank: Facts['order']['fields'] = {}): Facts => ({
  order: side(order),
  ledger: side({}),
  bank: side(bank),
});

/** Whether the text has seven consecutive digits of the value. */
function tells(text: string, value: string): boolean {
  const digits = value.replace(/\D/g, '');
  for (let start = 0; start + 7 <= digits.length; start += 1) {
    if (text.includes(digits.slice(start, start + 7))) return true;
  }
  return false;
}

describe('masking', () => {
  test.each([
    ['6222021234567890123', '***0123'],
    ['13800138000', '***8000'],
    ['张三丰', '***'],
    ['ada@b.c', '***.c'],
    ['', '***'],
  ])('%s becomes %s', (value, masked) => expect(maskValue(value)).toBe(masked));

  test('10,000 canaries never leave with seven of their digits', () => {
    const orderNo = 'R20261122000001';
    // Digits of the order number leave with it anyway, so they are no secret to find.
    const digits = fc.stringMatching(/^[0-9]{7,24}$/).filter((canary) => !tells(orderNo, canary));
    const around = fc.string({ unit: 'binary', maxLength: 20 });
    const property = fc.property(
      digits,
      around,
      around,
      fc.integer({ min: 0, max: 17 }),
      (canary, before, after, cut) => {
        const spaced = canary.replace(/(.{4})/g, '$1 ');
        const facts = factsWith(
          { payee: canary, note: `${before}${canary}${after}` },
          { answer: `${before}${spaced}${after}`, piece: canary.slice(cut), account: canary },
        );
        const masked = maskFacts(facts, ['payee', 'bank.account']);
        const reason = scrubText(
          `${before}${canary}${after} ${canary.slice(cut)}`,
          masked.personal,
          masked.harmless,
        );
        const thrown = scrubText(`${before}${canary}${after}`, NOTHING_PERSONAL, [orderNo]);
        for (const text of [JSON.stringify(masked.facts), reason, thrown])
          expect(tells(text, canary)).toBe(false);
      },
    );
    fc.assert(property, { numRuns: 10_000 });
  });

  test('a declared field on one side is masked there alone', () => {
    const { facts } = maskFacts(
      factsWith({ counterparty: '工商银行 622202' }, { counterparty: '建设银行 955880' }),
      ['order.counterparty'],
    );
    expect(facts.order.fields.counterparty).toBe('***2202');
    expect(facts.bank.fields.counterparty).toBe('建设银行 955880');
  });

  test('a name is hidden in the other facts and in texts', () => {
    const masked = maskFacts(factsWith({ payee: '欧阳锋' }, { answer: '收款人 欧阳锋 不存在' }), ['payee']);
    expect(JSON.stringify(masked.facts)).not.toContain('欧阳锋');
    expect(scrubText('payee 欧阳锋 changed', masked.personal, [])).toBe('payee *** changed');
  });

  test('order numbers, facts that leave anyway, dates and short numbers stay readable', () => {
    const text =
      'order R20261122000001 of 2026-11-22 10:00:00, request 88000000001, 1234 rows, card 6222 0212 3456 7890';
    expect(scrubText(text, NOTHING_PERSONAL, ['R20261122000001', '88000000001'])).toBe(
      'order R20261122000001 of 2026-11-22 10:00:00, request 88000000001, 1234 rows, card ***7890',
    );
  });

  test('a number that hides in the order number is still hidden where it is personal', () => {
    const masked = maskFacts(factsWith({ payee: '13800138000' }), ['payee']);
    expect(scrubText('phone 13800138000', masked.personal, ['R13800138000'])).toBe('phone ***8000');
  });

  test('texts are bounded and storable', () => {
    expect(boundText(`a\u0000b\ud800c`, 10)).toBe('a b\ufffdc');
    const long = boundText('🐦'.repeat(LIMITS.reasonLength), LIMITS.reasonLength);
    expect(long.length).toBeLessThanOrEqual(LIMITS.reasonLength);
    expect(long.isWellFormed()).toBe(true);
  });

  test('a wrong field name is refused and named', () => {
    expect(() => checkPersonalFields(['payee', 'order.counterparty'], 'personal')).not.toThrow();
    for (const field of ['', 'order.', 'purse.payee', 'order.a.b']) {
      expect(() => checkPersonalFields([field], 'personal')).toThrow(`personal: "${field}"`);
    }
  });
});

test('what is looked at first finds every character that cannot be stored', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
  );
  fc.assert(
    fc.property(text, (given) => {
      expect(storable(given)).toBe(given.toWellFormed().replace(/\p{Cc}+/gu, ' '));
    }),
    { numRuns: 2_000 },
  );
  expect(storable('a\u0000b\ud83dc😀')).toBe('a b\ufffdc😀');
});
