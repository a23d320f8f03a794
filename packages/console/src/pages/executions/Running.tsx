/** What clients have under a lease now, with how far each has come. */
import { Anchor } from '@mantine/core';
import type { ApiError, Lease } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Elapsed } from '../../parts/Span.tsx';
import { Time } from '../../parts/Time.tsx';

const ITEMS_SHOWN = 8;

interface Read {
  readonly data: { readonly items: readonly Lease[] } | undefined;
  readonly error: ApiError | null;
  readonly refetch: () => unknown;
}

export function Running({ read }: { read: Read }) {
  const { t } = useTranslation('executions');
  const { t: words } = useTranslation('words');
  const { t: common } = useTranslation();
  const columns = useMemo(
    (): Column<Lease>[] => [
      { key: 'problems', header: t('problems'), cell: (lease) => <Items lease={lease} /> },
      { key: 'system', header: common('system'), cell: ({ sysCode }) => sysCode },
      {
        key: 'fix',
        header: t('fix'),
        cell: ({ fixCode }) => <span className="executions-long">{fixCode}</span>,
      },
      { key: 'trigger', header: t('trigger'), cell: ({ trigger }) => words(`trigger.${trigger}`) },
      {
        key: 'answered',
        header: t('answered'),
        cell: ({ answered, problems: all }) => t('answeredOf', { answered, all }),
      },
      {
        key: 'client',
        header: t('client'),
        cell: ({ clientId, sysCode }) => <ClientLink clientId={clientId} sysCode={sysCode} />,
      },
      { key: 'since', header: t('since'), cell: ({ leasedAt }) => <Elapsed since={leasedAt} /> },
      { key: 'expires', header: t('expires'), cell: ({ expiresAt }) => <Time at={expiresAt} relative /> },
    ],
    [t, words, common],
  );
  return (
    <DataTable
      caption={t('runningCaption')}
      columns={columns}
      rows={read.data?.items}
      rowKey={({ id }) => id}
      error={read.error}
      onRetry={() => void read.refetch()}
      empty={
        <Empty title={t('nothingRuns')}>
          {t('nothingRunsLead')}{' '}
          <Anchor component={Link} underline="always" to="/handling">
            {t('toHandling')}
          </Anchor>
        </Empty>
      }
    />
  );
}

function Items({ lease }: { lease: Lease }) {
  const { t } = useTranslation('executions');
  const shown = lease.items.slice(0, ITEMS_SHOWN);
  const more = lease.problems - shown.length;
  return (
    <ul className="executions-items">
      {shown.map(({ problemId, businessKey, answered }) => (
        <li key={problemId}>
          <Link className="business-key" to={`/problems/${problemId}`}>
            {businessKey}
          </Link>{' '}
          <span className="executions-second">
            <span aria-hidden="true">{answered ? '✓ ' : '▶ '}</span>
            {t(answered ? 'itemsDone' : 'itemsOpen')}
          </span>
        </li>
      ))}
      {more > 0 && <li className="executions-second">{t('moreItems', { count: more })}</li>}
    </ul>
  );
}

/** Ids of clients are long; their first characters tell them apart on a screen. */
export function ClientLink({ clientId, sysCode }: { clientId: string; sysCode: string }) {
  return (
    <Anchor component={Link} underline="always" to={`/clients?sysCode=${sysCode}`} inherit title={clientId}>
      {clientId.length > 12 ? `${clientId.slice(0, 8)}…` : clientId}
    </Anchor>
  );
}
