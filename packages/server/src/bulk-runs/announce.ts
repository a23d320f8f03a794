import type { Context } from '../base/services.ts';

const IDS_MAX = 100;

/**
 * Tells consoles that results of these bulk runs changed: one event for a whole batch of answers.
 * @param systems each of the runs has problems of each of these.
 */
export function announceBulkRuns(
  { events }: Pick<Context, 'events'>,
  ids: readonly string[],
  systems: readonly string[],
): void {
  if (ids.length === 0) return;
  events.publish({
    topic: 'bulk-runs',
    sysCode: null,
    systems,
    ids: ids.slice(0, IDS_MAX),
    more: ids.length > IDS_MAX,
  });
}
