/**
 * Hands waiting collect commands to connected clients. The database decides who gets one; the message only tells
 * the client. A command that could not be delivered goes back and waits for the next round.
 */
import type { Collections, Context, Session, Sessions } from '../base/services.ts';

export interface CollectDispatcher {
  /** Claims for every session that has nothing to do; deliveries go on in the background. */
  round(): Promise<void>;
  /** Resolves when no delivery is under way. */
  settled(): Promise<void>;
}

export function createCollectDispatcher(
  context: Context,
  collections: Pick<Collections, 'claim' | 'giveBack'>,
  sessions: Sessions,
): CollectDispatcher {
  // One delivery per client at a time: a client that does not answer holds up itself and nobody else.
  const delivering = new Map<string, Promise<void>>();

  const serve = async (session: Session): Promise<void> => {
    const command = await collections.claim(session);
    if (command === null) return;
    const { collectionId } = command;
    const delivery = session
      .send('collect', command, { collectionId })
      .catch(async (error: unknown) => {
        context.log.info(
          { err: error, clientId: session.clientId, commandId: command.commandId },
          'collect not delivered',
        );
        await collections.giveBack(command.commandId, command.epoch);
      })
      .catch((error: unknown) => {
        // Its lease runs out by itself, so nothing is lost but time.
        context.log.warn({ err: error, commandId: command.commandId }, 'collect not given back');
      })
      .finally(() => delivering.delete(session.clientId));
    delivering.set(session.clientId, delivery);
  };

  return {
    async round() {
      for (const session of sessions.all()) {
        if (!delivering.has(session.clientId)) await serve(session);
      }
    },
    async settled() {
      await Promise.all(delivering.values());
    },
  };
}
