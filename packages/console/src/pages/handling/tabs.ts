/** The groups of the work queue, each a filter of problems and a figure that the overview keeps. */
import type { ProblemState, WaitReason } from '@piculus/protocol';
import type { ProblemFilter, Stats } from '@piculus/protocol/http';

export const TABS = ['all', 'manual', 'reopened', 'exhausted', 'needs-human', 'no-solution'] as const;
export type Tab = (typeof TABS)[number];

/** Each names `waitsForPerson` where it can, because the server finds these without a walk over all problems. */
const FILTERS: Readonly<Record<Tab, ProblemFilter>> = {
  all: { waitsForPerson: true },
  manual: { waitsForPerson: true, waitReason: ['manual'] },
  reopened: { waitsForPerson: true, waitReason: ['reopened'] },
  exhausted: { state: ['exhausted'] },
  'needs-human': { state: ['needs-human'] },
  'no-solution': { waitReason: ['no-solution'] },
};

/** What the tab decides, so that no filter beside it says something else. */
export const DECIDED = ['state', 'waitReason', 'waitsForPerson', 'reopened'];

export function tabOf(text: string | null): Tab {
  return TABS.find((tab) => tab === text) ?? 'all';
}

/** @param filter what the person has chosen beside the tab. */
export function tabFilter(tab: Tab, filter: ProblemFilter): ProblemFilter {
  return { ...filter, ...FILTERS[tab] };
}

/** @returns how many problems a tab holds, without the filters beside it. */
export function tabCount(tab: Tab, stats: Pick<Stats, 'waitsForPerson' | 'waits' | 'counts'>): number {
  const waiting = (reason: WaitReason): number =>
    stats.waits.find(({ waitReason }) => waitReason === reason)?.problems ?? 0;
  const inState = (state: ProblemState): number =>
    stats.counts.reduce((sum, count) => (count.state === state ? sum + count.problems : sum), 0);
  switch (tab) {
    case 'all':
      return stats.waitsForPerson;
    case 'manual':
    case 'reopened':
    case 'no-solution':
      return waiting(tab);
    case 'exhausted':
    case 'needs-human':
      return inState(tab);
  }
}
