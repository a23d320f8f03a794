/** Problems as the API shows them. */
import { type ScenarioCode, SCENARIOS } from '@piculus/protocol';
import type { HistoryEntry, Problem } from '@piculus/protocol/http';
import { nextTicks } from '../solutions/quartz.ts';
import type { ProblemAct } from '../store/audit.ts';
import type { ExecutionRow } from '../store/executions.ts';
import type { ListedProblem } from '../store/problem-lists.ts';
import type { reportsThatChanged } from '../store/reports.ts';
import { type SolutionCore, waitReason } from './rules.ts';

export const sentenceOf = (code: ScenarioCode): { en: string; zh: string } => SCENARIOS[code].sentence;

export function solutionOf({
  status,
  executionMode,
}: Pick<ListedProblem, 'status' | 'executionMode'>): SolutionCore | null {
  return status === null || executionMode === null ? null : { status, executionMode };
}

/** @param ticks one for all rows of a page: most share a few crons, and a next tick takes a while to find. */
export function asProblem(row: ListedProblem, ticks: NextTicks): Problem {
  const state = row.executing ? 'executing' : row.state;
  const paused = { ticks: row.ticksPaused, clicks: row.clicksPaused };
  const reason = waitReason({ ...row, state, solution: solutionOf(row), paused });
  const ticking =
    row.executionMode === 'automatic' && !row.requested && (reason === 'scheduled' || reason === 'no-client');
  return {
    id: row.id,
    sysCode: row.sysCode,
    fixCode: row.fixCode,
    businessKey: row.businessKey,
    scenario: row.scenario,
    handling: row.handling,
    state,
    waitReason: reason,
    nextTickAt: ticking ? ticks.of(row) : null,
    amountMinor: row.amountMinor,
    currency: row.currency,
    outOfPocket: row.outOfPocket,
    occurredAt: row.occurredAt.toISOString(),
    firstSeenAt: row.firstSeenAt.toISOString(),
    lastSeenAt: row.lastSeenAt.toISOString(),
    seenCount: row.seenCount,
    attempts: row.attempts,
    retriesUsed: row.retriesUsed,
    maxRetries: row.maxRetries,
    reopenCount: row.reopenCount,
    reopened: row.reopened,
    seenSinceClosed: row.seenSinceClosed,
    approvalId: row.approvalId,
    lastOutcome: row.lastOutcome,
    lastReason: row.lastReason,
    stateChangedAt: row.stateChangedAt.toISOString(),
    confirmedAt: row.confirmedAt?.toISOString() ?? null,
  };
}

export interface NextTicks {
  of(row: ListedProblem): string | null;
}

export function nextTicksFrom(now: Date): NextTicks {
  const known = new Map<string, string | null>();
  return {
    of: ({ retryCron, timeZone }) => {
      if (retryCron === null || timeZone === null) return null;
      const key = `${timeZone} ${retryCron}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      const next = nextTicks(retryCron, timeZone, now, 1)[0]?.toISOString() ?? null;
      known.set(key, next);
      return next;
    },
  };
}

/** Everything that changed the problem, oldest first: reports, executions and acts of people. */
export function historyOf(
  row: ListedProblem,
  reports: Awaited<ReturnType<typeof reportsThatChanged>>,
  executions: readonly ExecutionRow[],
  acts: readonly ProblemAct[],
): HistoryEntry[] {
  const first = {
    at: row.firstSeenAt.toISOString(),
    actor: row.sysCode,
    act: 'reported',
    reason: null,
    detail: {},
  };
  const entries: HistoryEntry[] = [
    ...reports.map(({ at, clientId, commandId, change: { from, to } }) => ({
      at: at.toISOString(),
      actor: clientId,
      act: 'reported-again',
      reason: null,
      detail: { from, to, commandId },
    })),
    ...executions.map((one) => ({
      at: one.finishedAt.toISOString(),
      actor: one.clientId,
      act: 'executed',
      reason: one.reason,
      detail: {
        outcome: one.outcome,
        from: one.stateBefore,
        to: one.stateAfter,
        attempt: one.attempt,
        executionId: one.id,
      },
    })),
    ...acts.map((act) => ({ ...act, at: act.at.toISOString() })),
  ];
  return [first, ...entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))];
}
