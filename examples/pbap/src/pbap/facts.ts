/** Turns rows into the facts of the three sides. Pure. */
import type {
  BankFacts,
  LedgerFacts,
  OrderFacts,
  OrderType,
  ScannedOrder,
  StandingDecision,
} from '@piculus/repairs';
import { asDecision } from './decision.ts';
import { ledgerFacts } from './ledger-facts.ts';
import { requestNo } from './normal-path.ts';
import type { LedgerRow, OrderFactsRow, OrderRow, StatementLine, StatementRow } from './store/order-facts.ts';

export function orderFactsOf(row: OrderRow, observedAt: Date): OrderFacts {
  return {
    orderNo: row.order_no,
    type: row.type,
    booking: row.booking,
    status: row.status,
    version: row.version,
    accountNo: row.account_no,
    accountOpen: row.account_status === 'open',
    amountMinor: BigInt(row.amount_minor),
    currency: row.currency,
    counterparty: row.counterparty,
    currentCounterparty: row.current_counterparty,
    requestNo: numberOf(row),
    requestAttempt: attemptOf(row),
    createdAt: row.created_at,
    observedAt,
  };
}

type Numbered = Pick<OrderRow, 'order_no' | 'request_no' | 'attempt'>;
const attemptOf = ({ attempt }: Numbered): number => attempt ?? 1;
/** The number under which the bank knows the order, or would: where nothing was queued yet, the one that comes first. */
const numberOf = (row: Numbered): string => row.request_no ?? requestNo(row.order_no, attemptOf(row));

export function ledgerFactsOf(row: LedgerRow, observedAt: Date): LedgerFacts {
  return ledgerFacts(
    { type: row.type, booking: row.booking, accountNo: row.account_no },
    row.postings,
    row.hand_booked,
    observedAt,
  );
}

/** What the imported statement says: it can show that money moved, never that none will. */
export function statementFacts(
  type: OrderType,
  lines: readonly StatementLine[],
  fallbackRequestNo: string,
  observedAt: Date,
): BankFacts {
  const wanted = type === 'recharge' ? 'collect' : 'payout';
  const back = type === 'recharge' ? 'refund' : 'return';
  const moved = lines.filter((line) => line.kind === wanted);
  const given = lines.filter((line) => line.kind === back);
  // Lines of a kind that this type of order cannot have count as further movements, so that somebody looks.
  const strange = lines.length - moved.length - given.length;
  const first = moved[0] ?? lines[0];
  const base = { source: 'statement', receivedAt: null, observedAt } as const;
  if (first === undefined) {
    return {
      ...base,
      fact: 'non-final',
      answer: 'no line',
      requestNo: fallbackRequestNo,
      amountMinor: null,
      currency: null,
      extraMovements: 0,
    };
  }
  const allBack = given.length > 0 && given.length >= moved.length;
  return {
    ...base,
    fact: !allBack ? 'paid' : type === 'recharge' ? 'refunded' : 'returned',
    answer: lines.map((line) => line.kind).join(', '),
    requestNo: first.request_no,
    amountMinor: BigInt(first.amount_minor),
    currency: first.currency,
    extraMovements: Math.max(0, moved.length - 1) + strange,
  };
}

export function statementFactsOf(row: StatementRow, observedAt: Date): BankFacts {
  return statementFacts(row.type, row.lines, numberOf(row), observedAt);
}

export function scannedOrderOf(row: OrderFactsRow, observedAt: Date): ScannedOrder {
  return {
    order: orderFactsOf(row, observedAt),
    ledger: ledgerFactsOf(row, observedAt),
    statement: statementFactsOf(row, observedAt),
    decision: decisionOf(row),
    changedAt: row.updated_at,
  };
}

function decisionOf(row: OrderFactsRow): StandingDecision | null {
  if (row.decision === null || row.decision_command === null) return null;
  return { decision: asDecision(row.decision), commandKey: row.decision_command };
}
