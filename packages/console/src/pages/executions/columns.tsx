/** What a row of the list of executions says. Two lines each, so that fifty rows fit. */
import { VisuallyHidden } from '@mantine/core';
import type { Execution } from '@piculus/protocol/http';
import { type MouseEvent, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { OutcomeBadge, StateBadge } from '../../parts/badges.tsx';
import type { Column } from '../../parts/DataTable.tsx';
import { Moved, span } from '../../parts/ExecutionStory.tsx';
import { Time } from '../../parts/Time.tsx';
import { detailLinkId, openKey } from './open.ts';
import { ClientLink } from './Running.tsx';

type Open = (execution: Execution) => void;

/** @param narrow an execution is open beside the list: only what tells rows apart. */
export function useDoneColumns(narrow: boolean, open: Open): Column<Execution>[] {
  const { t } = useTranslation('executions');
  return useMemo(() => {
    const few: Column<Execution>[] = [
      { key: 'order', header: t('order'), cell: (row) => <Order row={row} /> },
      { key: 'attempt', header: t('attempt'), cell: (row) => <Attempt row={row} open={open} /> },
      { key: 'outcome', header: t('outcome'), cell: (row) => <Outcome row={row} /> },
      {
        key: 'finished',
        header: t('finished'),
        cell: ({ finishedAt, dispatchedAt }) => (
          <div className="executions-lines">
            <Time at={finishedAt} relative />
            <span className="executions-second executions-whole">
              {t('took')} {span(dispatchedAt, finishedAt)}
            </span>
          </div>
        ),
      },
    ];
    if (narrow) return few;
    const [order, attempt, outcome, finished] = few;
    return [
      order,
      {
        key: 'fix',
        header: t('fix'),
        cell: ({ fixCode, clientId, sysCode }: Execution) => (
          <div className="executions-lines">
            <span className="executions-fix">{fixCode}</span>
            <span className="executions-second">
              {t('client')} <ClientLink clientId={clientId} sysCode={sysCode} />
            </span>
          </div>
        ),
      },
      attempt,
      outcome,
      {
        key: 'moved',
        header: t('moved'),
        align: 'right' as const,
        cell: (row: Execution) => <Moved execution={row} />,
      },
      {
        key: 'after',
        header: t('after'),
        cell: (row: Execution) => <After row={row} />,
      },
      finished,
    ].filter((column) => column !== undefined);
  }, [t, narrow, open]);
}

function Order({ row }: { row: Execution }) {
  return (
    <div className="executions-lines">
      <Link className="business-key" to={`/problems/${row.problemId}`}>
        {row.businessKey}
      </Link>
      <span className="executions-second">{row.sysCode}</span>
    </div>
  );
}

/** The way to the details for keys and screen readers; a link, so that it can be opened elsewhere too. */
function Attempt({ row, open }: { row: Execution; open: Open }) {
  const { t } = useTranslation('executions');
  const { t: words } = useTranslation('words');
  const { search } = useLocation();
  const query = new URLSearchParams(search);
  query.set('open', openKey(row));
  const { attempt: n, maxRetries } = row;
  const follow = (event: MouseEvent): void => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!plain) return;
    event.preventDefault();
    open(row);
  };
  return (
    <div className="executions-lines">
      <Link id={detailLinkId(openKey(row))} className="executions-whole" to={`?${query}`} onClick={follow}>
        {maxRetries === null || n > maxRetries + 1
          ? t('attemptN', { n })
          : t('attemptOf', { n, max: maxRetries + 1 })}
        <VisuallyHidden> {t('opens', { order: row.businessKey })}</VisuallyHidden>
      </Link>
      <span className="executions-second">{words(`trigger.${row.trigger}`)}</span>
    </div>
  );
}

function Outcome({ row: { outcome, reason } }: { row: Execution }) {
  return (
    <div className="executions-lines">
      <OutcomeBadge outcome={outcome} />
      <span className="executions-second executions-reason">{reason}</span>
    </div>
  );
}

function After({ row: { stateAfter, nextTickAt } }: { row: Execution }) {
  const { t } = useTranslation('executions');
  return (
    <div className="executions-lines">
      <StateBadge state={stateAfter} />
      {nextTickAt !== null && (
        <span className="executions-second">
          {t('nextTick')} <Time at={nextTickAt} relative coming />
        </span>
      )}
    </div>
  );
}
