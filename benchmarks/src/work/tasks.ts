/** The work of these cells: problems that are all alike, and a fix that finds nothing to do. */

export const SYS_CODE = 'BENCH';
export const FIX = 'nothing';

/** Handler calls for so many tasks, of which each `failEvery`th fails once; 0: none does. */
export const callsOf = (tasks: number, failEvery: number): number =>
  tasks + (failEvery === 0 ? 0 : Math.ceil(tasks / failEvery));

/** @param at ISO time of everything about it. */
export function problemOf(businessKey: string, at: string) {
  const side = { source: 'books', observedAt: at, fields: { status: 'success' }, state: 'success' };
  return {
    businessKey,
    scenario: 'C1' as const,
    handling: 'fix' as const,
    amountMinor: '1250',
    currency: 'CNY',
    outOfPocket: 'customer' as const,
    occurredAt: at,
    facts: { order: side, ledger: side, bank: side },
    contradictions: ['order.status', 'ledger.state'],
  };
}
