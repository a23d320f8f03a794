/**
 * Gives due problems to clients with free places. Each client is served by a pump of its own, so that one that
 * is slow to acknowledge holds up nobody else; a client gets its next batch after it acknowledged the last.
 */
import { type FixCommand, PiculusError } from '@piculus/protocol';
import {
  type Context,
  type Executions,
  type Loop,
  NotSent,
  type Session,
  type Sessions,
} from '../base/services.ts';
import { Replaced } from '../base/replaced.ts';
import { hasRoom } from '../base/room.ts';
import { stepped } from '../base/steps.ts';
import { isDatabaseAway } from '../store/availability.ts';
import { systemsWithWork } from '../store/ticks.ts';
import { ClaimTurns } from './claim-turns.ts';
import { createLoop } from './loop.ts';

export interface DispatcherOptions {
  readonly pollMs?: number;
  /** How long stopping waits for clients that are slow to acknowledge; what they have is under a lease. */
  readonly stopMs?: () => number;
  /** A client that refused is asked again after this. */
  readonly refusedPauseMs?: number;
}

/** A round waits no longer than this for clients that are slow to acknowledge. */
const ROUND_MS_MAX = 200;
const STOP_MS_MAX = 500;

export function createDispatcher(
  context: Context,
  executions: Pick<Executions, 'claim' | 'giveBack'>,
  sessions: Sessions,
  options: DispatcherOptions = {},
): Loop {
  const pumps = new Map<Session, Promise<void>>();
  /** Was woken for while its pump was at work. */
  const again = new Set<Session>();
  const turns = new ClaimTurns(executions);
  /** By `elapsedMs`, as every wait here: a clock that is set back must not make it longer. */
  const pausedUntil = new WeakMap<Session, number>();
  const { clock, log } = context;

  async function claim(session: Session, isDue: boolean): Promise<FixCommand | null> {
    try {
      return await turns.claim(session, isDue);
    } catch (error) {
      if (!(error instanceof Replaced)) throw error;
      session.replaced?.();
      return null;
    }
  }

  /** One batch. @returns whether there may be more for this client. */
  async function serve(session: Session, isDue: boolean): Promise<boolean> {
    const command = await claim(session, isDue);
    if (command === null) return false;
    const { leaseId } = command;
    try {
      await stepped(context.steps, 'fix send', () => session.send('fix', command, { leaseId }));
      return true;
    } catch (error) {
      // Where the connection ended, the client may have got the command and be at work: only the lease's expiry
      // makes sure. A refusal says that it is not, and so does a connection that had ended before: no try is used.
      const notGiven =
        error instanceof NotSent || (error instanceof PiculusError && error.code !== 'no-client');
      log.warn({ err: error, leaseId, clientId: session.clientId }, 'a batch could not be delivered');
      if (notGiven) await executions.giveBack(leaseId, session);
      pausedUntil.set(session, clock.elapsedMs() + (options.refusedPauseMs ?? 1_000));
      return false;
    }
  }

  async function pump(session: Session, isDue: boolean, signal: AbortSignal): Promise<void> {
    try {
      for (let first = isDue; !signal.aborted && (await serve(session, first)); first = false) {
        if (!again.delete(session) && !hasRoom(session)) break;
      }
    } finally {
      pumps.delete(session);
      again.delete(session);
    }
  }

  /** @returns the pumps that this call started. */
  async function startPumps(signal: AbortSignal): Promise<Promise<void>[]> {
    const due = new Set(await systemsWithWork(context.db));
    const now = clock.elapsedMs();
    for (const session of pumps.keys()) if (due.has(session.sysCode)) again.add(session);
    const ready = sessions
      .all()
      .filter((one) => due.has(one.sysCode) && one.freePlaces > 0 && !pumps.has(one))
      .filter((one) => (pausedUntil.get(one) ?? now) <= now);
    return rotated(ready, clock.random()).map((session) => {
      // The first of a system need not look whether something is due; those after it mostly come too late.
      const running = pump(session, due.delete(session.sysCode), signal);
      pumps.set(session, running);
      return running;
    });
  }

  const loop = createLoop({
    ...context,
    name: 'dispatcher',
    wakeReason: 'dispatch',
    pollMs: options.pollMs ?? 500,
    work: async (signal) => {
      const started = await startPumps(signal);
      const round = new AbortController();
      const all = Promise.all(started);
      all.catch((error: unknown) => {
        if (!isDatabaseAway(error)) log.error({ err: error }, 'dispatching to a client failed');
      });
      await Promise.race([all, clock.sleep(ROUND_MS_MAX, round.signal)]).finally(() => round.abort());
    },
    onStop: async () => {
      const limit = new AbortController();
      await Promise.race([
        Promise.allSettled(pumps.values()),
        clock.sleep(options.stopMs?.() ?? STOP_MS_MAX, limit.signal),
      ]);
      limit.abort();
    },
  });
  return {
    ...loop,
    // A test that asks for one round means the whole of it, slow clients included.
    runOnce: async () => {
      await Promise.all(await startPumps(new AbortController().signal));
    },
  };
}

/** Starting at another client each time, so that none is always first. */
function rotated(sessions: readonly Session[], random: number): Session[] {
  const first = Math.floor(random * sessions.length);
  return [...sessions.slice(first), ...sessions.slice(0, first)];
}
