/** Tells consoles and loops what was committed. */
import type { Context } from '../base/services.ts';
import { announceBulkRuns } from '../bulk-runs/announce.ts';

const IDS_MAX = 100;

export function announceProblems({ events }: Context, sysCode: string, ids: readonly string[]): void {
  if (ids.length === 0) return;
  events.publish({ topic: 'problems', sysCode, ids: ids.slice(0, IDS_MAX), more: ids.length > IDS_MAX });
}

export function announceBySystem(
  context: Context,
  rows: readonly { readonly sysCode: string; readonly id: string }[],
): void {
  const bySystem = new Map<string, string[]>();
  for (const { sysCode, id } of rows) {
    const ids = bySystem.get(sysCode);
    if (ids === undefined) bySystem.set(sysCode, [id]);
    else ids.push(id);
  }
  for (const [sysCode, ids] of bySystem) announceProblems(context, sysCode, ids);
}

/** After answers: their problems moved, executions were added. */
export function announce(
  context: Context,
  sysCode: string,
  problemIds: readonly string[],
  { executionIds, bulkRunIds }: { executionIds: readonly string[]; bulkRunIds: readonly string[] },
): void {
  announceProblems(context, sysCode, problemIds);
  announceBulkRuns(context, bulkRunIds, [sysCode]);
  if (executionIds.length > 0) {
    const ids = executionIds.slice(0, IDS_MAX);
    context.events.publish({ topic: 'executions', sysCode, ids, more: executionIds.length > IDS_MAX });
  }
}
