/**
 * Ends expired leases as `unknown`. After a start, and after the database was away, it first waits for as long
 * as a lease lasts: clients could not renew theirs meanwhile, and most still work on them. Not so where another node
 * was at work through all of that time: then clients had somewhere to renew.
 */
import type { Context, Loop } from '../base/services.ts';
import type { ExecutionsRoom } from '../executions/index.ts';
import { EXECUTION_DEFAULTS } from '../executions/options.ts';
import { isDatabaseAway } from '../store/availability.ts';
import { pingDatabase } from '../store/ping.ts';
import { wasNodeSteady } from '../store/steady-nodes.ts';
import { createLoop } from './loop.ts';

export interface RescuerOptions {
  readonly pollMs?: number;
  /** How long clients get to come back; the lease time where absent. */
  readonly graceMs?: number;
}

export function createRescuer(
  context: Context,
  executions: Pick<ExecutionsRoom, 'rescueExpired'>,
  options: RescuerOptions = {},
): Loop {
  const graceMs = options.graceMs ?? EXECUTION_DEFAULTS.leaseMs;
  // By `elapsedMs`. Null until the database was reached: the time of grace begins there.
  let graceEnds: number | null = null;
  async function graceNeededMs(): Promise<number> {
    const wasServed = await wasNodeSteady(context.db, context.nodeId, graceMs);
    context.log.info({ graceMs: wasServed ? 0 : graceMs, wasServed }, 'leases that expired are looked after');
    return wasServed ? 0 : graceMs;
  }

  return createLoop({
    ...context,
    name: 'rescuer',
    wakeReason: null,
    pollMs: options.pollMs ?? 1_000,
    delayMsMax: 1_000,
    work: async () => {
      try {
        // During the time of grace nothing else would notice that the database is away (again).
        if (graceEnds === null || context.clock.elapsedMs() < graceEnds) await pingDatabase(context.db);
        graceEnds ??= context.clock.elapsedMs() + (await graceNeededMs());
        if (context.clock.elapsedMs() < graceEnds) return;
        await executions.rescueExpired();
      } catch (error) {
        if (isDatabaseAway(error)) graceEnds = null;
        throw error;
      }
    },
  });
}
