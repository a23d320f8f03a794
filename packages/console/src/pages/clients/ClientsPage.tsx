/** The clients: who is connected, what each can do, whether it really answers. */
import { Button } from '@mantine/core';
import type { Client } from '@piculus/protocol/http';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { type FilterField, type Filters, useFilters } from '../../parts/filters.ts';
import { Page } from '../../parts/Page.tsx';
import { Announced, Health, Identity, Lag, Places, Since } from './cells.tsx';
import { type Evidence, healthOf } from './health.ts';
import { Servers } from './Servers.tsx';
import './clients.css';

/** Beyond this many rows the rest, long gone as a rule, is shown on request. */
const SHOWN = 100;

export function Component() {
  const { t } = useTranslation('clients');
  const { t: shell } = useTranslation('shell');
  const fields = useFields();
  const filters = useFilters(fields);
  const { sysCode, connected } = filters.values;
  const read = useRead(
    'listClients',
    {
      query: {
        ...(sysCode === undefined ? {} : { sysCode }),
        ...(connected === undefined ? {} : { connected: connected === 'true' }),
      },
    },
    { keep: true },
  );
  const columns = useColumns(read.dataUpdatedAt);
  const [all, setAll] = useState(false);
  const clients = read.data?.items;
  return (
    <Page title={shell('clients')} lead={t('lead')} updatedAt={read.dataUpdatedAt} ready={!read.isPending}>
      <FilterBar fields={fields} filters={filters} />
      <DataTable
        caption={t('caption')}
        columns={columns}
        rows={all ? clients : clients?.slice(0, SHOWN)}
        rowKey={({ clientId }) => clientId}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={<NoClients filters={filters} />}
        footer={
          clients !== undefined &&
          clients.length > SHOWN &&
          !all && (
            <div className="pager">
              <Button variant="default" size="compact-sm" onClick={() => setAll(true)}>
                {t('showAll', { count: clients.length })}
              </Button>
            </div>
          )
        }
      />
      <Servers />
    </Page>
  );
}

function NoClients({ filters }: { filters: Filters }) {
  const { t } = useTranslation('clients');
  const { t: common } = useTranslation();
  if (filters.count > 0) return <Empty title={common('emptyFiltered')}>{common('emptyFilteredLead')}</Empty>;
  return (
    <Empty title={t('emptyTitle')}>
      {t('emptyLead')} <Link to="/systems">{t('toSystems')}</Link>
    </Empty>
  );
}

function useColumns(readAt: number): readonly Column<Client>[] {
  const { t } = useTranslation('clients');
  const { t: common } = useTranslation();
  const evidence = useEvidence(readAt);
  const solutions = useRead('listSolutions').data?.items;
  return [
    { key: 'client', header: t('client'), cell: (client) => <Identity client={client} /> },
    {
      key: 'system',
      header: common('system'),
      cell: ({ sysCode }) => <span className="business-key">{sysCode}</span>,
    },
    {
      key: 'place',
      header: t('place'),
      cell: ({ host, pid }) => (
        <div className="clients-place">
          {host}:{pid}
        </div>
      ),
    },
    { key: 'connection', header: t('connection'), cell: (client) => <Since client={client} /> },
    {
      key: 'answering',
      header: t('answering'),
      cell: (client) => <Health client={client} health={healthOf(client, evidence)} />,
    },
    { key: 'places', header: t('places'), cell: (client) => <Places client={client} /> },
    { key: 'lag', header: t('lag'), cell: (client) => <Lag client={client} /> },
    {
      key: 'abilities',
      header: t('abilities'),
      cell: (client) => <Announced client={client} solutions={solutions} />,
    },
  ];
}

function useEvidence(readAt: number): Evidence {
  const leases = useRead('listLeases').data?.items;
  const lost = useRead('listMessages', { query: { direction: 'out', state: ['lost'], limit: 50 } }).data
    ?.items;
  return useMemo(() => ({ leases: leases ?? [], lost: lost ?? [], readAt }), [leases, lost, readAt]);
}

function useFields(): readonly FilterField[] {
  const { t } = useTranslation('clients');
  const { t: common } = useTranslation();
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
      { kind: 'truth', name: 'connected', label: t('filterConnected'), pinned: true },
    ],
    [systems.data, common, t],
  );
}
