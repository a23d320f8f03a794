/** What came of a bulk run, in the groups that a person asks about. */
import type { BULK_RESULTS, BulkRun } from '@piculus/protocol/http';

export type BulkResult = (typeof BULK_RESULTS)[number];
export const GROUPS = ['success', 'waiting', 'failed', 'person', 'not-eligible'] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Readonly<Record<BulkResult, Group>> = {
  fixed: 'success',
  'already-right': 'success',
  'not-this-problem': 'success',
  waiting: 'waiting',
  'not-yet': 'waiting',
  failed: 'failed',
  unknown: 'failed',
  dropped: 'failed',
  refused: 'person',
  'not-eligible': 'not-eligible',
};
/** In the order in which they are shown. */
const RESULTS: readonly BulkResult[] = [
  'fixed',
  'already-right',
  'not-this-problem',
  'waiting',
  'not-yet',
  'failed',
  'unknown',
  'dropped',
  'refused',
  'not-eligible',
];

export function groupOf(result: BulkResult): Group {
  return GROUP_OF[result];
}

export function resultsOf(group: Group): readonly BulkResult[] {
  return RESULTS.filter((result) => GROUP_OF[result] === group);
}

export interface GroupCount {
  readonly group: Group;
  readonly problems: number;
  /** Those that are not zero. */
  readonly results: readonly { readonly result: BulkResult; readonly problems: number }[];
}

/** All groups, also the empty ones, so that nothing moves while a run goes on. */
export function groupCounts(counts: BulkRun['results']): GroupCount[] {
  return GROUPS.map((group) => {
    const results = resultsOf(group)
      .map((result) => ({ result, problems: counts[result] ?? 0 }))
      .filter(({ problems }) => problems > 0);
    return { group, results, problems: results.reduce((sum, { problems }) => sum + problems, 0) };
  });
}

/** @returns how many are answered, one way or another. */
export function answered({ problems, results }: Pick<BulkRun, 'problems' | 'results'>): number {
  return problems - (results.waiting ?? 0);
}

/** Results that another try may change. */
export const AGAIN: readonly BulkResult[] = ['failed', 'unknown', 'dropped'];

export interface ReasonCount {
  readonly reason: string;
  readonly problems: number;
}

/** @returns the reasons of these items, the most frequent first. */
export function countReasons(reasons: readonly string[]): ReasonCount[] {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, problems]) => ({ reason, problems }))
    .sort((one, other) => other.problems - one.problems || (one.reason < other.reason ? -1 : 1));
}
