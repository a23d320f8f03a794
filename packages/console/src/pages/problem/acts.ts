/** Which acts fit the state of a problem, and why one is refused. The server decides again; this only tells before. */
import type { HistoryEntry, ProblemDetail, Solution } from '@piculus/protocol/http';

export type Refusal = 'running' | 'ended' | 'closed' | 'no-solution' | 'disabled' | 'asked';
export interface Offer {
  /** Null: it can be done. */
  readonly refused: Refusal | null;
  readonly reason: 'required' | 'optional';
}
export interface Offers {
  readonly preview: Offer;
  readonly run: Offer;
  /** Null: it does not fit the state at all. */
  readonly close: Offer | null;
  readonly reopen: Offer | null;
}

type Asked = Pick<ProblemDetail, 'state' | 'history'>;

/** @param solution null where none is configured; undefined while it is not known yet. */
export function offersFor(problem: Asked, solution: Pick<Solution, 'status'> | null | undefined): Offers {
  const { state } = problem;
  const running = state === 'executing';
  const ended = state === 'fixed' || state === 'cleared' || state === 'closed';
  return {
    preview: { refused: running ? 'running' : null, reason: 'optional' },
    run: {
      refused: refusesRun(problem, solution),
      reason: state === 'pending' ? 'optional' : 'required',
    },
    close: ended ? null : { refused: running ? 'running' : null, reason: 'required' },
    reopen: state === 'fixed' || state === 'closed' ? { refused: null, reason: 'required' } : null,
  };
}

function refusesRun(
  { state, history }: Asked,
  solution: Pick<Solution, 'status'> | null | undefined,
): Refusal | null {
  if (state === 'executing') return 'running';
  if (state === 'closed') return 'closed';
  if (state === 'fixed' || state === 'cleared') return 'ended';
  if (solution === null) return 'no-solution';
  if (solution?.status === 'disabled') return 'disabled';
  return runAsked(history) === null ? null : 'asked';
}

/** @returns the click that waits for a client, null where none does. @param history oldest first. */
export function runAsked(history: readonly HistoryEntry[]): HistoryEntry | null {
  const last = history.findLast(({ act }) => CHANGES_A_RUN.includes(act));
  return last?.act === 'run' ? last : null;
}
const CHANGES_A_RUN: readonly string[] = ['run', 'executed', 'run-dropped', 'close', 'reopen'];

/** @returns who clicked for an execution that was sent then; null for a tick. @param history oldest first. */
export function askedFor(
  history: readonly HistoryEntry[],
  execution: { readonly trigger: string; readonly dispatchedAt: string },
): HistoryEntry | null {
  if (execution.trigger === 'tick') return null;
  const dispatched = Date.parse(execution.dispatchedAt);
  return history.findLast(({ act, at }) => act === 'run' && Date.parse(at) <= dispatched) ?? null;
}
