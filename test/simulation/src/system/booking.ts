/** Booking, as the normal path and the repairs both do it: one unique key for each effect. */
import {
  type Booked,
  creditKey,
  type LedgerFacts,
  type LedgerState,
  type OrderFacts,
  resolveKey,
  reserveKey,
  reversalKey,
} from '@piculus/repairs';
import type { OrderRow, PostingRow, Transaction } from './tables.ts';

export const BANK = 'bank';
export const HOLDS = 'holds';

type Order = Pick<OrderRow, 'orderNo' | 'accountNo' | 'amountMinor' | 'booking'>;

/** Books under a key that the database holds unique. */
export async function post(tx: Transaction, posting: Omit<PostingRow, 'id' | 'by'>): Promise<Booked> {
  const id = `P${tx.database.nextId()}`;
  const taken = await tx.insert('effectKeys', posting.key, { postingId: id });
  if (taken) {
    const there = tx.get('postings', taken.postingId);
    return there?.kind === posting.kind && there.amountMinor === posting.amountMinor ? 'exists' : 'conflict';
  }
  await tx.put('postings', id, { ...posting, id, by: tx.by });
  return 'booked';
}

export async function credit(tx: Transaction, order: Order): Promise<Booked> {
  return post(tx, {
    ...of(order),
    kind: 'credit',
    key: creditKey(order.orderNo),
    from: BANK,
    to: order.accountNo,
  });
}

export async function reserve(tx: Transaction, order: Order): Promise<Booked> {
  const key = reserveKey(order.orderNo, order.booking);
  await tx.locked('accounts', order.accountNo);
  const there = tx.get('effectKeys', key);
  if (!there && balanceOf(tx.all('postings'), order.accountNo) < order.amountMinor) return 'insufficient';
  const staged = order.booking === 'staged';
  return post(tx, {
    ...of(order),
    kind: staged ? 'hold' : 'debit',
    key,
    from: order.accountNo,
    to: staged ? HOLDS : BANK,
  });
}

export function settle(tx: Transaction, order: Order, holdId: string): Promise<Booked> {
  return post(tx, {
    ...of(order),
    kind: 'settle',
    key: resolveKey(holdId),
    from: HOLDS,
    to: BANK,
    refersTo: holdId,
  });
}

export function release(tx: Transaction, order: Order, holdId: string): Promise<Booked> {
  return post(tx, {
    ...of(order),
    kind: 'release',
    key: resolveKey(holdId),
    from: HOLDS,
    to: order.accountNo,
    refersTo: holdId,
  });
}

export async function reverse(tx: Transaction, order: Order, postingId: string): Promise<Booked> {
  const original = tx.get('postings', postingId);
  if (!original) return 'conflict';
  return post(tx, {
    ...of(order),
    kind: 'reversal',
    key: reversalKey(postingId),
    from: original.to,
    to: original.from,
    refersTo: postingId,
  });
}

function of({ orderNo, amountMinor }: Order): Pick<PostingRow, 'orderNo' | 'amountMinor' | 'refersTo'> {
  return { orderNo, amountMinor, refersTo: null };
}

export function balanceOf(postings: Iterable<PostingRow>, accountNo: string): bigint {
  let sum = 0n;
  for (const { from, to, amountMinor } of postings) {
    if (to === accountNo) sum += amountMinor;
    if (from === accountNo) sum -= amountMinor;
  }
  return sum;
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
  'credit+credit': 'credited-twice',
  'debit+debit': 'debited-twice',
};

export function postingsOf(postings: Iterable<PostingRow>, orderNo: string): PostingRow[] {
  return [...postings].filter((posting) => posting.orderNo === orderNo && posting.kind !== 'opening');
}

export function ledgerStateOf(own: readonly PostingRow[]): LedgerState {
  const kinds = own.map(({ kind }) => kind).sort();
  return STATES[kinds.join('+')] ?? 'contradictory';
}

export function ledgerFactsOf(
  postings: Iterable<PostingRow>,
  order: OrderFacts,
  observedAt: Date,
): LedgerFacts {
  const own = postingsOf(postings, order.orderNo);
  const counts = own.find(({ kind }) => kind === 'credit' || kind === 'debit' || kind === 'hold');
  const account = counts && (counts.kind === 'credit' ? counts.to : counts.from);
  return {
    state: ledgerStateOf(own),
    amountMinor: counts?.amountMinor ?? null,
    currency: counts ? order.currency : null,
    accountNo: account ?? null,
    postingId: counts?.id ?? null,
    handBookedCandidate: null,
    observedAt,
  };
}
