import { describe, expect, it } from 'vitest';
import { ledgerFacts, type OrderPosting } from '../../src/pbap/ledger-facts.ts';

const NOW = new Date('2026-03-01T10:00:00Z');
let ids = 0;

function posting(kind: OrderPosting['kind'], changes: Partial<OrderPosting> = {}): OrderPosting {
  ids += 1;
  const gives = kind === 'credit' || kind === 'release' || kind === 'reversal';
  return {
    posting_id: String(ids),
    kind,
    debit_account: gives ? 'SYS:BANK:CZK' : kind === 'settle' ? 'SYS:HOLDS:CZK' : 'A1',
    credit_account: gives ? 'A1' : 'SYS:BANK:CZK',
    amount_minor: '700',
    currency: 'CZK',
    refers_to: null,
    ...changes,
  };
}
const answering = (kind: OrderPosting['kind'], to: OrderPosting, changes: Partial<OrderPosting> = {}) =>
  posting(kind, { refers_to: to.posting_id, ...changes });

const credit = posting('credit');
const debit = posting('debit');
const hold = posting('hold');
const credit2 = posting('credit');
const byHand = posting('manual', { debit_account: 'SYS:BANK:CZK', credit_account: 'A1' });
const takenByHand = posting('manual');

describe.each([
  ['recharge', 'one-shot', 'nothing', [], 'none'],
  ['recharge', 'one-shot', 'a credit', [credit], 'credited'],
  ['recharge', 'one-shot', 'a credit by hand', [byHand], 'credited'],
  ['recharge', 'one-shot', 'two credits', [credit, credit2], 'credited-twice'],
  ['recharge', 'one-shot', 'a credit and one by hand', [credit, byHand], 'credited-twice'],
  ['recharge', 'one-shot', 'a credit taken back', [credit, answering('reversal', credit)], 'reversed'],
  [
    'recharge',
    'one-shot',
    'two credits, one taken back',
    [credit, credit2, answering('reversal', credit2)],
    'credited',
  ],
  ['recharge', 'one-shot', 'a credit and a debit', [credit, debit], 'contradictory'],
  [
    'recharge',
    'one-shot',
    'half a reversal',
    [credit, answering('reversal', credit, { amount_minor: '350' })],
    'contradictory',
  ],
  ['withdraw', 'one-shot', 'nothing', [], 'none'],
  ['withdraw', 'one-shot', 'a debit', [debit], 'debited'],
  ['withdraw', 'one-shot', 'a debit by hand', [takenByHand], 'debited'],
  ['withdraw', 'one-shot', 'two debits', [debit, takenByHand], 'debited-twice'],
  ['withdraw', 'one-shot', 'a debit given back', [debit, answering('reversal', debit)], 'reversed'],
  ['withdraw', 'one-shot', 'a hold', [hold], 'contradictory'],
  ['withdraw', 'one-shot', 'a hold beside a debit', [hold, debit], 'contradictory'],
  ['withdraw', 'staged', 'nothing', [], 'none'],
  ['withdraw', 'staged', 'a hold', [hold], 'held'],
  ['withdraw', 'staged', 'a settled hold', [hold, answering('settle', hold)], 'settled'],
  ['withdraw', 'staged', 'a released hold', [hold, answering('release', hold)], 'released'],
  ['withdraw', 'staged', 'a hold beside a debit', [hold, debit], 'contradictory'],
  ['withdraw', 'staged', 'a settlement without a hold', [answering('settle', hold)], 'contradictory'],
  [
    'withdraw',
    'staged',
    'a settlement of another amount',
    [hold, answering('settle', hold, { amount_minor: '1' })],
    'contradictory',
  ],
  ['withdraw', 'staged', 'two holds', [hold, posting('hold')], 'debited-twice'],
  ['withdraw', 'staged', 'a debit', [debit], 'contradictory'],
  ['withdraw', 'staged', 'a debit by hand', [takenByHand], 'debited'],
] as const)('a %s (%s) with %s', (type, booking, _what, postings, state) => {
  it(`is ${state}`, () => {
    expect(ledgerFacts({ type, booking, accountNo: 'A1' }, postings, null, NOW).state).toBe(state);
  });
});

describe('the booking that counts', () => {
  it('is the one that stands, with its amount, account and id', () => {
    const first = posting('credit');
    const second = posting('credit', { amount_minor: '900', credit_account: 'A2' });
    const facts = ledgerFacts(
      { type: 'recharge', booking: 'one-shot', accountNo: 'A1' },
      [first, second, answering('reversal', first)],
      '77',
      NOW,
    );
    expect(facts).toMatchObject({
      state: 'credited',
      amountMinor: 900n,
      accountNo: 'A2',
      postingId: second.posting_id,
    });
    // A candidate matters only where nothing is booked.
    expect(facts.handBookedCandidate).toBeNull();
  });
});
