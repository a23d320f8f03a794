/** What an order's postings come to. Pure: the scan and the single read use the same function. */
import type { LedgerFacts, LedgerState, OrderType } from '@piculus/repairs';
import type { PostingRow } from './store/postings.ts';

export type OrderPosting = Pick<
  PostingRow,
  'posting_id' | 'kind' | 'debit_account' | 'credit_account' | 'amount_minor' | 'currency' | 'refers_to'
>;

interface Reading {
  readonly state: LedgerState;
  /** The booking that counts: the credit, the debit or the hold. */
  readonly counts: OrderPosting | null;
}

export function ledgerFacts(
  order: { readonly type: OrderType; readonly booking: 'one-shot' | 'staged'; readonly accountNo: string },
  postings: readonly OrderPosting[],
  handBookedCandidate: string | null,
  observedAt: Date,
): LedgerFacts {
  const { state, counts } =
    order.type === 'recharge' ? readRecharge(postings) : readWithdrawal(order, postings);
  const accountOf = (posting: OrderPosting): string =>
    order.type === 'recharge' ? posting.credit_account : posting.debit_account;
  return {
    state,
    amountMinor: counts === null ? null : BigInt(counts.amount_minor),
    currency: counts?.currency ?? null,
    accountNo: counts === null ? null : accountOf(counts),
    postingId: counts?.posting_id ?? null,
    handBookedCandidate: state === 'none' ? handBookedCandidate : null,
    observedAt,
  };
}

const isSystem = (accountNo: string): boolean => accountNo.startsWith('SYS:');
/** A booking by hand that names the order counts as what it does: money to a customer, or from one. */
const givesToCustomer = (posting: OrderPosting): boolean =>
  posting.kind === 'credit' || (posting.kind === 'manual' && !isSystem(posting.credit_account));
const takesFromCustomer = (posting: OrderPosting): boolean =>
  posting.kind === 'debit' || (posting.kind === 'manual' && !isSystem(posting.debit_account));

function readRecharge(postings: readonly OrderPosting[]): Reading {
  const credits = postings.filter(givesToCustomer);
  const { standing, strays } = withoutReversed(postings, credits);
  const first = standing[0] ?? credits[0] ?? null;
  if (strays > 0) return { state: 'contradictory', counts: first };
  if (credits.length === 0) return { state: 'none', counts: null };
  if (standing.length === 0) return { state: 'reversed', counts: first };
  return { state: standing.length === 1 ? 'credited' : 'credited-twice', counts: first };
}

function readWithdrawal(order: { readonly booking: string }, postings: readonly OrderPosting[]): Reading {
  const holds = postings.filter((posting) => posting.kind === 'hold');
  if (order.booking === 'one-shot') return readOneShot(postings, postings.filter(takesFromCustomer));
  // A withdrawal that should be held but was taken by hand at once reads like a debit.
  if (holds.length === 0) {
    const taken = postings.filter(takesFromCustomer);
    return taken.length > 0 && taken.every((posting) => posting.kind === 'manual')
      ? readOneShot(postings, taken)
      : { state: postings.length === 0 ? 'none' : 'contradictory', counts: taken[0] ?? null };
  }
  return readStaged(postings, holds);
}

function readOneShot(postings: readonly OrderPosting[], debits: readonly OrderPosting[]): Reading {
  const { standing, strays } = withoutReversed(postings, debits);
  const first = standing[0] ?? debits[0] ?? null;
  if (strays > 0) return { state: 'contradictory', counts: first };
  if (debits.length === 0) return { state: 'none', counts: null };
  if (standing.length === 0) return { state: 'reversed', counts: first };
  return { state: standing.length === 1 ? 'debited' : 'debited-twice', counts: first };
}

function readStaged(postings: readonly OrderPosting[], holds: readonly OrderPosting[]): Reading {
  const released = new Set(ofKind(postings, 'release').map((posting) => posting.refers_to));
  const settled = new Set(ofKind(postings, 'settle').map((posting) => posting.refers_to));
  const standing = holds.filter((hold) => !released.has(hold.posting_id));
  const counts = standing[0] ?? holds[0] ?? null;
  const resolutions = postings.filter((posting) => posting.kind === 'release' || posting.kind === 'settle');
  const fits = (resolution: OrderPosting): boolean =>
    holds.some(
      (hold) => hold.posting_id === resolution.refers_to && hold.amount_minor === resolution.amount_minor,
    );
  const onlyStages = holds.length + resolutions.length === postings.length;
  if (!onlyStages || !resolutions.every(fits)) return { state: 'contradictory', counts };
  if (standing.length > 1) return { state: 'debited-twice', counts };
  if (standing.length === 0) return { state: 'released', counts };
  return { state: standing.some((hold) => settled.has(hold.posting_id)) ? 'settled' : 'held', counts };
}

function ofKind(postings: readonly OrderPosting[], kind: OrderPosting['kind']): readonly OrderPosting[] {
  return postings.filter((posting) => posting.kind === kind);
}

/** Bookings that no reversal answers; `strays` counts postings that are neither these nor a whole reversal of one. */
function withoutReversed(
  postings: readonly OrderPosting[],
  bookings: readonly OrderPosting[],
): { standing: readonly OrderPosting[]; strays: number } {
  const byId = new Map(bookings.map((booking) => [booking.posting_id, booking]));
  const reversals = ofKind(postings, 'reversal').filter((reversal) => {
    const original = reversal.refers_to === null ? undefined : byId.get(reversal.refers_to);
    return original !== undefined && original.amount_minor === reversal.amount_minor;
  });
  const reversed = new Set(reversals.map((reversal) => reversal.refers_to));
  return {
    standing: bookings.filter((booking) => !reversed.has(booking.posting_id)),
    strays: postings.length - bookings.length - reversals.length,
  };
}
