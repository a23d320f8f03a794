import type {
  BankFact,
  BankFacts,
  LedgerFacts,
  LedgerState,
  OrderFacts,
  PaymentFacts,
} from '../../src/index.ts';

export const AT = new Date('2026-03-01T12:00:00Z');

export interface Cell {
  readonly type?: OrderFacts['type'];
  readonly booking?: OrderFacts['booking'];
  readonly status?: string;
  readonly ledger?: LedgerState;
  readonly bank?: BankFact;
}

/** Facts of one cell, with amounts and accounts that agree. */
export function facts(
  cell: Cell,
  change: { order?: Partial<OrderFacts>; ledger?: Partial<LedgerFacts>; bank?: Partial<BankFacts> } = {},
): PaymentFacts {
  const {
    type = 'recharge',
    booking = 'one-shot',
    status = 'PROCESSING',
    ledger = 'none',
    bank = 'paid',
  } = cell;
  const booked = ledger !== 'none';
  return {
    order: {
      orderNo: 'O-1',
      type,
      booking,
      status,
      version: 3,
      accountNo: 'A-1',
      accountOpen: true,
      amountMinor: 12_300n,
      currency: 'CNY',
      counterparty: '6222-1',
      currentCounterparty: '6222-1',
      requestNo: 'O-1-1',
      requestAttempt: 1,
      createdAt: AT,
      observedAt: AT,
      ...change.order,
    },
    ledger: {
      state: ledger,
      amountMinor: booked ? 12_300n : null,
      currency: booked ? 'CNY' : null,
      accountNo: booked ? 'A-1' : null,
      postingId: booked ? 'P-1' : null,
      handBookedCandidate: null,
      observedAt: AT,
      ...change.ledger,
    },
    bank: {
      fact: bank,
      source: 'query',
      answer: bank,
      requestNo: 'O-1-1',
      amountMinor: bank === 'paid' ? 12_300n : null,
      currency: bank === 'paid' ? 'CNY' : null,
      extraMovements: 0,
      receivedAt: null,
      observedAt: AT,
      ...change.bank,
    },
  };
}
