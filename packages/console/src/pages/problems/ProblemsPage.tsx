/** All reported problems: found by any of their fields, opened beside the list, run one by one or many at once. */
import { Alert, Anchor, Button, Group } from '@mantine/core';
import type { Problem } from '@piculus/protocol/http';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { BesideLayout, useBeside } from '../../parts/Beside.tsx';
import { BulkBar } from '../../parts/BulkBar.tsx';
import { useChosen } from '../../parts/choosing.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { type FilterField, type Filters, namesOf, useFilters } from '../../parts/filters.ts';
import { listed } from '../../parts/format.ts';
import { Page } from '../../parts/Page.tsx';
import { Pager, usePaging } from '../../parts/paging.tsx';
import { filterQuery, isEmptyFilter, problemFilterOf, useProblemFields } from '../../parts/problem-fields.ts';
import { Able } from '../../parts/roles/Able.tsx';
import { SavedViews } from '../../parts/SavedViews.tsx';
import { useProblemColumns } from './columns.tsx';
import { ExportCsv } from './ExportCsv.tsx';
import './problems.css';
import { QuickFilters } from './QuickFilters.tsx';

const rowKey = ({ id }: Problem): string => id;
const rowName = ({ businessKey }: Problem): string => businessKey;

export function Component() {
  const { t } = useTranslation('problems');
  const { t: shell } = useTranslation('shell');
  const able = useMay().mayAnywhere('execute');
  const fields = useProblemFields();
  const filters = useFilters(fields);
  const { filter, wrong } = useMemo(() => problemFilterOf(filters.values), [filters.values]);
  const paging = usePaging();
  const read = useRead('listProblems', { query: { ...filter, after: paging.after } }, { keep: true });
  const rows = read.data?.items;
  const scope = filterQuery(filter);
  // The rows of the list before stand here until these come; they cannot be chosen for this one.
  const { chosen, selection, clear } = useChosen(read.isPlaceholderData ? undefined : rows, scope);
  const beside = useBeside(useMemo(() => (rows ?? []).map(rowKey), [rows]));
  // The columns are made once; what opens a row is asked when it is clicked.
  const opening = useRef(beside.open);
  opening.current = beside.open;
  const openRow = useMemo(() => (id: string) => opening.current(id), []);
  const columns = useProblemColumns(beside.openId !== null, openRow);
  return (
    <Page
      title={shell('problems')}
      lead={t('lead')}
      ready={!read.isPending}
      updatedAt={read.dataUpdatedAt}
      actions={
        <Group gap="xs">
          <SavedViews page="problems" />
          <ExportCsv filter={filter} />
        </Group>
      }
    >
      <QuickFilters values={filters.values} />
      <FilterBar fields={fields} filters={filters} />
      {wrong.length > 0 && <WrongFilter fields={fields} filters={filters} wrong={wrong} />}
      <BesideLayout beside={beside}>
        <div className="problems-list" data-stale={read.isPlaceholderData}>
          <DataTable
            caption={t('caption')}
            columns={columns}
            rows={rows}
            rowKey={rowKey}
            rowName={rowName}
            {...(able ? { selection } : {})}
            onOpen={({ id }) => beside.open(id)}
            openKey={beside.openId}
            error={read.error}
            onRetry={() => void read.refetch()}
            empty={<NothingFound filtered={filters.count > 0 || paging.after !== undefined} />}
            footer={<Pager paging={paging} next={read.data?.next ?? null} shown={rows?.length ?? 0} />}
          />
        </div>
        {able && (
          <BulkBar
            key={scope}
            chosen={chosen}
            onClear={clear}
            filter={filter}
            matchable={wrong.length === 0 && !isEmptyFilter(filter)}
          />
        )}
      </BesideLayout>
    </Page>
  );
}

function NothingFound({ filtered }: { filtered: boolean }) {
  const { t } = useTranslation('problems');
  const { t: common } = useTranslation();
  if (filtered) return <Empty title={common('emptyFiltered')}>{common('emptyFilteredLead')}</Empty>;
  return (
    <Empty title={t('nothingYet')}>
      {t('nothingYetLead')}{' '}
      <Able to="collect" where="anywhere">
        <Anchor component={Link} to="/collect">
          {t('startCollect')}
        </Anchor>
      </Able>
    </Empty>
  );
}

interface WrongFilterProps {
  readonly fields: readonly FilterField[];
  readonly filters: Filters;
  readonly wrong: readonly string[];
}

function WrongFilter({ fields, filters, wrong }: WrongFilterProps) {
  const { t } = useTranslation('problems');
  const names = wrong.map((name) => fields.find((field) => namesOf(field).includes(name))?.label ?? name);
  return (
    <Alert color="orange" role="alert" title={t('wrongFilter', { names: listed([...new Set(names)]) })}>
      <Group gap="sm">
        <span>{t('wrongFilterLead')}</span>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => filters.set(Object.fromEntries(wrong.map((name) => [name, ''])))}
        >
          {t('dropWrong')}
        </Button>
      </Group>
    </Alert>
  );
}
