/** The work queue: what waits for a person, why, and what can be done with it. Nothing jumps after an act. */
import { Anchor, Button, Group, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useMay } from '../../app/session.tsx';
import { BesideLayout, useBeside } from '../../parts/Beside.tsx';
import { BulkBar } from '../../parts/BulkBar.tsx';
import { useChosen } from '../../parts/choosing.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { Page } from '../../parts/Page.tsx';
import { Pager } from '../../parts/paging.tsx';
import { useQueueColumns } from './columns.tsx';
import './handling.css';
import { hold, type QueueRow, release } from './held.ts';
import { QueueTabs } from './QueueTabs.tsx';
import { useQueue } from './use-queue.ts';

const rowKey = ({ problem }: QueueRow): string => problem.id;
const rowName = ({ problem }: QueueRow): string => problem.businessKey;

export function Component() {
  const { t } = useTranslation('handling');
  const { t: shell } = useTranslation('shell');
  const able = useMay().mayAnywhere('execute');
  const queue = useQueue();
  const { tab, fields, filters, filter, scope, place, paging, read, rows } = queue;
  const { chosen, selection, clear } = useChosen(queue.inQueue, scope);
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
            {...(tab === 'no-solution' || !able ? {} : { selection })}
            onOpen={({ problem }) => beside.open(problem.id)}
            openKey={beside.openId}
            error={read.error}
            onRetry={() => void read.refetch()}
            empty={<NothingWaits filtered={filters.count > 0} />}
            footer={<Pager paging={paging} next={read.data?.next ?? null} shown={rows?.length ?? 0} />}
          />
        </div>
        {able && tab !== 'no-solution' && (read.data?.items.length ?? 0) > 0 && (
          <BulkBar
            key={scope}
            chosen={chosen}
            onClear={clear}
            filter={filter}
            matchable={queue.wrong.length === 0}
          />
        )}
      </BesideLayout>
    </Page>
  );
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
