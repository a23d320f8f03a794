import { SEED_FIX_CODES } from '@piculus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BankFact, classify, type LedgerState, ORDER_STATUSES, type Verdict } from '../src/index.ts';
import { facts } from './support/facts.ts';

const YOUNG = { aged: false, covered: false };
const AGED = { aged: true, covered: true };

/** `ok`, `wait`, `wait!` where urgent, a scenario for a fix, `(scenario)` for a person, `S1>FAILED` for a status. */
function word(verdict: Verdict): string {
  if (verdict.kind === 'ok') return 'ok';
  if (verdict.kind === 'wait') return verdict.urgent ? 'wait!' : 'wait';
  const text = verdict.statusTo ? `${verdict.scenario}>${verdict.statusTo}` : verdict.scenario;
  return verdict.handling === 'person' ? `(${text})` : text;
}

// The whole matrix, by hand. Columns: silent and young | silent, aged and covered | unpaid-final | paid | gone back.
const RECHARGE = `
PROCESSING none      wait  C6           C6           C5          S1>REFUNDED
PROCESSING credited  (X1)  (X1)         (X1)         S1>SUCCESS  (X3)
PROCESSING credited-twice (X6) (X6)     (X6)         (X6)        (X6)
PROCESSING reversed  wait  S1>FAILED    S1>FAILED    (X8)        S1>FAILED
SUCCESS    none      wait  (X2)         (X2)         C1          S1>REFUNDED
SUCCESS    credited  wait  (X1)         (X1)         ok          (X3)
SUCCESS    credited-twice (X6) (X6)     (X6)         (X6)        (X6)
SUCCESS    reversed  wait  (S1>FAILED)  (S1>FAILED)  (X8)        S1>REFUNDED
FAILED     none      wait  ok           ok           C4          ok
FAILED     credited  wait  (X1)         (X1)         S1>SUCCESS  (X3)
FAILED     credited-twice (X6) (X6)     (X6)         (X6)        (X6)
FAILED     reversed  wait  ok           ok           (X8)        ok`;

const WITHDRAW_ONE_SHOT = `
PROCESSING none      wait  S2>FAILED    S2>FAILED    (X4)          S2>FAILED
PROCESSING debited   wait  C9           C9           C8            (X11)
PROCESSING debited-twice (X6) (X6)      (X6)         (X6)          (X6)
PROCESSING reversed  wait! S2>FAILED    S2>FAILED    (X5)          S2>FAILED
SUCCESS    none      wait  C2           C2           (X4)          S2>RETURNED
SUCCESS    debited   wait  C3           C3           ok            (X11)
SUCCESS    debited-twice (X6) (X6)      (X6)         (X6)          (X6)
SUCCESS    reversed  wait! (S2>FAILED)  (S2>FAILED)  (X5)          S2>RETURNED
FAILED     none      wait  ok           ok           (X4)          ok
FAILED     debited   wait  C7a          C7a          (S2>SUCCESS)  (X11)
FAILED     debited-twice (X6) (X6)      (X6)         (X6)          (X6)
FAILED     reversed  wait! ok           ok           (X5)          ok`;

const WITHDRAW_STAGED = `
PROCESSING none      wait  S2>FAILED    S2>FAILED    (X4)          S2>FAILED
PROCESSING held      wait  C9           C9           C8            (X11)
PROCESSING settled   wait  C9           C9           C8            (X11)
PROCESSING released  wait! S2>FAILED    S2>FAILED    (X5)          S2>FAILED
PROCESSING reversed  wait! S2>FAILED    S2>FAILED    (X5)          S2>FAILED
SUCCESS    none      wait  C2           C2           (X4)          S2>RETURNED
SUCCESS    held      wait  C3           C3           S2>SUCCESS    (X11)
SUCCESS    settled   wait  C3           C3           ok            (X11)
SUCCESS    released  wait! (S2>FAILED)  (S2>FAILED)  (X5)          S2>RETURNED
SUCCESS    reversed  wait! (S2>FAILED)  (S2>FAILED)  (X5)          S2>RETURNED
FAILED     none      wait  ok           ok           (X4)          ok
FAILED     held      wait  C7b          C7b          (S2>SUCCESS)  (C7b)
FAILED     settled   wait  (C7a)        (C7a)        (S2>SUCCESS)  (X11)
FAILED     released  wait! ok           ok           (X5)          ok
FAILED     reversed  wait! ok           ok           (X5)          ok`;

const COLUMNS = [
  ['non-final', YOUNG],
  ['non-final', AGED],
  ['unpaid-final', YOUNG],
  ['paid', YOUNG],
  ['back', YOUNG],
] as const;

const cells = (
  [
    ['recharge', 'one-shot', RECHARGE],
    ['recharge', 'staged', RECHARGE],
    ['withdraw', 'one-shot', WITHDRAW_ONE_SHOT],
    ['withdraw', 'staged', WITHDRAW_STAGED],
  ] as const
).flatMap(([type, booking, table]) =>
  table
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [status = '', ledger = '', ...words] = line.split(/\s+/);
      return COLUMNS.map(([bank, options], column) => ({
        type,
        booking,
        status,
        ledger: ledger as LedgerState,
        bank: (bank === 'back' ? (type === 'recharge' ? 'refunded' : 'returned') : bank) as BankFact,
        options,
        expected: words[column],
      }));
    }),
);

describe('the whole matrix', () => {
  it('has every cell', () => expect(cells.length).toBe((12 + 12 + 12 + 15) * 5));

  it.each(cells)('$type $booking $status $ledger, bank $bank ($options.aged): $expected', (cell) => {
    expect(word(classify(facts(cell), cell.options))).toBe(cell.expected);
    if (cell.bank !== 'unpaid-final') return;
    expect(word(classify(facts({ ...cell, bank: 'never-sent' }), cell.options))).toBe(cell.expected);
  });

  it.each(cells.filter((cell) => cell.expected?.startsWith('wait')))(
    'a silent bank needs age and cover: $type $booking $status $ledger',
    (cell) => {
      for (const options of [
        { aged: true, covered: false },
        { aged: false, covered: true },
      ]) {
        const verdict = classify(facts(cell), options);
        expect(verdict.kind).toBe('wait');
        const aged = classify(facts(cell), AGED);
        expect(verdict.kind === 'wait' && verdict.agedInto).toEqual(aged.kind === 'problem' ? aged : null);
      }
    },
  );
});

describe('anomalies that no cell can show', () => {
  const success = { status: 'SUCCESS', ledger: 'credited', bank: 'paid' } as const;
  const withdraw = { type: 'withdraw', booking: 'staged', status: 'PROCESSING', ledger: 'held' } as const;
  it.each([
    ['X21 unknown status', facts({ ...success, status: 'FROZEN' }), '(X21)'],
    ['X21 empty status', facts({ ...success, status: '' }), '(X21)'],
    ['X21 recharge RETURNED', facts({ ...success, status: 'RETURNED' }), '(X21)'],
    ['X21 withdraw REFUNDED', facts({ ...withdraw, status: 'REFUNDED' }), '(X21)'],
    ['X24 contradictory postings', facts({ ...withdraw, ledger: 'contradictory' }), '(X24)'],
    ['X24 debit on staged booking', facts({ ...withdraw, ledger: 'debited' }), '(X24)'],
    ['X24 hold on one-shot booking', facts({ ...withdraw, booking: 'one-shot' }), '(X24)'],
    ['X24 credit on a withdrawal', facts({ ...withdraw, ledger: 'credited' }), '(X24)'],
    ['X24 hold on a recharge', facts({ ...success, ledger: 'held' }), '(X24)'],
    ['X15 wrong account', facts(success, { ledger: { accountNo: 'A-2' } }), '(X15)'],
    ['X7 ledger amount', facts(success, { ledger: { amountMinor: 123n } }), '(X7)'],
    ['X7 ledger currency', facts(success, { ledger: { currency: 'USD' } }), '(X7)'],
    ['X7 bank amount', facts(success, { bank: { amountMinor: 1_230_000n } }), '(X7)'],
    ['X7 bank currency', facts(success, { bank: { currency: 'JPY' } }), '(X7)'],
    ['X7 partial return', facts({ ...withdraw, bank: 'returned' }, { bank: { amountMinor: 1n } }), '(X7)'],
    ['X7 paid with another amount is not C5', facts({}, { bank: { amountMinor: 1n } }), '(X7)'],
    ['X23 hold of another amount', facts(withdraw, { ledger: { amountMinor: 1n } }), '(X23)'],
    ['X9 payer paid twice', facts(success, { bank: { extraMovements: 1 } }), '(X9)'],
    ['X10 bank paid twice', facts({ ...withdraw, bank: 'paid' }, { bank: { extraMovements: 1 } }), '(X10)'],
    ['X22 closed account', facts({}, { order: { accountOpen: false } }), '(X22)'],
    [
      'X22 payee changed, C9',
      facts({ ...withdraw, bank: 'never-sent' }, { order: { currentCounterparty: 'other' } }),
      '(X22)',
    ],
    [
      'payee changed after the bank paid',
      facts({ ...withdraw, bank: 'paid' }, { order: { currentCounterparty: 'other' } }),
      'C8',
    ],
    ['C5 booked by hand, maybe', facts({}, { ledger: { handBookedCandidate: 'P-9' } }), '(C5)'],
    ['X20 refunded order, bank says paid', facts({ status: 'REFUNDED' }), '(X20)'],
    [
      'X3 refunded order, still credited',
      facts({ status: 'REFUNDED', ledger: 'credited', bank: 'refunded' }),
      '(X3)',
    ],
    [
      'returned order, given back',
      facts({ ...withdraw, status: 'RETURNED', ledger: 'released', bank: 'returned' }),
      'ok',
    ],
    [
      'X11 returned order, still settled',
      facts({ ...withdraw, status: 'RETURNED', ledger: 'settled', bank: 'returned' }),
      '(X11)',
    ],
  ])('%s', (_name, given, expected) => expect(word(classify(given, AGED))).toBe(expected));
});

describe('filing', () => {
  it.each([
    [{ status: 'SUCCESS' }, 'interRechargeFixServiceImpl'],
    [{ status: 'FAILED' }, 'rechargeFailedFixServiceImpl'],
    [{ status: 'PROCESSING' }, 'rechargeTimeoutFixServiceImpl'],
    [{ status: 'NOBODY-KNOWS' }, 'rechargeTimeoutFixServiceImpl'],
    [{ type: 'withdraw', status: 'SUCCESS', bank: 'never-sent' }, 'interWithdrawFixServiceImpl'],
    [
      { type: 'withdraw', status: 'SUCCESS', ledger: 'debited', bank: 'never-sent' },
      'interWithdrawAccFixServiceImpl',
    ],
    [
      { type: 'withdraw', status: 'FAILED', ledger: 'debited', bank: 'never-sent' },
      'withdrawFailedFixServiceImpl',
    ],
    [
      { type: 'withdraw', booking: 'staged', status: 'FAILED', ledger: 'held', bank: 'never-sent' },
      'withdrawFailedAccFixServiceImpl',
    ],
    [{ type: 'withdraw', status: 'PROCESSING', ledger: 'debited' }, 'withdrawTimeoutFixServiceImpl'],
    [{ type: 'withdraw', status: '???' }, 'withdrawTimeoutFixServiceImpl'],
  ] as const)('%o goes to %s', (cell, fixCode) => {
    const verdict = classify(facts(cell), AGED);
    expect(verdict.kind === 'problem' && verdict.fixCode).toBe(fixCode);
  });
});

describe('properties', () => {
  const anyFacts = fc
    .record({
      type: fc.constantFrom('recharge', 'withdraw'),
      booking: fc.constantFrom('one-shot', 'staged'),
      status: fc.constantFrom(...ORDER_STATUSES, 'odd', ''),
      ledger: fc.constantFrom<LedgerState>(
        ...(['none', 'credited', 'credited-twice', 'debited', 'debited-twice'] as const),
        ...(['held', 'settled', 'released', 'reversed', 'contradictory'] as const),
      ),
      bank: fc.constantFrom<BankFact>(
        'paid',
        'unpaid-final',
        'never-sent',
        'returned',
        'refunded',
        'non-final',
      ),
      amount: fc.constantFrom(null, 12_300n, 1n),
      ledgerAmount: fc.constantFrom(12_300n, 123n),
      open: fc.boolean(),
      payee: fc.constantFrom('6222-1', 'other'),
      extra: fc.constantFrom(0, 0, 1),
      aged: fc.boolean(),
      covered: fc.boolean(),
    })
    .map((x) => ({
      given: facts(x as Parameters<typeof facts>[0], {
        order: { accountOpen: x.open, currentCounterparty: x.payee },
        ledger: x.ledger === 'none' ? {} : { amountMinor: x.ledgerAmount },
        bank: { amountMinor: x.amount, extraMovements: x.extra },
      }),
      options: { aged: x.aged, covered: x.covered },
    }));

  it('is total, and never hands a silent bank to a fix before it is aged and covered', () => {
    fc.assert(
      fc.property(anyFacts, ({ given, options }) => {
        const verdict = classify(given, options);
        expect(['ok', 'wait', 'problem']).toContain(verdict.kind);
        if (verdict.kind !== 'problem') return;
        if (given.bank.fact === 'non-final' && !(options.aged && options.covered)) {
          expect(verdict.handling).toBe('person');
        }
        if (verdict.handling === 'fix') {
          const repaired: readonly string[] = SEED_FIX_CODES[verdict.fixCode];
          expect(verdict.statusTo !== undefined || repaired.includes(verdict.scenario)).toBe(true);
          expect(given.order.accountOpen).toBe(true);
        }
      }),
      { numRuns: 20_000 },
    );
  });
});
