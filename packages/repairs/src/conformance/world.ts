/**
 * The world in which the conformance kit tries the repairs: a payment system with its bank, and the few hooks
 * by which the kit makes records broken and lets things happen at a bad moment. Crashes, lost answers and a
 * blind bank need no hook: the kit wraps the system's ports itself.
 */
import type { Journal } from '@piculus/client';
import type { Booking, LedgerState, OrderStatus, OrderType } from '../facts.ts';
import type { PaymentSystem } from '../ports.ts';

/** How a record is to be broken. The order's first request to the bank has attempt 1. */
export interface Setup {
  readonly type: OrderType;
  readonly booking: Booking;
  readonly status: OrderStatus;
  /** The postings that the order has left. */
  readonly ledger: Extract<
    LedgerState,
    'none' | 'credited' | 'debited' | 'held' | 'settled' | 'released' | 'reversed'
  >;
  /** What the bank did with the request: `processing` accepted it and settles it at `bankWorks`. */
  readonly bank: 'never-received' | 'processing' | 'settled' | 'failed';
  /** What the system's own outbox says: `none` has no row, `queued` was not taken, `sent` may have left. */
  readonly outbox: 'none' | 'queued' | 'sent';
  /** How long ago the order was placed, in ms; the request was sent (if it was) right after. */
  readonly ageMs: number;
  /** What the account has available once the record is arranged: twice the order's amount, or one minor unit less than it. */
  readonly funds: 'enough' | 'too-little';
}

export interface Arranged {
  readonly orderNo: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** What really happened, read past all ports: from the tables of the system and of the bank. */
export interface Observed {
  readonly status: string;
  /** Change of the account's available balance by this order: +amount credited, −amount debited or held, 0 given back. */
  readonly bookedMinor: bigint;
  /** What is still held and neither settled nor released. */
  readonly heldMinor: bigint;
  /** Money that moved at the bank for this order: +amount collected, −amount paid out. */
  readonly bankMinor: bigint;
  /** Settled movements at the bank for this order, so that two which cancel out are seen. */
  readonly bankMovements: number;
}

export interface ConformanceWorld<Tx> {
  readonly system: PaymentSystem<Tx>;
  /** In the same database as the ledger, as in production. */
  readonly journal: Journal<Tx>;
  /** Makes one order, on an account of its own, in this state. Also one healthy settled order of each type, once, for the positive control. */
  arrange(setup: Setup): Promise<Arranged>;
  /** The request that the outbox calls sent reaches the bank only now; the bank treats it as any other. */
  originalArrives(orderNo: string): Promise<void>;
  /** The bank settles all that it has accepted. It does not call back. */
  bankWorks(): Promise<void>;
  /** The bank's callback with its present answer reaches the normal path: `busy` while a repair has the order. */
  callback(orderNo: string): Promise<'taken' | 'busy' | 'nothing'>;
  /** The normal path's sender takes what is queued, once. */
  senderRuns(): Promise<void>;
  observe(orderNo: string): Promise<Observed>;
  /** Sum over all postings of the system; money is conserved while this is zero. */
  ledgerSumMinor(): Promise<bigint>;
  /** Changes whenever any row of the system, the journal or the bank does. */
  fingerprint(): Promise<string>;
  close(): Promise<void>;
}

/** Makes a world, or lends one that no other check has now and whose money is all there; orders of earlier checks may be in it. */
export type WorldFactory<Tx> = () => Promise<ConformanceWorld<Tx>>;
