/** All collects, newest first. */
import { Button } from '@mantine/core';
import { COLLECT_STATES, type CollectState } from '@piculus/protocol';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { type FilterField, useFilters } from '../../parts/filters.ts';
import { Able } from '../../parts/roles/Able.tsx';
import { Page } from '../../parts/Page.tsx';
import { Pager, usePaging } from '../../parts/paging.tsx';
import { useCollectionColumns } from './columns.tsx';
import './collections.css';

export function Component() {
  const { t } = useTranslation('collections');
  const { t: shell } = useTranslation('shell');
  const { t: common } = useTranslation();
  const navigate = useNavigate();
  const fields = useFields();
  const filters = useFilters(fields);
  const paging = usePaging();
  const columns = useCollectionColumns();
  const { sysCode, state } = filters.values;
  const states = state?.split(',').filter(isCollectState);
  const read = useRead(
    'listCollections',
    {
      query: {
        limit: 50,
        ...(sysCode === undefined ? {} : { sysCode }),
        ...(states === undefined ? {} : { state: states }),
        ...(paging.after === undefined ? {} : { after: paging.after }),
      },
    },
    { keep: true },
  );
  return (
    <Page
      title={shell('collections')}
      lead={t('lead')}
      updatedAt={read.dataUpdatedAt}
      ready={!read.isPending}
      actions={
        <Able to="collect" where="anywhere">
          <Button component={Link} to="/collect">
            {t('start')}
          </Button>
        </Able>
      }
    >
      <FilterBar fields={fields} filters={filters} />
      <DataTable
        caption={t('caption')}
        columns={columns}
        rows={read.data?.items}
        rowKey={({ id }) => id}
        onOpen={({ id }) => void navigate(`/collections/${id}`)}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={
          filters.count > 0 || paging.after !== undefined ? (
            <Empty title={common('emptyFiltered')}>{common('emptyFilteredLead')}</Empty>
          ) : (
            <Empty title={t('emptyTitle')}>
              {t('emptyLead')}{' '}
              <Able to="collect" where="anywhere">
                <Link to="/collect">{t('start')}</Link>
              </Able>
            </Empty>
          )
        }
        footer={<Pager paging={paging} next={read.data?.next ?? null} shown={read.data?.items.length ?? 0} />}
      />
    </Page>
  );
}

function useFields(): readonly FilterField[] {
  const { t: common } = useTranslation();
  const { t: words } = useTranslation('words');
  const systems = useRead('listSystems');
  return useMemo(
    () => [
      {
        kind: 'choice',
        name: 'sysCode',
        label: common('system'),
        pinned: true,
        choices: (systems.data?.items ?? []).map(({ sysCode }) => ({ value: sysCode, label: sysCode })),
      },
      {
        kind: 'choices',
        name: 'state',
        label: common('state'),
        pinned: true,
        choices: COLLECT_STATES.map((value) => ({ value, label: words(`collect.${value}`) })),
      },
    ],
    [systems.data, common, words],
  );
}

function isCollectState(text: string): text is CollectState {
  return COLLECT_STATES.some((state) => state === text);
}
