/** All solutions: what runs by itself, what waits for a click, what is configured for nothing yet. */
import { Button } from '@mantine/core';
import { EXECUTION_MODES, SOLUTION_STATUSES } from '@piculus/protocol';
import type { Solution } from '@piculus/protocol/http';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { type FilterField, type Filters, useFilters } from '../../parts/filters.ts';
import { Able } from '../../parts/roles/Able.tsx';
import { Page } from '../../parts/Page.tsx';
import { Announced } from './Announced.tsx';
import { download } from './download.ts';
import { useKnown } from './known.ts';
import { openBySolution } from './open.ts';
import { type Act, ActDialog } from './SolutionActs.tsx';
import { useColumns } from './columns.tsx';
import { exportText } from './transfer.ts';
import { unconfigured } from './unconfigured.ts';
import './solutions.css';

export function Component() {
  const { t } = useTranslation('solutions');
  const { t: shell } = useTranslation('shell');
  const { t: common } = useTranslation();
  const solutions = useRead('listSolutions');
  const stats = useRead('getStats');
  const known = useKnown();
  const all = solutions.data?.items;
  const [asked, setAsked] = useState<{ of: Solution; act: Act } | null>(null);
  const openOf = useMemo(() => openBySolution(stats.data?.counts ?? []), [stats.data]);
  const fields = useFields(all ?? []);
  const filters = useFilters(fields);
  const rows = all?.filter((row) => matches(row, filters));
  const columns = useColumns({ openOf, onAct: (of, act) => setAsked({ of, act }) });
  const missing = all === undefined || !known.ready ? [] : unconfigured(known, all);
  const system = filters.values['sysCode'];
  const closed = (): void => {
    setAsked(null);
    // The button that opened the dialog went with its row.
    if (asked?.act === 'remove') document.getElementById('content')?.focus();
  };
  return (
    <Page
      title={shell('solutions')}
      lead={t('lead')}
      updatedAt={solutions.dataUpdatedAt}
      ready={all !== undefined || solutions.isError}
      actions={<Tools shown={rows ?? []} filtered={filters.count > 0} />}
    >
      <Announced
        rows={missing.filter((row) => system === undefined || row.sysCode === system)}
        known={known}
        openOf={openOf}
      />
      {(all?.length ?? 0) > 0 && <FilterBar fields={fields} filters={filters} />}
      <DataTable
        caption={t('caption')}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        error={solutions.error}
        onRetry={() => void solutions.refetch()}
        empty={
          filters.count > 0 ? (
            <Empty title={common('emptyFiltered')}>{common('emptyFilteredLead')}</Empty>
          ) : (
            <Empty title={t('emptyTitle')}>
              {t('emptyLead')}{' '}
              <Able to="configure" where="anywhere">
                <Link to="/solutions/new">{t('create')}</Link>
              </Able>
            </Empty>
          )
        }
      />
      {asked !== null && <ActDialog of={asked.of} act={asked.act} onClose={closed} />}
    </Page>
  );
}

function Tools({ shown, filtered }: { shown: readonly Solution[]; filtered: boolean }) {
  const { t } = useTranslation('solutions');
  const count = shown.length;
  return (
    <>
      <Button
        variant="default"
        disabled={count === 0}
        onClick={() => download('piculus-solutions.json', exportText(shown))}
      >
        {filtered ? t('exportShown', { count }) : t('exportAll', { count })}
      </Button>
      <Able to="configure" where="anywhere">
        <Button variant="default" component={Link} to="/solutions/import">
          {t('import')}
        </Button>
        <Button component={Link} to="/solutions/new">
          {t('create')}
        </Button>
      </Able>
    </>
  );
}

function useFields(all: readonly Solution[]): readonly FilterField[] {
  const { t } = useTranslation('solutions');
  const { t: words } = useTranslation('words');
  return useMemo(
    () => [
      {
        kind: 'choice',
        name: 'sysCode',
        label: t('field.sysCode'),
        pinned: true,
        choices: [...new Set(all.map(({ sysCode }) => sysCode))].map((value) => ({ value, label: value })),
      },
      {
        kind: 'choice',
        name: 'executionMode',
        label: t('field.executionMode'),
        pinned: true,
        choices: EXECUTION_MODES.map((value) => ({ value, label: words(`mode.${value}`) })),
      },
      {
        kind: 'choice',
        name: 'status',
        label: t('field.status'),
        pinned: true,
        choices: SOLUTION_STATUSES.map((value) => ({ value, label: words(`status.${value}`) })),
      },
    ],
    [all, t, words],
  );
}

function matches(row: Solution, { values }: Filters): boolean {
  return (['sysCode', 'executionMode', 'status'] as const).every(
    (name) => values[name] === undefined || values[name] === row[name],
  );
}
