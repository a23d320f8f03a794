/**
 * How a node leaves without being noticed: balancers learn first that it goes, then it gives out no more work, then what
 * it gave out is acknowledged, then its clients go to the other nodes one after the other. People are served throughout.
 */
import type { Logger } from 'pino';
import type { Clock } from './base/clock.ts';
import type { Loop } from './base/services.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Nodes } from './nodes/index.ts';

/** Loops that give work to clients. */
const GIVING = new Set(['scheduler', 'collect-scheduler', 'dispatcher', 'collect-dispatcher']);
/** How long what was sent may remain unacknowledged, where another node can take it over. */
export const ACK_MS_MAX = 2_000;
const STRIDES_MS = 1_000;

export interface DrainParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodes: Nodes;
  readonly gateway: Gateway;
  readonly loops: readonly Loop[];
  /** How long balancers need to notice. */
  readonly drainMs: number;
}

/** Never rejects. */
export async function drain({ clock, log, nodes, gateway, loops, drainMs }: DrainParts): Promise<void> {
  const { hasOthers } = nodes;
  log.info({ drainMs, clients: gateway.all().length }, 'the server leaves');
  const never = new AbortController().signal;
  const stopped = Promise.allSettled(loops.filter(({ name }) => GIVING.has(name)).map((loop) => loop.stop()));
  await Promise.all([nodes.drain(), clock.sleep(drainMs, never)]);
  // Alone, nobody takes anything over: its clients keep what they have and come back.
  if (!hasOthers) return;
  const enough = new AbortController();
  await Promise.race([stopped, clock.sleep(ACK_MS_MAX, enough.signal)]);
  enough.abort();
  await gateway.closeSlowly(STRIDES_MS);
}
