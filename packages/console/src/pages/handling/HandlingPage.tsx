/** The work queue: what waits for a person, why, and what can be done with it. Nothing jumps after an act. */
import { Anchor, Button, Group, Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { api } from '../../api/client.ts';
import { useRead } from '../../api/queries.ts';
import { BesideLayout, useBeside } from '../../parts/Beside.tsx';
import { BulkBar } from '../../parts/BulkBar.tsx';
import { useChosen } from '../../parts/choosing.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { useFilters } from '../../parts/filters.ts';
import { Page } from '../../parts/Page.tsx';
import { Pager, usePaging } from '../../parts/paging.tsx';
import { filterQuery, problemFilterOf, useProblemFields } from '../../parts/problem-fields.ts';
import { useQueueColumns } from './columns.tsx';
import './handling.css';
import { type Held, hold, mergeHeld, type QueueRow, release, useHeld } from './held.ts';
import { QueueTabs } from './QueueTabs.tsx';
import { DECIDED, tabFilter, tabOf } from './tabs.ts';

const rowKey = ({ problem }: QueueRow): string => problem.id;
const rowName = ({ problem }: QueueRow): string => problem.businessKey;

export function Component() {
  const { t } = useTranslation('handling');
  const { t: shell } = useTranslation('shell');
  const [params] = useSearchParams();
  const tab = tabOf(params.get('tab'));
  const all = useProblemFields(DECIDED);
  // One field is enough here: on a phone the queue itself must be in sight.
  const fields = useMemo(
    () => all.map((field) => ({ ...field, pinned: field.name === 'businessKey' })),
    [all],
  );
  const filters = useFilters(fields);
  const { chosenBeside, wrong } = useMemo(() => {
    const read = problemFilterOf(filters.values);
    return { chosenBeside: read.filter, wrong: read.wrong };
  }, [filters.values]);
  const filter = useMemo(() => tabFilter(tab, chosenBeside), [tab, chosenBeside]);
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
  const { chosen, selection, clear } = useChosen(inQueue, scope);
  const ids = useMemo(() => (rows ?? []).map(rowKey), [rows]);
  // What is opened stays where it is, also when an act in its detail takes it out of the queue.
  const beside = useBeside(ids, (id) => {
    const problem = rows?.find((row) => row.problem.id === id)?.problem;
    if (problem !== undefined) hold(place, problem, 'open');
  });
  const columns = useQueueColumns(beside.openId !== null, {
    onOpen: ({ id }) => beside.open(id),
    onPreview: ({ id }) => beside.open(id, { preview: true }),
    onActed: (problem, act) => hold(place, problem, act),
  });
  const left = rows?.filter((row) => row.left).length ?? 0;
  return (
    <Page
      title={shell('handling')}
      lead={t('lead')}
      ready={!read.isPending}
      updatedAt={read.dataUpdatedAt}
      actions={
        <Button component={Link} to="/bulk-runs" variant="default" size="xs">
          {t('bulkRuns')}
        </Button>
      }
    >
      <QueueTabs tab={tab} />
      <FilterBar fields={fields} filters={filters} />
      <BesideLayout beside={beside}>
        {left > 0 && (
          <Group gap="sm" className="queue-left">
            <Text size="sm">{t('left', { count: left })}</Text>
            <Button variant="subtle" size="compact-sm" onClick={() => release(place)}>
              {t('hideLeft')}
            </Button>
          </Group>
        )}
        <div className="handling-list" data-narrow={beside.openId !== null}>
          <DataTable
            caption={t('caption')}
            columns={columns}
            rows={rows}
            rowKey={rowKey}
            rowName={rowName}
            {...(tab === 'no-solution' ? {} : { selection })}
            onOpen={({ problem }) => beside.open(problem.id)}
            openKey={beside.openId}
            error={read.error}
            onRetry={() => void read.refetch()}
            empty={<NothingWaits filtered={filters.count > 0} />}
            footer={<Pager paging={paging} next={read.data?.next ?? null} shown={rows?.length ?? 0} />}
          />
        </div>
        {tab !== 'no-solution' && (inQueue?.length ?? 0) > 0 && (
          <BulkBar
            key={scope}
            chosen={chosen}
            onClear={clear}
            filter={filter}
            matchable={wrong.length === 0}
          />
        )}
      </BesideLayout>
    </Page>
  );
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

function NothingWaits({ filtered }: { filtered: boolean }) {
  const { t } = useTranslation('handling');
  const { t: common } = useTranslation();
  if (filtered) return <Empty title={common('emptyFiltered')}>{common('emptyFilteredLead')}</Empty>;
  return (
    <Empty title={t('nothing')}>
      {t('nothingLead')}{' '}
      <Anchor component={Link} to="/problems?state=pending,executing,exhausted,needs-human">
        {t('allOpen')}
      </Anchor>
    </Empty>
  );
}
