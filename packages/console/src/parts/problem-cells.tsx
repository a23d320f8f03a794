/** What a row of a list of problems says. Two lines each, so that fifty rows fit and nothing is cut off. */
import { VisuallyHidden } from '@mantine/core';
import type { Problem } from '@piculus/protocol/http';
import type { MouseEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Amount } from './Amount.tsx';
import { AskedBadge } from './AskNeeds.tsx';
import { OutcomeBadge, PocketBadge, StateBadge, WaitBadge } from './badges.tsx';
import { wholeNumber } from './format.ts';
import './problem-cells.css';
import { Scenario } from './Scenario.tsx';
import { Time } from './Time.tsx';
import type { Touch } from './touched.ts';

/** The link's id, for whoever must put the focus back on a row. */
export const rowLinkId = (id: string): string => `problem-row-${id}`;

export interface OrderCellProps {
  readonly problem: Problem;
  readonly touch: Touch | undefined;
  /** With the amount, where it has no column of its own. */
  readonly withAmount?: boolean;
  /** With when it was first seen, where that has no column of its own. */
  readonly withAge?: boolean;
  /** Instead of following the link, where it is clicked plainly. */
  readonly onOpen?: (problem: Problem) => void;
}

export function OrderCell({ problem, touch, withAmount = false, withAge = false, onOpen }: OrderCellProps) {
  const open = (event: MouseEvent): void => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!plain || onOpen === undefined || isPhone()) return;
    event.preventDefault();
    onOpen(problem);
  };
  return (
    <div className="two-lines">
      <span>
        <Link
          id={rowLinkId(problem.id)}
          className="business-key"
          to={`/problems/${problem.id}`}
          onClick={open}
        >
          {problem.businessKey}
        </Link>
        {touch !== undefined && <TouchMark touch={touch} />}
      </span>
      <span className="second-line">
        {problem.sysCode}
        {withAmount && (
          <>
            {' · '}
            <Amount minor={problem.amountMinor} currency={problem.currency} />
          </>
        )}
        {withAge && (
          <>
            {' · '}
            <Time at={problem.firstSeenAt} relative />
          </>
        )}
      </span>
    </div>
  );
}

/** Where there is no room beside the list. */
export function isPhone(): boolean {
  return window.matchMedia('(max-width: 52rem)').matches;
}

function TouchMark({ touch }: { touch: Touch }) {
  const { t } = useTranslation('problems');
  const words = touch === 'acted' ? t('acted') : t('openedMark');
  return (
    <span className="touch-mark" data-touch={touch} title={words}>
      <span aria-hidden="true">{touch === 'acted' ? '▶' : '●'}</span>
      <VisuallyHidden>{words}</VisuallyHidden>
    </span>
  );
}

export function ScenarioCell({ problem }: { problem: Problem }) {
  return (
    <div className="two-lines">
      <Scenario of={problem.scenario} short />
      <span className="second-line one-line" title={problem.fixCode}>
        {problem.fixCode}
      </span>
    </div>
  );
}

export function AmountCell({ problem }: { problem: Problem }) {
  return (
    <div className="two-lines">
      <Amount minor={problem.amountMinor} currency={problem.currency} />
      <PocketBadge of={problem.outOfPocket} />
    </div>
  );
}

/** The state and why it waits; where it waits for a tick, until when. */
export function StateCell({ problem }: { problem: Problem }) {
  const { t } = useTranslation('problems');
  return (
    <div className="two-lines">
      <StateBadge state={problem.state} />
      {problem.waitReason === 'scheduled' && problem.nextTickAt !== null ? (
        <span className="second-line">
          {t('nextTick')} <Time at={problem.nextTickAt} relative coming />
        </span>
      ) : (
        problem.waitReason !== null && <WaitBadge reason={problem.waitReason} />
      )}
      {problem.approvalId !== null && <AskedBadge id={problem.approvalId} />}
      {problem.seenSinceClosed && <span className="second-line">{t('seenSinceClosed')}</span>}
    </div>
  );
}

export function AgeCell({ problem }: { problem: Problem }) {
  const { t } = useTranslation('problems');
  return (
    <div className="two-lines">
      <Time at={problem.firstSeenAt} relative />
      <span className="second-line no-wrap">{t('seen', { count: problem.seenCount })}</span>
    </div>
  );
}

export function TriesCell({ problem }: { problem: Problem }) {
  const { t } = useTranslation('problems');
  const used = wholeNumber(problem.retriesUsed);
  return (
    <div className="two-lines">
      <span className="no-wrap">{t('attempts', { count: problem.attempts })}</span>
      <span className="second-line no-wrap">
        {problem.maxRetries === null
          ? t('retriesUsed', { used })
          : t('retriesOf', { used, max: wholeNumber(problem.maxRetries) })}
      </span>
    </div>
  );
}

export function OutcomeCell({ problem }: { problem: Problem }) {
  const { t } = useTranslation('problems');
  if (problem.lastOutcome === null) return <span className="second-line">{t('neverRun')}</span>;
  return (
    <div className="two-lines">
      <OutcomeBadge outcome={problem.lastOutcome} />
      {problem.lastReason !== null && (
        <span className="second-line one-line" title={problem.lastReason}>
          {problem.lastReason}
        </span>
      )}
    </div>
  );
}
