/** One request: what would happen, why it needs a second person, who asks, and the decision. */
import { Text } from '@mantine/core';
import type { Approval } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { NeedList } from '../../parts/AskNeeds.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { listed, wholeNumber } from '../../parts/format.ts';
import { Json } from '../../parts/Json.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Page } from '../../parts/Page.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';
import './approvals.css';
import { Decide } from './Decide.tsx';
import { pageOf } from './subject.ts';
import { ApprovalBadge, useSubject } from './words.tsx';
import { Would } from './Would.tsx';

export function Component() {
  const { t } = useTranslation('approvals');
  const { id = '' } = useParams();
  const read = useRead('getApproval', { params: { id } });
  const { data, error } = read;
  const subject = useSubject();
  if (data !== undefined)
    return (
      <Page
        title={subject(data)}
        lead={
          <span className="approvals-lead">
            <ApprovalBadge state={data.state} /> {t('title', { id })}
          </span>
        }
        updatedAt={read.dataUpdatedAt}
        ready
      >
        <Decide request={data} />
        <Would request={data} />
        <div className="cards">
          <Asked request={data} />
          <Section title={t('why')}>
            <NeedList of={data.needs} />
          </Section>
        </div>
        <Section title={t('command')} lead={t('hashHint')}>
          <p className="approvals-note">
            {t('hash')} <code>{data.hash}</code>
          </p>
          <Json value={data.command} label={t('command')} />
        </Section>
      </Page>
    );
  return (
    <Page title={t('title', { id })} ready={error !== null}>
      {error === null && <Loading />}
      {error?.code === 'not-found' ? (
        <Empty title={t('gone')}>
          <Link to="/approvals">{t('goneBack')}</Link>
        </Empty>
      ) : (
        error !== null && <Notice error={error} onRetry={() => void read.refetch()} />
      )}
    </Page>
  );
}

function Asked({ request }: { request: Approval }) {
  const { t } = useTranslation('approvals');
  const { requestedBy, requestedAt, expiresAt, reason, sysCodes, decidedBy, decidedAt, state } = request;
  const page = pageOf(request);
  return (
    <Section title={t('who')}>
      <dl className="approvals-facts">
        <dt>{t('requestedBy')}</dt>
        <dd>
          {requestedBy} · <Time at={requestedAt} />
        </dd>
        <dt>{t('reason')}</dt>
        <dd>{reason}</dd>
        <dt>{t('concerns')}</dt>
        <dd>{sysCodes.length === 0 ? t('wholeInstallation') : listed(sysCodes)}</dd>
        {state === 'open' && (
          <>
            <dt>{t('expires')}</dt>
            <dd>
              <Time at={expiresAt} /> · <Time at={expiresAt} relative coming />
            </dd>
          </>
        )}
        <dt>{t('policyVersion')}</dt>
        <dd>{wholeNumber(request.policyVersion)}</dd>
        {decidedAt !== null && (
          <>
            <dt>{t('decision')}</dt>
            <dd>
              {t('decidedBy', { name: decidedBy ?? '–', reason: request.decisionReason ?? '–' })} ·{' '}
              <Time at={decidedAt} />
            </dd>
          </>
        )}
      </dl>
      {page !== null && (
        <Text size="sm">
          <Link to={page.to}>{t(page.kind)}</Link>
        </Text>
      )}
    </Section>
  );
}
