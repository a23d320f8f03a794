/** Every message between the server and its clients: live, to be searched, each with what it belongs to. */
import { Alert, Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { type FilterField, type Filters, namesOf, useFilters, withFilters } from '../../parts/filters.ts';
import { Page } from '../../parts/Page.tsx';
import { Pager, type Paging, usePaging } from '../../parts/paging.tsx';
import { useMessageColumns } from './cells.tsx';
import { Figures } from './Figures.tsx';
import { useMessageFields } from './fields.ts';
import { MessageDrawer } from './MessageDrawer.tsx';
import { type MessageQuery, messageQuery } from './message-query.ts';
import { isMeant, useOpenMessage } from './open-message.ts';
import { Tools } from './Tools.tsx';
import './messages.css';

export function Component() {
  const { t } = useTranslation('messages');
  const { t: shell } = useTranslation('shell');
  const fields = useMessageFields();
  const filters = useFilters(fields);
  const paging = usePaging();
  const [params] = useSearchParams();
  const heartbeats = params.get('heartbeats') === 'true';
  const asked = messageQuery(filters.values, { after: paging.after, heartbeats });
  const head = <FilterBar fields={fields} filters={filters} />;
  if ('wrong' in asked)
    return (
      <Page title={shell('messages')} lead={t('lead')} ready>
        {head}
        <Alert color="orange" role="alert">
          {t('wrongFilter', { name: labelOf(fields, asked.wrong) })}
        </Alert>
      </Page>
    );
  return (
    <Tail query={asked.query} filters={filters} paging={paging} heartbeats={heartbeats}>
      {head}
    </Tail>
  );
}

interface TailProps {
  readonly query: MessageQuery;
  readonly filters: Filters;
  readonly paging: Paging;
  readonly heartbeats: boolean;
  readonly children: ReactNode;
}

function Tail({ query, filters, paging, heartbeats, children }: TailProps) {
  const { t } = useTranslation('messages');
  const { t: shell } = useTranslation('shell');
  const [, setParams] = useSearchParams();
  // What was asked for when the list was held: another filter or page lets it go.
  const [heldFor, setHeldFor] = useState<string | null>(null);
  const key = JSON.stringify(query);
  const held = heldFor === key;
  // A phone shows the list first; charts are a click away.
  const [charts, setCharts] = useState(() => window.matchMedia('(min-width: 52rem)').matches);
  const list = useRead('listMessages', { query }, { enabled: !held, keep: true });
  const opened = useOpenMessage();
  const columns = useMessageColumns(opened);
  const rows = list.data?.items;
  const showHeartbeats = (shown: boolean): void =>
    setParams(withFilters(window.location.search, { heartbeats: shown ? 'true' : '' }));
  return (
    <Page
      title={shell('messages')}
      lead={t('lead')}
      updatedAt={list.dataUpdatedAt}
      ready={rows !== undefined || list.error !== null}
    >
      {children}
      <Tools
        held={query.after === undefined ? held : null}
        onHold={(hold) => setHeldFor(hold ? key : null)}
        heartbeats={filters.values['type'] === undefined ? heartbeats : null}
        onHeartbeats={showHeartbeats}
        charts={charts}
        onCharts={setCharts}
        newest={rows?.[0]?.id}
        query={query}
      />
      {charts && <Figures of={query} />}
      <DataTable
        caption={t('caption')}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        onOpen={opened.open}
        openKey={rows?.find((row) => isMeant(row, opened))?.id ?? null}
        error={list.error}
        onRetry={() => void list.refetch()}
        empty={<Nothing filters={filters} />}
        footer={<Pager paging={paging} next={list.data?.next ?? null} shown={rows?.length ?? 0} />}
      />
      <MessageDrawer opened={opened} rows={rows ?? []} />
    </Page>
  );
}

function Nothing({ filters }: { filters: Filters }) {
  const { t } = useTranslation('messages');
  const { t: common } = useTranslation();
  if (filters.count > 0)
    return (
      <Empty title={common('emptyFiltered')}>
        <p>{common('emptyFilteredLead')}</p>
        <Button variant="default" size="xs" onClick={filters.clear}>
          {common('clearAll')}
        </Button>
      </Empty>
    );
  return (
    <Empty title={t('empty')}>
      <p>{t('emptyLead')}</p>
      <Link to="/systems">{t('emptyLink')}</Link>
    </Empty>
  );
}

function labelOf(fields: readonly FilterField[], name: string): string {
  return fields.find((field) => namesOf(field).includes(name))?.label ?? name;
}
