/** The eight repairs, under the fix codes that the solutions name. */
import type { Collector } from '@piculus/client';
import { DEFAULT_POLICY, type PaymentSystem, type RepairPolicy } from './ports.ts';
import { rechargeFailed } from './recharge-failed/index.ts';
import { rechargeSuccess } from './recharge-success/index.ts';
import { rechargeTimeout } from './recharge-timeout/index.ts';
import { makeCollector } from './shared/collect.ts';
import { makeFix, type RepairFix } from './shared/fix.ts';
import type { RepairDefinition } from './shared/plan.ts';
import { canWalk, makeWalk, makeWalker } from './shared/walk.ts';
import { withdrawFailed } from './withdraw-failed/index.ts';
import { withdrawFailedStaged } from './withdraw-failed-staged/index.ts';
import { withdrawSuccess } from './withdraw-success/index.ts';
import { withdrawSuccessDebited } from './withdraw-success-debited/index.ts';
import { withdrawTimeout } from './withdraw-timeout/index.ts';

const DEFINITIONS: readonly RepairDefinition[] = [
  rechargeSuccess,
  withdrawSuccess,
  withdrawSuccessDebited,
  rechargeFailed,
  rechargeTimeout,
  withdrawFailed,
  withdrawFailedStaged,
  withdrawTimeout,
];

export interface RepairPair<Tx> {
  readonly collector: Collector;
  readonly fix: RepairFix<Tx>;
}

/**
 * @param system the payment system, seen through its ports
 * @param policy what this installation decides; the preconditions of safe repair hold whatever it says
 * @returns eight pairs of collector and fix, for `createClient`
 */
export function paymentRepairs<Tx>(
  system: PaymentSystem<Tx>,
  policy: RepairPolicy = DEFAULT_POLICY,
): readonly RepairPair<Tx>[] {
  const walk = canWalk(system) ? makeWalk(DEFINITIONS, system, policy) : null;
  return DEFINITIONS.map((definition) => {
    const collector =
      walk === null ? makeCollector(definition, system, policy) : makeWalker(definition.fixCode, walk);
    return { collector, fix: makeFix(definition, system, policy) };
  });
}
