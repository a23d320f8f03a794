/** Problems that are executed by themselves at the next tick of their solution. */
import { Anchor } from '@mantine/core';
import type { Problem } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Amount } from '../../parts/Amount.tsx';
import { OutcomeBadge, WaitBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pager, usePaging } from '../../parts/paging.tsx';
import { Time } from '../../parts/Time.tsx';

export function Waiting() {
  const { t } = useTranslation('executions');
  const { t: common } = useTranslation();
  const paging = usePaging();
  const read = useRead(
    'listProblems',
    { query: { waitReason: ['scheduled'], after: paging.after } },
    { keep: true },
  );
  const columns = useMemo(
    (): Column<Problem>[] => [
      {
        key: 'order',
        header: t('order'),
        cell: ({ id, businessKey, sysCode }) => (
          <div className="executions-lines">
            <Link className="business-key" to={`/problems/${id}`}>
              {businessKey}
            </Link>
            <span className="executions-second">{sysCode}</span>
          </div>
        ),
      },
      {
        key: 'fix',
        header: t('fix'),
        cell: ({ fixCode }) => <span className="executions-long">{fixCode}</span>,
      },
      {
        key: 'amount',
        header: common('amount'),
        align: 'right',
        cell: ({ amountMinor, currency }) => <Amount minor={amountMinor} currency={currency} />,
      },
      { key: 'next', header: t('nextTick'), cell: (problem) => <NextTick problem={problem} /> },
      { key: 'tries', header: t('tries'), cell: (problem) => <Tries problem={problem} /> },
      { key: 'last', header: t('lastOutcome'), cell: (problem) => <Last problem={problem} /> },
    ],
    [t, common],
  );
  const rows = read.data?.items;
  return (
    <DataTable
      caption={t('waitingCaption')}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      error={read.error}
      onRetry={() => void read.refetch()}
      empty={
        <Empty title={t('nothingWaits')}>
          {t('nothingWaitsLead')}{' '}
          <Anchor component={Link} underline="always" to="/handling">
            {t('toHandling')}
          </Anchor>
        </Empty>
      }
      footer={<Pager paging={paging} next={read.data?.next ?? null} shown={rows?.length ?? 0} />}
    />
  );
}

function NextTick({ problem: { nextTickAt, waitReason } }: { problem: Problem }) {
  if (nextTickAt === null) return waitReason !== null && <WaitBadge reason={waitReason} />;
  return (
    <div className="executions-lines">
      <Time at={nextTickAt} relative coming />
      <span className="executions-second">
        <Time at={nextTickAt} />
      </span>
    </div>
  );
}

function Tries({ problem: { attempts, retriesUsed, maxRetries } }: { problem: Problem }) {
  const { t } = useTranslation('executions');
  return (
    <div className="executions-lines">
      <span>{t('triesN', { count: attempts })}</span>
      {maxRetries !== null && (
        <span className="executions-second">{t('retriesOf', { used: retriesUsed, max: maxRetries })}</span>
      )}
    </div>
  );
}

function Last({ problem: { lastOutcome, lastReason } }: { problem: Problem }) {
  const { t } = useTranslation('executions');
  if (lastOutcome === null) return <span className="executions-second">{t('neverRun')}</span>;
  return (
    <div className="executions-lines">
      <OutcomeBadge outcome={lastOutcome} />
      {lastReason !== null && <span className="executions-second executions-reason">{lastReason}</span>}
    </div>
  );
}
