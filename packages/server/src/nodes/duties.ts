/**
 * Duties: what one node does for all, so that it is not done by each. A node has a duty for as long as it renews it;
 * where it dies, another one takes it after that time. For a moment two may believe to have it: what they do must bear
 * that.
 */
import type { Context, Loop } from '../base/services.ts';
import { createLoop } from '../dispatch/loop.ts';
import { freeDuties, takeDuties } from '../store/duties.ts';

export const DUTIES = ['cleaner', 'chain-writer'] as const;
export type DutyName = (typeof DUTIES)[number];

export interface Duties {
  readonly loop: Loop;
  has(name: DutyName): boolean;
  /** Gives all of them up and takes none any more. */
  free(): Promise<void>;
}

const HELD_MS = 10_000;
const RENEWED_MS = 3_000;

export function createDuties(
  context: Context,
  options: { heldMs?: number; renewedMs?: number } = {},
): Duties {
  const { clock, db } = context;
  const { heldMs = HELD_MS, renewedMs = RENEWED_MS } = options;
  let held: ReadonlySet<string> = new Set();
  let until = 0;
  let ended = false;
  return {
    has: (name) => !ended && held.has(name) && clock.elapsedMs() < until,
    loop: createLoop({
      ...context,
      name: 'duties',
      wakeReason: null,
      pollMs: renewedMs,
      delayMsMax: 1_000,
      work: async () => {
        if (ended) return;
        // Counted from before the statement: the row never ends before this does.
        const askedAt = clock.elapsedMs();
        held = new Set(await takeDuties(db, { nodeId: context.nodeId, names: DUTIES, ms: heldMs }));
        until = askedAt + heldMs;
      },
    }),
    async free() {
      ended = true;
      await freeDuties(db, context.nodeId);
    },
  };
}
