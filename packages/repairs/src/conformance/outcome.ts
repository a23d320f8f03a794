/** What must be true of an order, whatever happened to it. */
import assert from 'node:assert/strict';
import type { Case } from './cases.ts';
import type { Ending } from './drive.ts';
import type { Arranged, ConformanceWorld, Observed } from './world.ts';

/** The order ended exactly as its scenario's end state says, and no money came or went otherwise. */
export async function assertEnd<Tx>(
  world: ConformanceWorld<Tx>,
  given: Case,
  order: Arranged,
  ending: Ending,
): Promise<void> {
  const seen = await world.observe(order.orderNo);
  const story = tell(given, ending, seen);
  assert.equal(ending.outcome, 'fixed', story);
  assert.equal(seen.status, given.ends.status, story);
  const moved = given.ends.moved * order.amountMinor;
  assert.equal(seen.bookedMinor, moved, story);
  assert.equal(seen.bankMinor, moved, story);
  assert.equal(seen.heldMinor, 0n, story);
  assert.equal(seen.bankMovements, moved === 0n ? 0 : 1, story);
  assert.equal(await world.ledgerSumMinor(), 0n, story);
  const keys = ending.effects.map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length, `an effect is in the journal twice: ${keys.join(', ')}`);
}

/** Weaker, for what a late event may have changed: agreed, or in a person's hands and not made worse by us. */
export async function assertNoLoss<Tx>(
  world: ConformanceWorld<Tx>,
  given: Case,
  order: Arranged,
  ending: Ending,
): Promise<void> {
  const seen = await world.observe(order.orderNo);
  const story = tell(given, ending, seen);
  assert.ok(seen.bankMovements <= 1, `money moved twice at the bank: ${story}`);
  assert.equal(await world.ledgerSumMinor(), 0n, story);
  const gaveBack = ending.effects.some(({ kind }) => kind === 'release' || kind === 'reversal');
  assert.ok(!(gaveBack && seen.bankMinor !== 0n), `paid and given back: ${story}`);
  const credited = ending.effects.some(({ kind }) => kind === 'credit');
  assert.ok(!(credited && seen.bankMinor === 0n), `credited and not paid: ${story}`);
  const closed = ending.effects.some(({ kind }) => kind === 'close');
  const sentAnew = ending.effects.some(({ kind }) => kind === 'payout');
  assert.ok(!(closed && !sentAnew && seen.bankMinor !== 0n), `noted as closed, and paid: ${story}`);
  if (ending.outcome === 'fixed' || ending.outcome === 'already-right') {
    assert.equal(seen.bookedMinor, seen.bankMinor, story);
    assert.equal(seen.heldMinor, 0n, story);
  }
}

export function tell(given: Case, ending: Ending, seen: Observed): string {
  const effects = ending.effects.map(({ key }) => key).join(', ');
  const facts = `${seen.status}, booked ${seen.bookedMinor}, held ${seen.heldMinor}, bank ${seen.bankMinor} in ${seen.bankMovements}`;
  return `${given.name}: ${ending.outcome} (${ending.reason}); effects [${effects}]; ${facts}`;
}
