/** The servers that work on one database, where there is more than one to tell of. */
import type { Node } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { Sign } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';
import { type Standing, serversToShow, standingOf } from './standing.ts';

const LOOKS: Readonly<Record<Standing, { color: string; sign: string }>> = {
  working: { color: 'green', sign: '●' },
  draining: { color: 'yellow', sign: '…' },
  stopped: { color: 'gray', sign: '–' },
  lost: { color: 'red', sign: '✕' },
};

export function Servers() {
  const { t } = useTranslation('clients');
  const read = useRead('listNodes');
  const columns = useColumns();
  const servers = serversToShow(read.data?.items ?? []);
  if (servers.length === 0) return null;
  return (
    <Section title={t('servers')} lead={t('serversLead')}>
      <DataTable
        caption={t('servers')}
        columns={columns}
        rows={servers}
        rowKey={({ nodeId }) => nodeId}
        empty={null}
      />
    </Section>
  );
}

function useColumns(): readonly Column<Node>[] {
  const { t } = useTranslation('clients');
  return [
    {
      key: 'server',
      header: t('server'),
      cell: ({ host, pid, version, answering }) => (
        <div className="clients-stack">
          <span className="clients-place">
            {host}:{pid}
          </span>
          <span className="clients-note">
            {version}
            {answering && ` · ${t('serverAnswering')}`}
          </span>
        </div>
      ),
    },
    {
      key: 'state',
      header: t('serverState'),
      cell: (node) => {
        const standing = standingOf(node);
        return (
          <div className="clients-stack">
            <Sign {...LOOKS[standing]}>{t(`standing.${standing}`)}</Sign>
            {node.differences.map((difference) => (
              <Sign key={difference} color="red" sign="!">
                {t(`differs.${difference}`)}
              </Sign>
            ))}
          </div>
        );
      },
    },
    { key: 'address', header: t('serverAddress'), cell: ({ address }) => <code>{address}</code> },
    {
      key: 'clients',
      header: t('serverClients'),
      cell: ({ clients }) => <span className="number">{clients}</span>,
    },
    { key: 'since', header: t('serverSince'), cell: ({ startedAt }) => <Time at={startedAt} relative /> },
    {
      key: 'seen',
      header: t('serverSeen'),
      cell: ({ goneAt, seenAt }) => <Time at={goneAt ?? seenAt} relative />,
    },
  ];
}
