/** Every time many fixes were run at once: who, why, for how much, and what came of it. */
import { Anchor } from '@mantine/core';
import type { BulkRun } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Amounts } from '../../parts/Amount.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { type FilterField, useFilters } from '../../parts/filters.ts';
import { wholeNumber } from '../../parts/format.ts';
import { Page } from '../../parts/Page.tsx';
import { Pager, usePaging } from '../../parts/paging.tsx';
import '../../parts/problem-cells.css';
import { Time } from '../../parts/Time.tsx';
import './bulk-runs.css';
import { Progress } from './Progress.tsx';
import { groupCounts } from './results.ts';

const rowKey = ({ id }: BulkRun): string => id;

export function Component() {
  const { t } = useTranslation('bulkRuns');
  const { t: common } = useTranslation();
  const navigate = useNavigate();
  const fields: FilterField[] = [{ name: 'requestedBy', label: t('who'), kind: 'text', pinned: true }];
  const filters = useFilters(fields);
  const paging = usePaging();
  const query = { requestedBy: filters.values['requestedBy'], after: paging.after };
  const read = useRead('listBulkRuns', { query }, { keep: true });
  const columns = useColumns();
  return (
    <Page title={t('title')} lead={t('lead')} ready={!read.isPending} updatedAt={read.dataUpdatedAt}>
      <FilterBar fields={fields} filters={filters} />
      <DataTable
        caption={t('title')}
        columns={columns}
        rows={read.data?.items}
        rowKey={rowKey}
        onOpen={({ id }) => void navigate(`/bulk-runs/${id}`)}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={
          filters.count > 0 ? (
            <Empty title={common('emptyFiltered')}>{common('emptyFilteredLead')}</Empty>
          ) : (
            <Empty title={t('none')}>
              {t('noneLead')}{' '}
              <Anchor component={Link} to="/handling">
                {t('toQueue')}
              </Anchor>
            </Empty>
          )
        }
        footer={<Pager paging={paging} next={read.data?.next ?? null} shown={read.data?.items.length ?? 0} />}
      />
    </Page>
  );
}

function useColumns(): readonly Column<BulkRun>[] {
  const { t } = useTranslation('bulkRuns');
  const { t: common } = useTranslation();
  return [
    {
      key: 'run',
      header: t('run'),
      cell: (run) => (
        <div className="two-lines">
          <Link className="business-key" to={`/bulk-runs/${run.id}`}>
            {t('number', { id: run.id })}
          </Link>
          <Time at={run.requestedAt} />
        </div>
      ),
    },
    { key: 'who', header: t('who'), cell: (run) => <span className="bulk-words">{run.requestedBy}</span> },
    {
      key: 'scope',
      header: t('scope'),
      cell: (run) => (
        <div className="two-lines">
          <span>{run.scope === 'ids' ? t('scopeIds') : t('scopeFilter')}</span>
          <span className="second-line">
            {t('problems', { count: run.problems, number: wholeNumber(run.problems) })}
          </span>
        </div>
      ),
    },
    { key: 'amount', header: common('amount'), align: 'right', cell: (run) => <Amounts of={run.amounts} /> },
    { key: 'progress', header: t('progress'), cell: (run) => <Progress run={run} /> },
    { key: 'results', header: t('results'), cell: (run) => <ResultWords run={run} /> },
    {
      key: 'reason',
      header: common('reason'),
      cell: (run) => <span className="bulk-words">{run.reason ?? common('none')}</span>,
    },
  ];
}

function ResultWords({ run }: { run: BulkRun }) {
  const { t } = useTranslation('bulkRuns');
  const counts = groupCounts(run.results).filter(({ problems }) => problems > 0);
  return (
    <ul className="bulk-counts">
      {counts.map(({ group, problems }) => (
        <li key={group} data-group={group}>
          {t(`group.${group}`)} <strong>{wholeNumber(problems)}</strong>
        </li>
      ))}
    </ul>
  );
}
