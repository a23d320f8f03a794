/** Why a problem stands where it stands and what comes next, as a name for the words to say it. */
import type { HistoryEntry, Lease, ProblemDetail, Solution } from '@piculus/protocol/http';
import { runAsked } from './acts.ts';

export type Outlook =
  | 'loading'
  | 'no-solution'
  | 'disabled'
  | 'manual'
  | 'approval'
  | 'reopened'
  | 'scheduled'
  | 'asked'
  | 'no-tick'
  | 'no-client'
  | 'paused'
  | 'executing'
  | 'fixed'
  | 'confirmed'
  | 'cleared'
  | 'exhausted'
  | 'needs-human'
  | 'for-person'
  | 'closed'
  | 'seen-since-closed';

type Seen = Pick<
  ProblemDetail,
  | 'state'
  | 'waitReason'
  | 'nextTickAt'
  | 'confirmedAt'
  | 'handling'
  | 'attempts'
  | 'seenSinceClosed'
  | 'history'
>;

export function outlookOf(problem: Seen): Outlook {
  const { state, waitReason } = problem;
  switch (state) {
    case 'executing':
    case 'cleared':
    case 'exhausted':
      return state;
    case 'fixed':
      return problem.confirmedAt === null ? 'fixed' : 'confirmed';
    case 'needs-human':
      return problem.handling === 'person' && problem.attempts === 0 ? 'for-person' : 'needs-human';
    case 'closed':
      return problem.seenSinceClosed ? 'seen-since-closed' : 'closed';
    case 'pending':
      if (waitReason !== 'scheduled') return waitReason ?? 'loading';
      if (runAsked(problem.history) !== null) return 'asked';
      return problem.nextTickAt === null ? 'no-tick' : 'scheduled';
  }
}

/** @returns the solution of the problem's fix; null where there is none, undefined where none was read yet. */
export function solutionFor(
  problem: Pick<ProblemDetail, 'sysCode' | 'fixCode'>,
  solutions: readonly Solution[] | undefined,
): Solution | null | undefined {
  return solutions === undefined
    ? undefined
    : (solutions.find(({ sysCode, fixCode }) => sysCode === problem.sysCode && fixCode === problem.fixCode) ??
        null);
}

/** @returns the last closing of the problem. @param history oldest first. */
export function lastClosing(history: readonly HistoryEntry[]): HistoryEntry | null {
  return history.findLast(({ act }) => act === 'close') ?? null;
}

/** @returns the lease under which a client works on the problem. */
export function leaseOf(problemId: string, leases: readonly Lease[] | undefined): Lease | undefined {
  return leases?.find(({ items }) => items.some((item) => item.problemId === problemId && !item.answered));
}
