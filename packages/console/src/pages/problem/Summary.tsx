/** What it is, how much is at stake and for whom, at a glance. */
import { Anchor } from '@mantine/core';
import type { ProblemDetail, Solution } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Amount } from '../../parts/Amount.tsx';
import { AskedBadge } from '../../parts/AskNeeds.tsx';
import { PocketBadge, Sign, StateBadge, WaitBadge } from '../../parts/badges.tsx';
import { Time } from '../../parts/Time.tsx';
import { inLanguage } from '../../parts/words.ts';

export interface SummaryProps {
  readonly problem: ProblemDetail;
  readonly solution: Solution | null | undefined;
}

export function Summary({ problem, solution }: SummaryProps) {
  const { t } = useTranslation('problem');
  const { waitReason } = problem;
  return (
    <div className="problem-summary">
      <p className="problem-sentence">
        <strong>{problem.scenario}</strong> {inLanguage(problem.sentence)}
      </p>
      <div className="problem-badges" aria-live="polite">
        <StateBadge state={problem.state} />
        {waitReason !== null && <WaitBadge reason={waitReason} />}
        {problem.approvalId !== null && <AskedBadge id={problem.approvalId} />}
        {problem.reopenCount > 0 && (
          <Sign color="orange" sign="↺">
            {t('facts.reopened', { count: problem.reopenCount })}
          </Sign>
        )}
      </div>
      <Facts problem={problem} solution={solution} />
    </div>
  );
}

function Facts({ problem, solution }: SummaryProps) {
  const { t } = useTranslation('problem');
  const { t: words } = useTranslation('words');
  const { t: common } = useTranslation();
  return (
    <dl className="problem-facts">
      <Fact name={t('facts.amount')}>
        <span className="problem-amount">
          <Amount minor={problem.amountMinor} currency={problem.currency} />
        </span>
      </Fact>
      <Fact name={words('pocketLabel')}>
        <PocketBadge of={problem.outOfPocket} />
      </Fact>
      <Fact name={common('system')}>
        <Anchor component={Link} to={`/problems?sysCode=${problem.sysCode}`}>
          {problem.sysCode}
        </Anchor>
      </Fact>
      <Fact name={t('facts.fix')}>
        {solution ? (
          <Anchor component={Link} to={`/solutions/${solution.id}`}>
            {problem.fixCode}
          </Anchor>
        ) : (
          problem.fixCode
        )}
      </Fact>
      <Fact name={t('facts.occurred')}>
        <Time at={problem.occurredAt} />
      </Fact>
      <Fact name={t('facts.age')}>
        <Time at={problem.firstSeenAt} relative />
      </Fact>
      <Fact name={t('facts.lastSeen')}>
        <Time at={problem.lastSeenAt} relative />
        <span className="problem-note">{t('facts.seen', { count: problem.seenCount })}</span>
      </Fact>
      <Fact name={t('facts.executed')}>
        {t('facts.attempts', { count: problem.attempts })}
        {problem.maxRetries !== null && (
          <span className="problem-note">
            {t('facts.retries')}{' '}
            {t('facts.retriesOf', { used: problem.retriesUsed, max: problem.maxRetries })}
          </span>
        )}
      </Fact>
      <Fact name={t('facts.since')}>
        <Time at={problem.stateChangedAt} relative />
      </Fact>
      {problem.confirmedAt !== null && (
        <Fact name={t('facts.confirmed')}>
          <Time at={problem.confirmedAt} />
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="problem-fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
