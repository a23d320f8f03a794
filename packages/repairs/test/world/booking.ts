/** Booking, as the normal path and the repairs both do it: one unique key per effect. */
import type { Booked, LedgerFacts, LedgerState, OrderFacts } from '../../src/index.ts';
import { creditKey, resolveKey, reserveKey, reversalKey } from '../../src/index.ts';
import { balanceOf, type OrderRow, type Posting, type State } from './state.ts';

const BANK = 'bank';
const HOLDS = 'holds';
type Order = Pick<OrderRow, 'orderNo' | 'accountNo' | 'amountMinor' | 'booking'>;

export function post(state: State, posting: Omit<Posting, 'id'>): Booked {
  const there = state.postings.get(posting.key);
  if (there)
    return there.kind === posting.kind && there.amountMinor === posting.amountMinor ? 'exists' : 'conflict';
  state.postings.set(posting.key, { ...posting, id: `P-${posting.key}` });
  return 'booked';
}

export class Book {
  readonly #state: State;
  readonly #now: Date;

  constructor(state: State, now: Date) {
    this.#state = state;
    this.#now = now;
  }

  credit(order: Order): Booked {
    return this.#post(order, 'credit', creditKey(order.orderNo), BANK, order.accountNo);
  }

  reserve(order: Order): Booked {
    const key = reserveKey(order.orderNo, order.booking);
    const enough = balanceOf(this.#state, order.accountNo) >= order.amountMinor;
    if (!this.#state.postings.has(key) && !enough) return 'insufficient';
    return order.booking === 'staged'
      ? this.#post(order, 'hold', key, order.accountNo, HOLDS)
      : this.#post(order, 'debit', key, order.accountNo, BANK);
  }

  settle(order: Order, holdId: string): Booked {
    return this.#post(order, 'settle', resolveKey(holdId), HOLDS, BANK, holdId);
  }

  release(order: Order, holdId: string): Booked {
    return this.#post(order, 'release', resolveKey(holdId), HOLDS, order.accountNo, holdId);
  }

  reverse(order: Order, postingId: string): Booked {
    const original = [...this.#state.postings.values()].find(({ id }) => id === postingId);
    if (!original) return 'conflict';
    return this.#post(order, 'reversal', reversalKey(postingId), original.to, original.from, postingId);
  }

  #post(
    order: Order,
    kind: Posting['kind'],
    key: string,
    from: string,
    to: string,
    refersTo: string | null = null,
  ): Booked {
    const { orderNo, amountMinor } = order;
    return post(this.#state, { key, orderNo, kind, from, to, amountMinor, refersTo, bookedAt: this.#now });
  }
}

export function ledgerFacts(state: State, order: OrderFacts, now: Date): LedgerFacts {
  const own = [...state.postings.values()].filter(({ orderNo }) => orderNo === order.orderNo);
  const counts = own.find(({ kind }) => kind === 'credit' || kind === 'debit' || kind === 'hold');
  const byHand = [...state.postings.values()].find(
    ({ orderNo, kind, to, amountMinor }) =>
      orderNo === null && kind === 'manual' && to === order.accountNo && amountMinor === order.amountMinor,
  );
  const account = counts && (counts.to === BANK || counts.to === HOLDS ? counts.from : counts.to);
  return {
    state: stateOf(own),
    amountMinor: counts?.amountMinor ?? null,
    currency: counts ? order.currency : null,
    accountNo: account ?? null,
    postingId: counts?.id ?? null,
    handBookedCandidate: byHand?.id ?? null,
    observedAt: now,
  };
}

const STATES: Readonly<Record<string, LedgerState>> = {
  '': 'none',
  credit: 'credited',
  'credit+reversal': 'reversed',
  debit: 'debited',
  'debit+reversal': 'reversed',
  hold: 'held',
  'hold+settle': 'settled',
  'hold+release': 'released',
};

function stateOf(own: readonly Posting[]): LedgerState {
  const kinds = own.map(({ kind }) => kind).sort((a, b) => a.localeCompare(b));
  return STATES[kinds.join('+')] ?? 'contradictory';
}
