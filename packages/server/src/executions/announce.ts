/** Tells consoles and loops what was committed. */
import type { Context } from '../base/services.ts';

const IDS_MAX = 100;

export function announceProblems({ events }: Context, sysCode: string, ids: readonly string[]): void {
  if (ids.length === 0) return;
  events.publish({ topic: 'problems', sysCode, ids: ids.slice(0, IDS_MAX), more: ids.length > IDS_MAX });
}

/** After answers: their problems moved, executions were added, places became free. */
export function announce(
  context: Context,
  sysCode: string,
  problemIds: readonly string[],
  executionIds: readonly string[],
): void {
  announceProblems(context, sysCode, problemIds);
  if (executionIds.length > 0) {
    const ids = executionIds.slice(0, IDS_MAX);
    context.events.publish({ topic: 'executions', sysCode, ids, more: executionIds.length > IDS_MAX });
  }
  context.wake.notify('dispatch');
}
