/** The queue that the address asks for: its rows, and those that left it while somebody worked on them. */
import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { api } from '../../api/client.ts';
import { useRead } from '../../api/queries.ts';
import { useFilters } from '../../parts/filters.ts';
import { usePaging } from '../../parts/paging.tsx';
import { filterQuery, problemFilterOf, useProblemFields } from '../../parts/problem-fields.ts';
import { type Held, mergeHeld, useHeld } from './held.ts';
import { DECIDED, tabFilter, tabOf } from './tabs.ts';

export function useQueue() {
  const [params] = useSearchParams();
  const tab = tabOf(params.get('tab'));
  const all = useProblemFields(DECIDED);
  // One field is enough here: on a phone the queue itself must be in sight.
  const fields = useMemo(
    () => all.map((field) => ({ ...field, pinned: field.name === 'businessKey' })),
    [all],
  );
  const filters = useFilters(fields);
  const { filter: beside, wrong } = useMemo(() => problemFilterOf(filters.values), [filters.values]);
  const filter = useMemo(() => tabFilter(tab, beside), [tab, beside]);
  const paging = usePaging();
  const read = useRead('listProblems', { query: { ...filter, after: paging.after } }, { keep: true });
  const scope = filterQuery(filter);
  const place = `${scope}#${paging.after ?? ''}`;
  const inQueue = read.data?.items;
  const held = useFreshHeld(place, inQueue?.map(({ id }) => id) ?? []);
  const isOther = read.isPlaceholderData;
  const rows = useMemo(
    // Rows of the page before are shown until this one's arrive; nothing is held among them.
    () => (inQueue === undefined ? undefined : mergeHeld(inQueue, isOther ? [] : held)),
    [inQueue, held, isOther],
  );
  return {
    tab,
    fields,
    filters,
    /** Of the tab and of what is chosen beside it. */
    filter,
    /** Names in the address whose value is none. */
    wrong,
    /** The list, as a name. */
    scope,
    /** The page of the list, as a name. */
    place,
    paging,
    read,
    rows,
    /** Without those that left; undefined while the rows on the screen are those of another list. */
    inQueue: isOther ? undefined : inQueue,
  };
}

/** The held rows as they are now: those that left the queue are read one by one, there are few of them. */
function useFreshHeld(place: string, inQueue: readonly string[]): readonly Held[] {
  const held = useHeld(place);
  const gone = held.filter(({ problem }) => !inQueue.includes(problem.id));
  const fresh = useQueries({
    queries: gone.map(({ problem: { id } }) => ({
      queryKey: ['getProblem', { params: { id } }],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.getProblem({ params: { id }, signal }),
    })),
    combine: (results) => results.map(({ data }) => data),
  });
  return useMemo(() => {
    const now = new Map(fresh.flatMap((problem) => (problem === undefined ? [] : [[problem.id, problem]])));
    return held.map((one): Held => ({ ...one, problem: now.get(one.problem.id) ?? one.problem }));
  }, [held, fresh]);
}
