/** The tables of the in-memory payment system, and transactions over them: one at a time, all or nothing. */
import type { JournalEntry } from '@piculus/client';
import type { Effect } from '@piculus/protocol';
import type { BankFacts, Booking, OrderType, OutboxEntry, StandingDecision } from '../../src/index.ts';

export interface Posting {
  readonly id: string;
  readonly key: string;
  readonly orderNo: string | null;
  readonly kind: 'opening' | 'credit' | 'debit' | 'hold' | 'settle' | 'release' | 'reversal' | 'manual';
  readonly from: string;
  readonly to: string;
  readonly amountMinor: bigint;
  readonly refersTo: string | null;
  readonly bookedAt: Date;
}

export interface OrderRow {
  readonly orderNo: string;
  readonly type: OrderType;
  readonly booking: Booking;
  readonly accountNo: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly counterparty: string;
  readonly requestNo: string;
  readonly createdAt: Date;
  status: string;
  version: number;
  repairCommand: string | null;
}

export interface AccountRow {
  open: boolean;
  counterparty: string;
}

/** Everything in the system's database; the draft of a transaction is a copy of it. */
export interface State {
  readonly accounts: Map<string, AccountRow>;
  readonly orders: Map<string, OrderRow>;
  readonly postings: Map<string, Posting>;
  readonly outbox: Map<string, OutboxEntry & { readonly orderNo: string }>;
  readonly decisions: Map<string, StandingDecision>;
  readonly proofs: Map<string, BankFacts>;
  readonly journal: Map<string, JournalEntry & { readonly effects: Effect[] }>;
}

export const emptyState = (): State => ({
  accounts: new Map(),
  orders: new Map(),
  postings: new Map(),
  outbox: new Map(),
  decisions: new Map(),
  proofs: new Map(),
  journal: new Map(),
});

export class Store {
  committed: State = emptyState();
  #queue: Promise<unknown> = Promise.resolve();

  /** Runs after those before it; what it changed in its draft is there for others only once it has resolved. */
  transaction<T>(work: (draft: State) => Promise<T>): Promise<T> {
    const run = this.#queue.then(async () => {
      const draft = structuredClone(this.committed);
      const result = await work(draft);
      this.committed = draft;
      return result;
    });
    this.#queue = run.catch(() => undefined);
    return run;
  }
}

/** @returns what the account has: all that came in, less all that went out. */
export function balanceOf(state: State, accountNo: string): bigint {
  let sum = 0n;
  for (const { from, to, amountMinor } of state.postings.values()) {
    if (to === accountNo) sum += amountMinor;
    if (from === accountNo) sum -= amountMinor;
  }
  return sum;
}
