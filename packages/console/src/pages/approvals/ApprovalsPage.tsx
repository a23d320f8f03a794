/** Requests for a second person: those to decide, the own ones, all. */
import { Button } from '@mantine/core';
import { APPROVAL_TABS, type Approval, type ApprovalTab } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Amounts } from '../../parts/Amount.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { listed } from '../../parts/format.ts';
import { Page } from '../../parts/Page.tsx';
import { Pager, usePaging } from '../../parts/paging.tsx';
import { Time } from '../../parts/Time.tsx';
import './approvals.css';
import { ApprovalBadge, useSubject } from './words.tsx';

export function Component() {
  const { t } = useTranslation('approvals');
  const { t: shell } = useTranslation('shell');
  const [params] = useSearchParams();
  const { mayAnywhere } = useMay();
  // Whoever may decide nothing begins with what they asked for.
  const otherwise = mayAnywhere('approve') ? 'to-decide' : 'mine';
  const tab = APPROVAL_TABS.find((each) => each === params.get('tab')) ?? otherwise;
  const paging = usePaging();
  const { after } = paging;
  const read = useRead(
    'listApprovals',
    { query: { tab, ...(after === undefined ? {} : { after }) } },
    { keep: true },
  );
  const rows = read.data?.items;
  return (
    <Page
      title={shell('approvals')}
      lead={t('lead')}
      updatedAt={read.dataUpdatedAt}
      ready={!read.isPending}
      actions={
        <Button variant="default" component={Link} to="/approval-policy">
          {t('policyLink')}
        </Button>
      }
    >
      <Tabs current={tab} />
      <DataTable
        caption={t('caption')}
        columns={useColumns()}
        rows={rows}
        rowKey={({ id }) => id}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={<Empty title={t(`empty.${tab}`)}>{t('emptyLead')}</Empty>}
        footer={<Pager paging={paging} next={read.data?.next ?? null} shown={rows?.length ?? 0} />}
      />
    </Page>
  );
}

/** Links and no tab widget: each group is an address of its own. */
function Tabs({ current }: { current: ApprovalTab }) {
  const { t } = useTranslation('approvals');
  return (
    <nav className="approvals-tabs" aria-label={t('tabs')}>
      {APPROVAL_TABS.map((tab) => (
        <Link key={tab} to={`?tab=${tab}`} aria-current={tab === current ? 'page' : undefined}>
          {t(`tab.${tab}`)}
        </Link>
      ))}
    </nav>
  );
}

function useColumns(): readonly Column<Approval>[] {
  const { t } = useTranslation('approvals');
  const { t: common } = useTranslation();
  const subject = useSubject();
  return [
    {
      key: 'what',
      header: t('what'),
      cell: (request) => (
        <div className="approvals-stack">
          <Link className="business-key" to={`/approvals/${request.id}`}>
            {subject(request)}
          </Link>
          <span className="approvals-note">
            {request.sysCodes.length === 0 ? t('wholeInstallation') : listed(request.sysCodes)}
          </span>
        </div>
      ),
    },
    {
      key: 'amount',
      header: common('amount'),
      align: 'right',
      cell: ({ preview }) => <Amounts of={preview.amounts} otherwise="–" />,
    },
    {
      key: 'who',
      header: t('requestedBy'),
      cell: ({ requestedBy, requestedAt }) => (
        <div className="approvals-stack">
          <span>{requestedBy}</span>
          <span className="approvals-note">
            <Time at={requestedAt} relative />
          </span>
        </div>
      ),
    },
    {
      key: 'reason',
      header: common('reason'),
      cell: ({ reason }) => <span className="approvals-words">{reason}</span>,
    },
    {
      key: 'state',
      header: common('state'),
      cell: ({ state, expiresAt, decidedBy }) => (
        <div className="approvals-stack">
          <ApprovalBadge state={state} />
          {state === 'open' ? (
            <span className="approvals-note">
              {t('expires')} <Time at={expiresAt} relative coming />
            </span>
          ) : (
            decidedBy !== null && <span className="approvals-note">{decidedBy}</span>
          )}
        </div>
      ),
    },
  ];
}
