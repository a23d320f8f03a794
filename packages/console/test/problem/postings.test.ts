/** What a plan would book, seen from the account. */
import type { Facts, PlanStep } from '@piculus/protocol';
import { describe, expect, it } from 'vitest';
import { type Movement, postingsOf } from '../../src/pages/problem/postings.ts';

const side = (state: string, fields: Facts['order']['fields'] = {}): Facts['order'] => ({
  state,
  source: 'postings',
  observedAt: '2026-11-22T20:00:00.000Z',
  fields,
});
const ledger = (state: string, amountMinor: string | null = '500'): Facts => ({
  order: side('SUCCESS'),
  ledger: side(state, { amountMinor }),
  bank: side('paid'),
});
const step = (kind: PlanStep['kind'], amountMinor = '500'): PlanStep => ({
  kind,
  key: `${kind}:1`,
  amountMinor,
  currency: 'CNY',
  text: { en: kind, zh: kind },
});
const movement = (available: bigint, held = 0n, bank = 0n): Movement => ({ available, held, bank });

describe('postings of a plan', () => {
  it('credit what was never credited', () => {
    const { before, steps, after, still } = postingsOf([step('credit')], ledger('none'));
    expect(before).toEqual(movement(0n));
    expect(steps.map((each) => each.movement)).toEqual([movement(500n)]);
    expect(after).toEqual(movement(500n));
    expect(still).toBe(false);
  });

  it('reverse towards what was booked', () => {
    const debited = postingsOf([step('close', '0'), step('reversal')], ledger('debited'));
    expect(debited.steps.map((each) => each.movement)).toEqual([movement(0n), movement(500n)]);
    expect(debited.after).toEqual(movement(0n));
    const credited = postingsOf([step('reversal')], ledger('credited'));
    expect(credited.steps[0]?.movement).toEqual(movement(-500n));
    // A debit that an earlier step of the same plan makes is the one that is reversed.
    const both = postingsOf([step('debit'), step('reversal')], ledger('none'));
    expect(both.after).toEqual(movement(0n));
  });

  it('hold, pay out and settle', () => {
    const { steps, after } = postingsOf([step('hold'), step('payout'), step('settle')], ledger('none'));
    expect(steps.map((each) => each.movement)).toEqual([
      movement(-500n, 500n),
      movement(0n, 0n, -500n),
      movement(0n, -500n),
    ]);
    expect(after).toEqual(movement(-500n, 0n, -500n));
  });

  it('release a hold to where it came from', () => {
    const { before, after } = postingsOf([step('release')], ledger('held'));
    expect(before).toEqual(movement(-500n, 500n));
    expect(after).toEqual(movement(0n));
  });

  it('count a double booking twice', () => {
    expect(postingsOf([], ledger('credited-twice')).before).toEqual(movement(1000n));
    expect(postingsOf([], ledger('debited-twice')).before).toEqual(movement(-1000n));
  });

  it('claim nothing about words or amounts that are not known', () => {
    for (const facts of [null, ledger('contradictory'), ledger('toString'), ledger('debited', null)]) {
      const { before, steps, after } = postingsOf([step('reversal')], facts);
      expect(before).toBeNull();
      expect(steps[0]?.movement).toBeNull();
      expect(after).toBeNull();
    }
    // Where nothing is booked there is no amount to know.
    expect(postingsOf([step('credit')], ledger('none', null)).after).toEqual(movement(500n));
  });

  it('say that a plan of states alone moves nothing', () => {
    expect(postingsOf([step('close', '0'), step('status', '0')], ledger('debited')).still).toBe(true);
  });
});
