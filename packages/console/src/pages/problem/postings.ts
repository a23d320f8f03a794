/**
 * What a plan would book, seen from the account of the order: what is there now, what each step would add, what
 * would be there then. Amounts are minor units; money at the bank is seen from our own bank account.
 */
import type { Facts, PlanStep } from '@piculus/protocol';

export interface Movement {
  /** The account's money that can be used. */
  readonly available: bigint;
  /** The account's money that is held. */
  readonly held: bigint;
  /** Our money at the bank. */
  readonly bank: bigint;
}
const NOTHING: Movement = { available: 0n, held: 0n, bank: 0n };

export interface PlannedStep {
  readonly step: PlanStep;
  /** Null where the kind of step does not tell the direction. */
  readonly movement: Movement | null;
}
export interface Postings {
  /** What is booked for the order now; null where the ledger's word is not known here. */
  readonly before: Movement | null;
  readonly steps: readonly PlannedStep[];
  /** Null where one of the others is. */
  readonly after: Movement | null;
  /** No step moves money. */
  readonly still: boolean;
}

type Kind = PlanStep['kind'];
const available = (amount: bigint): Movement => ({ ...NOTHING, available: amount });
const MOVES: Readonly<Record<Exclude<Kind, 'reversal'>, (amount: bigint) => Movement>> = {
  status: () => NOTHING,
  close: () => NOTHING,
  credit: available,
  debit: (amount) => available(-amount),
  hold: (amount) => ({ ...NOTHING, available: -amount, held: amount }),
  settle: (amount) => ({ ...NOTHING, held: -amount }),
  release: (amount) => ({ ...NOTHING, available: amount, held: -amount }),
  payout: (amount) => ({ ...NOTHING, bank: -amount }),
  refund: (amount) => ({ ...NOTHING, bank: -amount }),
};

/** What the ledger's words say is booked. */
const BOOKED: Readonly<Record<string, (amount: bigint) => Movement>> = {
  none: () => NOTHING,
  credited: available,
  'credited-twice': (amount) => available(2n * amount),
  debited: (amount) => available(-amount),
  'debited-twice': (amount) => available(-2n * amount),
  held: (amount) => ({ ...NOTHING, available: -amount, held: amount }),
  settled: (amount) => available(-amount),
  released: () => NOTHING,
  reversed: () => NOTHING,
};

export function postingsOf(steps: readonly PlanStep[], facts: Facts | null): Postings {
  const before = bookedIn(facts);
  let taken: Movement | null = before;
  let sign = signToReverse(before);
  const planned = steps.map((step): PlannedStep => {
    const movement = movementOf(step, sign);
    // A booking that an earlier step makes is the one that a later step reverses.
    if (step.kind === 'debit') sign = 1n;
    if (step.kind === 'credit') sign = -1n;
    taken = taken === null || movement === null ? null : plus(taken, movement);
    return { step, movement };
  });
  return {
    before,
    steps: planned,
    after: taken,
    still: steps.every(
      ({ kind, amountMinor }) => kind === 'status' || kind === 'close' || amountMinor === '0',
    ),
  };
}

function movementOf({ kind, amountMinor }: PlanStep, reverse: bigint | null): Movement | null {
  const amount = BigInt(amountMinor);
  if (kind !== 'reversal') return MOVES[kind](amount);
  return reverse === null ? null : available(reverse * amount);
}

function bookedIn(facts: Facts | null): Movement | null {
  if (facts === null) return null;
  const { state, fields } = facts.ledger;
  const booked = Object.hasOwn(BOOKED, state) ? BOOKED[state] : undefined;
  const amount = fields['amountMinor'];
  if (booked === undefined) return null;
  if (typeof amount === 'string' && /^[0-9]{1,18}$/.test(amount)) return booked(BigInt(amount));
  // Without an amount only a state that books nothing can be told.
  return isNothing(booked(1n)) ? NOTHING : null;
}

/** A reversal gives back what was taken and takes back what was given. */
function signToReverse(before: Movement | null): bigint | null {
  if (before === null || before.available === 0n) return null;
  return before.available < 0n ? 1n : -1n;
}

const isNothing = (of: Movement): boolean => of.available === 0n && of.held === 0n && of.bank === 0n;

function plus(one: Movement, other: Movement): Movement {
  return {
    available: one.available + other.available,
    held: one.held + other.held,
    bank: one.bank + other.bank,
  };
}
