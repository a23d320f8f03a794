/** Wakes the loops of this process and, by hints, those of the other nodes; what is stored is found without it too. */
import type { Wake, WakeReason } from '../base/services.ts';
import type { Bus, BusTopic } from './bus.ts';

/** Reasons that concern the work of other nodes. */
const SHARED: ReadonlySet<WakeReason | BusTopic> = new Set<BusTopic>([
  'dispatch',
  'collect',
  'solutions',
  'limits',
]);
const isShared = (reason: WakeReason): reason is WakeReason & BusTopic => SHARED.has(reason);

export function shareWake(wake: Wake, bus: Bus): Wake {
  const heard: readonly (WakeReason & BusTopic)[] = ['dispatch', 'collect', 'solutions', 'limits', 'mail'];
  for (const reason of heard) bus.listen(reason, () => wake.notify(reason));
  return {
    notify(reason) {
      wake.notify(reason);
      if (isShared(reason)) bus.notify(reason);
    },
    wait: (reason, ms, signal) => wake.wait(reason, ms, signal),
  };
}
