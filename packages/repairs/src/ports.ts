/**
 * The ports a payment system implements so that the repairs can work on it. `Tx` is the system's own open
 * transaction; whatever takes one commits or rolls back with it. Calls to the bank never take one.
 * Every effect books under the key of the normal path, so that a late callback and a repair collide.
 */
import type { BankFacts, LedgerFacts, OrderFacts, OrderStatus, OrderType } from './facts.ts';
import type { FeedReach } from '@piculus/protocol';

/** What a booking came to. `exists`: the same effect key is there with the same amount, so nothing was done. */
export type Booked = 'booked' | 'exists' | 'insufficient' | 'conflict';

/** The exclusive decision about an order; a second, different one needs a person. */
export type Decision =
  | 'CREDIT'
  | 'REFUND_PAYER'
  | 'RESUBMIT'
  | 'RETURN_TO_ACCOUNT'
  | 'SETTLE'
  | 'FAIL'
  | 'STATUS';

export interface StandingDecision {
  readonly decision: Decision;
  readonly commandKey: string;
}

export interface ScanFilter {
  readonly type: OrderType;
  readonly statuses: readonly string[];
  /** Besides those, every status that is no `OrderStatus` at all: somebody must see it (X21). */
  readonly unknownToo?: boolean;
}
/** One order with its ledger and what the imported statement says of it. */
export interface ScannedOrder {
  readonly order: OrderFacts;
  readonly ledger: LedgerFacts;
  /** `paid`, `returned`, `refunded` from a statement line, otherwise `non-final`. */
  readonly statement: BankFacts;
  /**
   * The decision that stands for this order. With it a repair on its way (C2 and C3 set their order back to
   * PROCESSING) is reported as the problem it began as, and not as another one.
   */
  readonly decision?: StandingDecision | null;
  /**
   * When the order's status was changed last, by a repair too. A statement that reaches only to before that cannot
   * show the payment that may have changed it, so it does not make the order look unpaid.
   */
  readonly changedAt?: Date | null;
}
/** Where a scan goes on: the last row of the batch before, null at the start. */
export interface ScanCursor {
  readonly createdAt: Date;
  readonly orderNo: string;
}

/** A part of a walk over a window: how many orders were looked at, and those among them that may be broken. */
export interface Suspects {
  readonly orders: readonly ScannedOrder[];
  readonly looked: number;
}

export interface ScanPort {
  /** Orders created in the window, by (createdAt, orderNo), at most `limit`, after the cursor. */
  scan(
    window: { from: Date; to: Date },
    filter: ScanFilter,
    after: ScanCursor | null,
    limit: number,
  ): Promise<readonly ScannedOrder[]>;
  /**
   * For big histories, and optional. Walks once over all orders created in the window, of every type and status, and
   * leaves out those that are certainly right: that `classify` calls no problem, however far the statement reaches and
   * however old they are. What it cannot be sure of it yields, with all that `scan` tells of it, in parts that are
   * small enough to be held. With it, one walk does for all collectors of a collect.
   */
  suspects?(window: { from: Date; to: Date }, signal: AbortSignal): AsyncIterable<Suspects>;
  /** Brings the imported statement up to date, page by page, and says how far it reaches. */
  refreshStatement(signal: AbortSignal): Promise<FeedReach>;
  /**
   * What the statement, as far as it is imported, says of one order, in the words of {@link ScannedOrder}; null
   * where the order is gone. A repair moves nothing against it, whatever the bank answers to a query.
   */
  statement(orderNo: string): Promise<BankFacts | null>;
  /**
   * Of the orders in the window that are settled by all that this system holds, how many does the statement
   * show? A feed that shows none of them is blind, whatever its watermark says.
   */
  statementControl(window: {
    from: Date;
    to: Date;
  }): Promise<{ readonly settled: number; readonly shown: number }>;
}

export interface OrdersPort<Tx> {
  read(orderNo: string): Promise<OrderFacts | null>;
  /**
   * In one transaction: locks the row and marks it as under repair by this command. The normal path (callback,
   * sender, timeout job) checks the mark under the same row lock. The same command may take its own mark again.
   *
   * A process that dies leaves its mark behind, and the order may come back under another fix code or as reopened,
   * which is another command. So a mark must lose its force by itself, some minutes after a command may run at the
   * longest (`commandMs` of the client): then others take it, and the normal path passes. A holder that comes back
   * late does no harm, because `setStatus` asks for its mark and for the version that it saw.
   */
  fence(orderNo: string, commandKey: string): Promise<'held' | 'held-by-other' | 'gone'>;
  /** Takes off the mark that this process put on, and not a later one of the same command in another process. */
  unfence(orderNo: string, commandKey: string): Promise<void>;
  /** Compare-and-set on status and version, under this command's fence. @returns whether this call changed it. */
  setStatus(tx: Tx, order: OrderFacts, to: OrderStatus, commandKey: string): Promise<boolean>;
}

export interface LedgerPort<Tx> {
  read(order: OrderFacts): Promise<LedgerFacts>;
  /**
   * The same as this transaction sees it, after `setStatus`. Asked before a step that books nothing, so that no key of
   * a booking guards it; until the transaction ends, nobody else may book for the order. The lock on the order's row
   * does that where every booking takes it; otherwise this has to take the lock that bookings take.
   */
  readIn(tx: Tx, order: OrderFacts): Promise<LedgerFacts>;
  /** Key `credit:{orderNo}`. */
  credit(tx: Tx, order: OrderFacts): Promise<Booked>;
  /** One-shot: key `debit:{orderNo}`; staged: key `hold:{orderNo}`. Conditional on the available balance. */
  reserve(tx: Tx, order: OrderFacts): Promise<Booked>;
  /** Staged: the hold is settled, key `resolve:{holdId}`, the same key as a release. */
  settle(tx: Tx, order: OrderFacts, holdId: string): Promise<Booked>;
  /** Staged: the hold is released, key `resolve:{holdId}`. */
  release(tx: Tx, order: OrderFacts, holdId: string): Promise<Booked>;
  /** One-shot: a reversal of this very posting, key `reversal:{postingId}`. */
  reverse(tx: Tx, order: OrderFacts, postingId: string): Promise<Booked>;
}

/** What each bank adapter must declare; times in ms, counted from when the bank received the request. */
export interface BankCapabilities {
  readonly dedupeHorizonMs: number;
  readonly queryWindowMs: number;
  /** What the bank does with a number whose request failed. */
  readonly sameNumberOnFailure: 'replays-failure' | 'executes-again' | 'rejects';
  /** How long after it was sent a request may still be NOT_FOUND although the bank has it; 0 where left out. */
  readonly notFoundWindowMs?: number;
  readonly hasClose: boolean;
  readonly closeMinAgeMs: number;
  /** A close for a number it has not seen makes it refuse that number ever after. */
  readonly closeAcceptsUnknownNumber: boolean;
  /** A close that meets a paid order gives the money back. */
  readonly closeMayRefund: boolean;
  readonly amountFieldsCompared: boolean;
}

export type BankAnswerCode =
  | 'PAID'
  | 'FAILED'
  | 'CLOSED'
  | 'RETURNED'
  | 'REFUNDED'
  | 'PROCESSING'
  | 'NOT_FOUND'
  /** No answer that could be understood: timeout, 5xx, HTML, a new code. The request may have been executed. */
  | 'UNCLEAR';

export interface BankAnswer {
  readonly code: BankAnswerCode;
  readonly detail: string;
  readonly amountMinor: bigint | null;
  readonly currency: string | null;
  readonly receivedAt: Date | null;
  /** When the bank was asked, not when its answer was read: it may have lain unread for a while. */
  readonly observedAt: Date;
}

export interface PayoutRequest {
  readonly requestNo: string;
  readonly orderNo: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  /** The payee of the order, never of the profile as it is now. */
  readonly payee: string;
}

/** Calls time out and never throw for what the bank says or fails to say: that is an `UNCLEAR` answer. */
export interface BankPort {
  readonly capabilities: BankCapabilities;
  query(requestNo: string, signal: AbortSignal): Promise<BankAnswer>;
  close(requestNo: string, order: OrderFacts, signal: AbortSignal): Promise<BankAnswer>;
  submitPayout(request: PayoutRequest, signal: AbortSignal): Promise<BankAnswer>;
  /** Is a number that is known to be settled found at this bank just now? */
  positiveControl(
    order: OrderFacts,
    signal: AbortSignal,
  ): Promise<{ readonly ok: boolean; readonly detail: string }>;
}

/** Our own record of what was sent to the bank. */
export interface OutboxEntry {
  readonly requestNo: string;
  readonly attempt: number;
  /** `queued`: not taken by the sender yet; `sending`: taken, may have left; `sent`; `stopped`: never will be. */
  readonly state: 'queued' | 'sending' | 'sent' | 'stopped';
  readonly sentAt: Date | null;
}

export interface OutboxPort<Tx> {
  /** All attempts of an order, oldest first. */
  read(orderNo: string): Promise<readonly OutboxEntry[]>;
  /** Commits the intent to send this number before it is sent; the repair itself then sends it. */
  intend(tx: Tx, request: PayoutRequest, attempt: number): Promise<void>;
  /** Stores what the bank said to the number. */
  answered(requestNo: string, answer: BankAnswer): Promise<void>;
  /** Stops a queued request for good. @returns false where it may have left already. */
  stop(tx: Tx, requestNo: string): Promise<boolean>;
}

export interface DecisionsPort<Tx> {
  read(orderNo: string): Promise<StandingDecision | null>;
  /** Unique per order: `made`, `same` where it was made before, otherwise the one that stands. */
  decide(
    tx: Tx,
    orderNo: string,
    decision: Decision,
    commandKey: string,
  ): Promise<'made' | 'same' | { readonly other: Decision }>;
}

/** Proof that a bank number is final, kept for a new attempt and for people. */
export interface ProofsPort<Tx> {
  read(requestNo: string): Promise<BankFacts | null>;
  store(tx: Tx, orderNo: string, proof: BankFacts): Promise<void>;
}

export interface PaymentSystem<Tx> {
  readonly scan: ScanPort;
  readonly orders: OrdersPort<Tx>;
  readonly ledger: LedgerPort<Tx>;
  readonly bank: BankPort;
  readonly outbox: OutboxPort<Tx>;
  readonly decisions: DecisionsPort<Tx>;
  readonly proofs: ProofsPort<Tx>;
  /** Runs the work in one database transaction: read committed is enough, the unique keys carry the safety. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  now(): Date;
}

/** What an installation decides; the preconditions of safe repair hold whatever it says. */
export interface RepairPolicy {
  /** Younger orders are in flight, not broken. */
  readonly rechargeMinAgeMs: number;
  readonly withdrawMinAgeMs: number;
  /** C4: credit late successes, or leave the refund to a person. */
  readonly lateRecharge: 'credit' | 'person';
  /** C9: orders younger than this are continued, older ones cancelled. */
  readonly continueWithdrawMaxAgeMs: number;
}

export const DEFAULT_POLICY: RepairPolicy = {
  rechargeMinAgeMs: 10 * 60_000,
  withdrawMinAgeMs: 30 * 60_000,
  lateRecharge: 'credit',
  continueWithdrawMaxAgeMs: 24 * 3_600_000,
};
