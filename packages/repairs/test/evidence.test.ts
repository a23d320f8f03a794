import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BankAnswer, BankAnswerCode, OutboxEntry } from '../src/index.ts';
import { bankFacts } from '../src/shared/evidence.ts';
import { AT, facts } from './support/facts.ts';

function answer(code: BankAnswerCode, change: Partial<BankAnswer> = {}): BankAnswer {
  return {
    code,
    detail: '',
    amountMinor: 12_300n,
    currency: 'CNY',
    receivedAt: null,
    observedAt: AT,
    ...change,
  };
}
const withdraw = facts({ type: 'withdraw' }).order;
const recharge = facts({}).order;
const entry = (state: OutboxEntry['state']): OutboxEntry => ({
  requestNo: 'O-1-1',
  attempt: 1,
  state,
  sentAt: null,
});
const proof = facts({ bank: 'unpaid-final' }, { bank: { source: 'close' } }).bank;

describe('what a bank answer amounts to', () => {
  it.each([
    ['PAID', 'paid'],
    ['FAILED', 'unpaid-final'],
    ['CLOSED', 'unpaid-final'],
    ['RETURNED', 'returned'],
    ['REFUNDED', 'refunded'],
    ['PROCESSING', 'non-final'],
    ['NOT_FOUND', 'non-final'],
    ['UNCLEAR', 'non-final'],
  ] as const)('%s is %s', (code, fact) => {
    const given = { order: withdraw, answer: answer(code), outbox: [entry('sent')], proof: null };
    expect(bankFacts(given).fact).toBe(fact);
    expect(bankFacts({ ...given, order: recharge }).fact).toBe(fact);
  });

  it('proves nothing without an amount and a currency', () => {
    for (const change of [{ amountMinor: null }, { currency: null }]) {
      const given = { order: withdraw, answer: answer('PAID', change), outbox: [], proof: null };
      expect(bankFacts(given).fact).toBe('non-final');
    }
  });

  it('is never-sent only where nothing of ours may have left, and never for what a payer sends', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('queued', 'sending', 'sent', 'stopped'), { maxLength: 3 }),
        (states) => {
          const given = { answer: answer('NOT_FOUND'), outbox: states.map(entry), proof: null };
          const left = states.includes('sending') || states.includes('sent');
          expect(bankFacts({ ...given, order: withdraw }).fact).toBe(left ? 'non-final' : 'never-sent');
          expect(bankFacts({ ...given, order: recharge }).fact).toBe('non-final');
        },
      ),
    );
  });

  it('takes the stored proof where the bank is silent, and the bank where it speaks', () => {
    const given = { order: withdraw, outbox: [entry('sent')], proof };
    for (const code of ['NOT_FOUND', 'UNCLEAR'] as const) {
      expect(bankFacts({ ...given, answer: answer(code) })).toMatchObject({
        fact: 'unpaid-final',
        source: 'close',
      });
    }
    expect(bankFacts({ ...given, answer: answer('PAID') }).fact).toBe('paid');
  });
});
