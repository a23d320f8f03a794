/** Makes the server's rooms from the context, and the loops that work in the background. */
import type { Context, Loop, Services, Sessions } from './base/services.ts';
import { createApprovals } from './approvals/index.ts';
import { createBulkRuns } from './bulk-runs/index.ts';
import { createClients } from './clients/index.ts';
import { createCollections } from './collections/index.ts';
import { createApprovalExpirer } from './dispatch/approval-expirer.ts';
import { createCleaner } from './dispatch/cleaner.ts';
import { createCollectDispatcher } from './dispatch/collect-dispatcher.ts';
import { createCollectRescuer } from './dispatch/collect-rescuer.ts';
import { createCollectScheduler } from './dispatch/collect-scheduler.ts';
import { createDispatcher } from './dispatch/dispatcher.ts';
import { createHalter } from './dispatch/halter.ts';
import { createRescuer } from './dispatch/rescuer.ts';
import { createScheduler } from './dispatch/scheduler.ts';
import { createExecutions, type ExecutionsRoom } from './executions/index.ts';
import { createLimits } from './limits/index.ts';
import { createMessages, type MessageLog } from './messages/index.ts';
import { createProblems } from './problems/index.ts';
import { createSolutions } from './solutions/index.ts';
import { createStats } from './stats/index.ts';
import { createSystems } from './systems/index.ts';
import { createViews } from './views/index.ts';

export interface RoomOptions {
  /** How long a client may keep work without a sign of life. */
  readonly leaseMs: number;
  readonly messageRetentionDays: number;
  /** Whether this node is the one that cleans for all. */
  readonly isCleaner: () => boolean;
  /** How long a stop waits for clients to acknowledge what was sent. */
  readonly ackMs: () => number;
}

export interface Rooms extends Services {
  readonly executions: ExecutionsRoom;
  readonly messages: MessageLog;
}

export function createRooms(context: Context, options: Pick<RoomOptions, 'leaseMs'>): Rooms {
  return {
    systems: createSystems(context),
    clients: createClients(context),
    solutions: createSolutions(context),
    collections: createCollections(context, { leaseMs: options.leaseMs }),
    problems: createProblems(context),
    bulkRuns: createBulkRuns(context),
    views: createViews(context),
    executions: createExecutions(context, { leaseMs: options.leaseMs }),
    messages: createMessages(context),
    limits: createLimits(context),
    approvals: createApprovals(context),
    stats: createStats(context),
  };
}

/** The loops of the background, in the order in which they start; they stop in reverse. */
export function createLoops(
  context: Context,
  rooms: Rooms,
  sessions: Sessions,
  options: RoomOptions,
): readonly Loop[] {
  const { approvals, collections, executions } = rooms;
  return [
    createScheduler(context),
    createCollectScheduler(context),
    createRescuer(context, executions, { graceMs: options.leaseMs }),
    createCollectRescuer(context),
    createDispatcher(context, executions, sessions, { stopMs: options.ackMs }),
    createHalter(context, sessions),
    createCollectDispatcher(context, collections, sessions),
    createApprovalExpirer(context, approvals),
    createCleaner(context, { messageDays: options.messageRetentionDays }, options.isCleaner),
  ];
}
