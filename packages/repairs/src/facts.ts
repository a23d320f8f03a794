/**
 * The facts of the three sides of a payment. Nothing in here reads or writes anything.
 * Source: docs/repairs.md.
 */

export type OrderType = 'recharge' | 'withdraw';
/** How a withdrawal is booked: at once (一次性记账), or held and then settled (分段式记账). */
export type Booking = 'one-shot' | 'staged';
/** `REFUNDED` and `RETURNED` are ends of their own: the money went back. Anything else is X21. */
export const ORDER_STATUSES = ['PROCESSING', 'SUCCESS', 'FAILED', 'REFUNDED', 'RETURNED'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export interface OrderFacts {
  readonly orderNo: string;
  readonly type: OrderType;
  readonly booking: Booking;
  /** As stored; may be a word that nobody knows. */
  readonly status: OrderStatus | (string & {});
  readonly version: number;
  readonly accountNo: string;
  readonly accountOpen: boolean;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** The payee (withdraw) or payer (recharge) as it was when the order was placed. */
  readonly counterparty: string;
  /** The counterparty that the account has now; differs after a change of bank card. */
  readonly currentCounterparty: string;
  /** Number of the latest request to the bank, and which attempt it was (1 for the first). */
  readonly requestNo: string;
  readonly requestAttempt: number;
  readonly createdAt: Date;
  readonly observedAt: Date;
}

export type LedgerState =
  | 'none'
  /** Recharge. */
  | 'credited'
  | 'credited-twice'
  /** Withdraw, one-shot. */
  | 'debited'
  | 'debited-twice'
  /** Withdraw, staged. */
  | 'held'
  | 'settled'
  | 'released'
  /** Either, taken back by a reversal. */
  | 'reversed'
  /** Postings that no path of booking can leave behind, for instance a hold beside a debit. */
  | 'contradictory';

export interface LedgerFacts {
  readonly state: LedgerState;
  /** Of the booking that counts (the credit, the debit or the hold); null where there is none. */
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
  readonly accountNo: string | null;
  /** Id of the booking that a reversal, settlement or release refers to: the debit, or the hold. */
  readonly postingId: string | null;
  /** A posting without an order reference, same account, amount and day: maybe this order booked by hand. */
  readonly handBookedCandidate: string | null;
  readonly observedAt: Date;
}

/** What the bank did with a request, never a boolean. */
export type BankFact = 'paid' | 'unpaid-final' | 'never-sent' | 'returned' | 'refunded' | 'non-final';

export interface BankFacts {
  readonly fact: BankFact;
  /** Where the fact is from: the imported statement, a query just now, a close, our own outbox. */
  readonly source: 'statement' | 'query' | 'close' | 'outbox';
  /** The bank's own word, for people. */
  readonly answer: string;
  readonly requestNo: string;
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
  /** Movements of this order at the bank beyond the first, for X9 and X10. */
  readonly extraMovements: number;
  /** When the bank received the request; horizons count from here. Null where it does not say. */
  readonly receivedAt: Date | null;
  readonly observedAt: Date;
}

export interface PaymentFacts {
  readonly order: OrderFacts;
  readonly ledger: LedgerFacts;
  readonly bank: BankFacts;
}
