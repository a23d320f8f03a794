/**
 * Carries halts to the clients: what they have under a lease and have not begun is taken back. It also lets go on what
 * an hourly limit paused, and trips breakers between claims. What it has to do stands in the database, so a client that
 * comes back, or a server that was restarted, is told as well.
 */
import { PiculusError } from '@piculus/protocol';
import type { Context, Loop, Session, Sessions } from '../base/services.ts';
import { endPaused, tripBreakers } from '../limits/watch.ts';
import { haltedLeases } from '../store/halts.ts';
import { createLoop } from './loop.ts';

/** Leases that one round looks at. */
const LEASES_MAX = 10_000;
/** Leases that one message names. */
const LEASES_PER_MESSAGE = 500;
const BREAKER_MS = 2_000;

export function createHalter(
  context: Context,
  sessions: Sessions,
  options: { readonly pollMs?: number } = {},
): Loop {
  const told = new WeakMap<Session, Set<string>>();
  const { clock, db, log } = context;
  /** By `elapsedMs`: no change of a clock keeps the breakers from being looked at. */
  let breakersAt = Number.NEGATIVE_INFINITY;

  /** Resolves once the client acknowledged it: from then on it begins nothing of these. */
  async function halt(session: Session, leaseIds: readonly string[]): Promise<void> {
    const known = told.get(session) ?? new Set();
    told.set(session, known);
    const fresh = leaseIds.filter((id) => !known.has(id)).slice(0, LEASES_PER_MESSAGE);
    if (fresh.length === 0) return;
    for (const id of fresh) known.add(id);
    try {
      await session.send('halt', { leaseIds: fresh });
    } catch (error) {
      log.warn({ err: error, clientId: session.clientId }, 'a client could not be told to halt');
      // A client that does not know the message ends its batch; all others are told again.
      if (!(error instanceof PiculusError) || error.code !== 'unknown-type')
        for (const id of fresh) known.delete(id);
    }
  }

  async function recall(): Promise<Promise<void>[]> {
    const present = sessions.all();
    if (present.length === 0) return [];
    const byClient = new Map<string, string[]>();
    // Clients of other nodes are told by those.
    const here = present.map(({ clientId }) => clientId);
    for (const { id, clientId } of await haltedLeases(db, LEASES_MAX, here))
      byClient.set(clientId, [...(byClient.get(clientId) ?? []), id]);
    return present.map((session) => halt(session, byClient.get(session.clientId) ?? []));
  }

  async function watch(): Promise<void> {
    await endPaused(context);
    const now = clock.elapsedMs();
    if (now - breakersAt < BREAKER_MS) return;
    breakersAt = now;
    await tripBreakers(context);
  }

  const loop = createLoop({
    ...context,
    name: 'halter',
    wakeReason: 'limits',
    pollMs: options.pollMs ?? 500,
    work: async () => {
      // A client that is slow to acknowledge holds up nobody else.
      await recall();
      await watch();
    },
  });
  return {
    ...loop,
    // A test that asks for one round means the whole of it.
    runOnce: async () => {
      await Promise.all(await recall());
      await watch();
    },
  };
}
