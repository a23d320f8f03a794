/** Executions that came to an end, by any of their fields, each opened beside the list. */
import { Anchor } from '@mantine/core';
import type { Execution } from '@piculus/protocol/http';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { useFilters } from '../../parts/filters.ts';
import { Pager, usePaging } from '../../parts/paging.tsx';
import { useDoneColumns } from './columns.tsx';
import { ExecutionDetail } from './ExecutionDetail.tsx';
import { executionQuery, useExecutionFields } from './fields.ts';
import { useOpen } from './open.ts';

export function Done() {
  const { t } = useTranslation('executions');
  const fields = useExecutionFields();
  const filters = useFilters(fields);
  const query = useMemo(() => executionQuery(filters.values), [filters.values]);
  const paging = usePaging();
  const read = useRead('listExecutions', { query: { ...query, after: paging.after } }, { keep: true });
  const rows = read.data?.items;
  const opened = useOpen();
  const opening = useRef(opened.open);
  opening.current = opened.open;
  const openRow = useMemo(() => (execution: Execution) => opening.current(execution), []);
  const columns = useDoneColumns(opened.key !== null, openRow);
  return (
    <>
      <FilterBar fields={fields} filters={filters} />
      <div className="executions-beside" data-open={opened.key !== null}>
        <DataTable
          caption={t('doneCaption')}
          columns={columns}
          rows={rows}
          rowKey={({ problemId, id }) => `${problemId}-${id}`}
          onOpen={openRow}
          openKey={opened.key}
          error={read.error}
          onRetry={() => void read.refetch()}
          empty={<NothingDone filtered={filters.count > 0 || paging.after !== undefined} />}
          footer={<Pager paging={paging} next={read.data?.next ?? null} shown={rows?.length ?? 0} />}
        />
        {opened.problemId !== null && opened.id !== null && (
          <ExecutionDetail
            key={opened.key}
            problemId={opened.problemId}
            id={opened.id}
            row={rows?.find(({ id }) => id === opened.id)}
            onClose={opened.close}
          />
        )}
      </div>
    </>
  );
}

function NothingDone({ filtered }: { filtered: boolean }) {
  const { t } = useTranslation('executions');
  const { t: common } = useTranslation();
  if (filtered) return <Empty title={common('emptyFiltered')}>{common('emptyFilteredLead')}</Empty>;
  return (
    <Empty title={t('nothingDone')}>
      {t('nothingDoneLead')}{' '}
      <Anchor component={Link} underline="always" to="/solutions">
        {t('toSolutions')}
      </Anchor>
    </Empty>
  );
}
