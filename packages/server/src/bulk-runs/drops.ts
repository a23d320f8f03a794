/** Clicks that end without an answer. */
import type { Actor, Context } from '../base/services.ts';
import { announceBySystem } from '../executions/announce.ts';
import type { Drop, DroppedClicks } from '../store/run-requests.ts';
import { announceBulkRuns } from './announce.ts';
import { DROP_CAUSES, type DropCause } from './words.ts';

/** What is not configured any more is not executed; one that waited silently would run when nobody thinks of it. */
export function dropBySolution(
  cause: Extract<DropCause, `solution-${string}`>,
  actor: Actor,
  at: Date,
): Drop {
  return { cause, note: null, at, told: { actor, reason: DROP_CAUSES[cause].en } };
}

/** The clicks are of one system, or of one bulk run. */
export function announceDropped(context: Context, { problems, bulkRunIds }: DroppedClicks): void {
  announceBySystem(context, problems);
  announceBulkRuns(context, bulkRunIds, [...new Set(problems.map(({ sysCode }) => sysCode))]);
}
