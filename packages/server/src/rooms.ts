/** Makes the server's rooms from the context, and the loops that work in the background. */
import type { Context, Loop, Services, Sessions } from './base/services.ts';
import { createClients } from './clients/index.ts';
import { createCollections } from './collections/index.ts';
import { createExecutions, type ExecutionsRoom } from './executions/index.ts';
import { createMessages, type MessageLog } from './messages/index.ts';
import { createProblems } from './problems/index.ts';
import { createSolutions } from './solutions/index.ts';
import { createStats } from './stats/index.ts';
import { createSystems } from './systems/index.ts';

export interface LoopOptions {
  readonly messageRetentionDays: number;
}

export interface Rooms extends Services {
  readonly executions: ExecutionsRoom;
  readonly messages: MessageLog;
}

export function createRooms(context: Context, options: { readonly leaseMs: number }): Rooms {
  return {
    systems: createSystems(context),
    clients: createClients(context),
    solutions: createSolutions(context),
    collections: createCollections(context),
    problems: createProblems(context),
    executions: createExecutions(context, { leaseMs: options.leaseMs }),
    messages: createMessages(context),
    stats: createStats(context),
  };
}

/** The loops of the background, in the order in which they start. */
export function createLoops(
  _context: Context,
  _rooms: Rooms,
  _sessions: Sessions,
  _options: LoopOptions,
): readonly Loop[] {
  return [];
}
