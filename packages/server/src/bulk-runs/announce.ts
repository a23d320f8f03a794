import type { Context } from '../base/services.ts';

const IDS_MAX = 100;

/** Tells consoles that results of these bulk runs changed: one event for a whole batch of answers. */
export function announceBulkRuns({ events }: Pick<Context, 'events'>, ids: readonly string[]): void {
  if (ids.length === 0) return;
  // Its problems may be of several systems.
  events.publish({
    topic: 'bulk-runs',
    sysCode: null,
    ids: ids.slice(0, IDS_MAX),
    more: ids.length > IDS_MAX,
  });
}
