/** Why open problems wait, counted per fix instead of per problem. */
import { WAIT_REASONS, type WaitReason } from '@piculus/protocol';
import type { Stats } from '@piculus/protocol/http';
import { waitReason } from '../problems/rules.ts';
import type { WaitingRow } from '../store/stats.ts';

/** Each of the five kinds of pending problems that one fix may have waits for one reason, as the rules say it. */
export function waitsOf(rows: readonly WaitingRow[]): Stats['waits'] {
  const totals = new Map<WaitReason, number>();
  for (const row of rows) {
    const { status, executionMode, clientConnected } = row;
    const solution = status === null || executionMode === null ? null : { status, executionMode };
    const paused = { ticks: row.ticksPaused, clicks: row.clicksPaused };
    const others = row.pending - row.reopened - row.clicked - row.askingPerson;
    const kinds = [
      { reopened: true, requested: true, asksPerson: false, problems: row.reopenedClicked },
      { reopened: true, requested: false, asksPerson: false, problems: row.reopened - row.reopenedClicked },
      { reopened: false, requested: true, asksPerson: false, problems: row.clicked },
      { reopened: false, requested: false, asksPerson: true, problems: row.askingPerson },
      { reopened: false, requested: false, asksPerson: false, problems: others },
    ];
    for (const { problems, ...kind } of kinds) {
      const reason = waitReason({ state: 'pending', ...kind, solution, paused, clientConnected });
      if (reason !== null) totals.set(reason, (totals.get(reason) ?? 0) + problems);
    }
  }
  return WAIT_REASONS.flatMap((reason) => {
    const problems = totals.get(reason) ?? 0;
    return problems > 0 ? [{ waitReason: reason, problems }] : [];
  });
}

/** As the filter `waitsForPerson` finds them: with a person by their state, or pending under a manual solution. */
export function waitsForPerson(rows: readonly WaitingRow[]): number {
  return rows.reduce((sum, row) => {
    const manual = row.status === 'enabled' && row.executionMode === 'manual';
    return sum + row.withPerson + (manual ? row.pending - row.reopened : 0);
  }, 0);
}
