/** Where the problem stands, why, until when, and what a person can do about it. */
import { Anchor, Text } from '@mantine/core';
import type { ProblemDetail, Solution } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { OutcomeBadge } from '../../parts/badges.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';
import { runAsked } from './acts.ts';
import { lastClosing, leaseOf, type Outlook as Kind, outlookOf } from './outlook.ts';

export interface OutlookProps {
  readonly problem: ProblemDetail;
  readonly solution: Solution | null | undefined;
}

export function Outlook({ problem, solution }: OutlookProps) {
  const { t } = useTranslation('problem');
  const { t: words } = useTranslation('words');
  const kind = outlookOf(problem);
  const closing = lastClosing(problem.history);
  const who = kind === 'asked' ? runAsked(problem.history)?.actor : closing?.actor;
  const closed = kind === 'closed' || kind === 'seen-since-closed';
  return (
    <Section title={t('next.heading')} className="problem-next">
      <p className="problem-next-words">
        {t(`next.${kind}`, { system: problem.sysCode, fix: problem.fixCode, who: who ?? '–' })}
      </p>
      {problem.nextTickAt !== null && (
        <p>
          {t('next.tick')} <strong>{<Time at={problem.nextTickAt} relative coming />}</strong> ·{' '}
          <Time at={problem.nextTickAt} />
        </p>
      )}
      {kind === 'executing' && <Working problem={problem} />}
      {closed && closing?.reason && (
        <p className="problem-words">
          {t('next.said', { reason: closing.reason })} · <Time at={closing.at} />
        </p>
      )}
      {problem.lastOutcome !== null && (
        <p className="problem-words">
          {t('next.lastSaid')} <OutcomeBadge outcome={problem.lastOutcome} /> {problem.lastReason}
        </p>
      )}
      {solution && (
        <Text size="sm" c="dimmed">
          {t('next.solution', {
            mode: words(`mode.${solution.executionMode}`),
            status: words(`status.${solution.status}`),
            max: solution.maxRetries,
          })}
        </Text>
      )}
      <Advice kind={kind} problem={problem} solution={solution} />
    </Section>
  );
}

function Working({ problem }: { problem: ProblemDetail }) {
  const { t } = useTranslation('problem');
  const { data } = useRead('listLeases');
  const lease = leaseOf(problem.id, data?.items);
  if (lease === undefined) return null;
  return (
    <p className="problem-words">
      {t('execution.client')} <code>{lease.clientId}</code> · {t('next.worksSince')}{' '}
      <Time at={lease.leasedAt} relative /> · {t('next.expires')} <Time at={lease.expiresAt} relative />
    </p>
  );
}

/** What a person can do where waiting alone does not help. */
function Advice({ kind, problem, solution }: OutlookProps & { kind: Kind }): ReactNode {
  const { t } = useTranslation('problem');
  const { sysCode, fixCode } = problem;
  const { may } = useMay();
  const mayConfigure = may('configure', sysCode);
  const mayExecute = may('execute', sysCode);
  switch (kind) {
    case 'no-solution':
      return mayConfigure ? (
        <To to={`/solutions/new?${new URLSearchParams({ sysCode, fixCode })}`}>{t('next.doConfigure')}</To>
      ) : null;
    case 'disabled':
    case 'no-tick':
      return solution && mayConfigure ? <To to={`/solutions/${solution.id}`}>{t('next.doEnable')}</To> : null;
    case 'no-client':
    case 'asked':
      return <To to={`/clients?${new URLSearchParams({ sysCode })}`}>{t('next.doClients')}</To>;
    case 'paused':
      return <To to="/limits">{t('next.doLimits')}</To>;
    case 'approval':
      return <To to="/approvals?tab=history">{t('next.doApprovals')}</To>;
    case 'manual':
    case 'reopened':
      return mayExecute ? <Text size="sm">{t('next.canPreview')}</Text> : null;
    case 'exhausted':
    case 'needs-human':
    case 'for-person':
      return mayExecute ? <Text size="sm">{t('next.canRunAgain')}</Text> : null;
    case 'seen-since-closed':
      return mayExecute ? <Text size="sm">{t('next.canReopen')}</Text> : null;
    default:
      return null;
  }
}

function To({ to, children }: { to: string; children: string }) {
  return (
    <Anchor component={Link} to={to} size="sm">
      {children}
    </Anchor>
  );
}
