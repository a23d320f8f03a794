/**
 * Hands waiting collect commands to connected clients. The database decides who gets one; the message only tells
 * the client. A command that could not be delivered goes back and waits for another client or a later round.
 */
import type { CollectCommand } from '@piculus/protocol';
import type { Collections, Context, Loop, Session, Sessions } from '../base/services.ts';
import { Replaced } from '../base/replaced.ts';
import { stepped } from '../base/steps.ts';
import { systemsToServe } from '../store/collect-commands.ts';
import { createLoop } from './loop.ts';

export interface CollectDispatcherOptions {
  readonly pollMs?: number;
  /** How long a client that did not take a command is left alone. */
  readonly pauseMs?: number;
}

export function createCollectDispatcher(
  context: Context,
  collections: Pick<Collections, 'claim' | 'giveBack'>,
  sessions: Sessions,
  { pollMs = 1_000, pauseMs = 10_000 }: CollectDispatcherOptions = {},
): Loop {
  // One delivery per client at a time: a client that does not answer holds up itself and nobody else.
  const delivering = new Map<string, Promise<void>>();
  /** By `elapsedMs`: a clock that is set back must not make a pause longer. */
  const pausedUntil = new Map<string, number>();

  const deliver = async (session: Session, command: CollectCommand): Promise<void> => {
    const { clientId } = session;
    const { commandId, collectionId, epoch } = command;
    try {
      await stepped(context.steps, 'collect send', () => session.send('collect', command, { collectionId }));
    } catch (error) {
      context.log.info({ err: error, clientId, commandId }, 'collect not delivered');
      pausedUntil.set(clientId, context.clock.elapsedMs() + pauseMs);
      await collections.giveBack(commandId, epoch);
    }
  };

  const claim = async (session: Session): Promise<CollectCommand | null> => {
    try {
      return await collections.claim(session);
    } catch (error) {
      if (!(error instanceof Replaced)) throw error;
      session.replaced?.();
      return null;
    }
  };

  const serve = async (session: Session): Promise<void> => {
    const command = await claim(session);
    if (command === null) return;
    const delivery = deliver(session, command)
      // Where it cannot be given back either, its lease runs out by itself; nothing is lost but time.
      .catch((error: unknown) => context.log.warn({ err: error }, 'collect not given back'))
      .finally(() => delivering.delete(session.clientId));
    delivering.set(session.clientId, delivery);
  };

  const isPaused = (session: Session): boolean => {
    const until = pausedUntil.get(session.clientId);
    if (until === undefined) return false;
    if (until > context.clock.elapsedMs()) return true;
    pausedUntil.delete(session.clientId);
    return false;
  };

  const settled = async (): Promise<void> => {
    await Promise.all(delivering.values());
  };
  const loop = createLoop({
    ...context,
    name: 'collect-dispatcher',
    wakeReason: 'collect',
    pollMs,
    async work(signal) {
      const present = sessions.all();
      const ids = new Set(present.map(({ clientId }) => clientId));
      for (const id of pausedUntil.keys()) if (!ids.has(id)) pausedUntil.delete(id);
      if (present.length === 0) return;
      // One cheap question a round, so that a thousand idle clients do not cost a thousand transactions.
      const waiting = new Set(await systemsToServe(context.db, context.clock.now()));
      for (const session of present) {
        if (signal.aborted) return;
        if (!waiting.has(session.sysCode)) continue;
        if (!delivering.has(session.clientId) && !isPaused(session)) await serve(session);
      }
    },
    onStop: settled,
  });
  return {
    ...loop,
    // Whoever calls one round wants its end; the repeated ones do not wait for clients.
    async runOnce() {
      await loop.runOnce();
      await settled();
    },
  };
}
