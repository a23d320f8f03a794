/** What the accounts must hold, worked out from the transactions and the documented end states alone. */
import { brokenState, type Plan, type PlannedOrder, repairedState } from './plan.ts';
import type { SideStates } from './scenarios.ts';

/** `repaired`: everything came to its documented end. `broken`: nothing was allowed to be done. */
export type Ending = 'repaired' | 'broken';

export function expectedState(order: PlannedOrder, ending: Ending): SideStates {
  return ending === 'repaired' ? repairedState(order) : brokenState(order);
}

/** @returns the balance of every account, in minor units. */
export function expectedBalances(plan: Plan, ending: Ending): Map<string, bigint> {
  const balances = new Map(plan.accounts.map((account) => [account.accountNo, account.openingMinor]));
  for (const order of plan.orders) {
    if (!expectedState(order, ending).booked) continue;
    const delta = order.type === 'recharge' ? order.amountMinor : -order.amountMinor;
    balances.set(order.accountNo, (balances.get(order.accountNo) ?? 0n) + delta);
  }
  return balances;
}

export function totalOf(balances: ReadonlyMap<string, bigint>): bigint {
  return [...balances.values()].reduce((sum, balance) => sum + balance, 0n);
}
