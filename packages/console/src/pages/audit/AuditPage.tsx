/** 审计: what people and policies did, and whether what is recorded still is what was written. */
import type { AuditEntry } from '@piculus/protocol/http';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { useFilters } from '../../parts/filters.ts';
import { Page } from '../../parts/Page.tsx';
import { Pager, usePaging } from '../../parts/paging.tsx';
import { auditQuery } from './audit-query.ts';
import { Chain } from './Chain.tsx';
import { useAuditColumns } from './columns.tsx';
import { EntryDrawer } from './EntryDrawer.tsx';
import { useAuditFields } from './fields.ts';
import './audit.css';

export function Component() {
  const { t } = useTranslation('audit');
  const { t: common } = useTranslation();
  const { t: shell } = useTranslation('shell');
  const fields = useAuditFields();
  const filters = useFilters(fields);
  const query = useMemo(() => auditQuery(filters.values), [filters.values]);
  const paging = usePaging();
  const read = useRead('listAudit', { query: { ...query, after: paging.after } }, { keep: true });
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  const columns = useAuditColumns(setOpened);
  const rows = read.data?.items;
  return (
    <Page
      title={shell('audit')}
      lead={t('lead')}
      ready={rows !== undefined || read.error !== null}
      updatedAt={read.dataUpdatedAt}
    >
      <Chain />
      <FilterBar fields={fields} filters={filters} />
      <DataTable
        caption={t('caption')}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        onOpen={setOpened}
        openKey={opened?.id ?? null}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={
          filters.count > 0 ? (
            <Empty title={common('emptyFiltered')}>{common('emptyFilteredLead')}</Empty>
          ) : (
            <Empty title={t('empty')}>{t('emptyLead')}</Empty>
          )
        }
        footer={<Pager paging={paging} next={read.data?.next ?? null} shown={rows?.length ?? 0} />}
      />
      <EntryDrawer entry={opened} onClose={() => setOpened(null)} />
    </Page>
  );
}
