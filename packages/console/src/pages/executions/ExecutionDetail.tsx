/** One execution beside the list, with what became of its problem since. */
import { Anchor, CloseButton, Group, Title } from '@mantine/core';
import type { Execution, ProblemDetail } from '@piculus/protocol/http';
import { useEffect, useId, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { StateBadge, WaitBadge } from '../../parts/badges.tsx';
import { ExecutionStory } from '../../parts/ExecutionStory.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Time } from '../../parts/Time.tsx';
import { askedFor } from '../problem/acts.ts';
import { solutionFor } from '../problem/outlook.ts';

export interface ExecutionDetailProps {
  readonly problemId: string;
  readonly id: string;
  /** The row of the list, to show before the rest has come. */
  readonly row: Execution | undefined;
  readonly onClose: () => void;
}

export function ExecutionDetail({ problemId, id, row, onClose }: ExecutionDetailProps) {
  const { t } = useTranslation('executions');
  const { t: problems } = useTranslation('problem');
  const heading = useId();
  const place = useRef<HTMLElement>(null);
  useEffect(() => place.current?.focus(), []);
  const read = useRead('getProblem', { params: { id: problemId } });
  const messages = useRead('listProblemMessages', { params: { id: problemId } });
  const problem = read.data;
  const solutions = useRead(
    'listSolutions',
    { query: { sysCode: problem?.sysCode } },
    { enabled: problem !== undefined },
  );
  const execution = problem?.executions.find((each) => each.id === id) ?? row;
  const order = execution?.businessKey ?? problem?.businessKey ?? '';
  return (
    <aside ref={place} tabIndex={-1} className="executions-detail" aria-labelledby={heading}>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="sm">
        <div className="executions-title">
          <Title order={2} size="h3" id={heading}>
            {order === '' ? t('detail') : order}
          </Title>
          {execution !== undefined && <p>{problems('execution.attempt', { n: execution.attempt })}</p>}
        </div>
        <CloseButton onClick={onClose} aria-label={t('close')} />
      </Group>
      <Anchor component={Link} to={`/problems/${problemId}`} size="sm">
        {t('toProblem')}
      </Anchor>
      {read.error !== null && <Notice error={read.error} onRetry={() => void read.refetch()} />}
      {problem !== undefined && <Since problem={problem} />}
      {execution === undefined ? (
        read.isPending ? (
          <Loading />
        ) : (
          <p>{t('gone')}</p>
        )
      ) : (
        <ExecutionStory
          execution={execution}
          currency={problem?.currency ?? ''}
          solution={problem === undefined ? undefined : solutionFor(problem, solutions.data?.items)}
          asked={problem === undefined ? null : askedFor(problem.history, execution)}
          messages={messages.data?.items}
          headings={3}
        />
      )}
    </aside>
  );
}

/** The problem as it is now, and when it is tried again. */
function Since({ problem }: { problem: ProblemDetail }) {
  const { t } = useTranslation('executions');
  const { state, waitReason, nextTickAt } = problem;
  return (
    <div className="executions-since" aria-live="polite">
      <span>{t('problemNow')}</span>
      <StateBadge state={state} />
      {waitReason !== null && <WaitBadge reason={waitReason} />}
      {state === 'pending' && (
        <span>
          {nextTickAt === null ? (
            t('noTryAgain')
          ) : (
            <>
              {t('tryAgain')} <Time at={nextTickAt} relative coming /> · <Time at={nextTickAt} />
            </>
          )}
        </span>
      )}
    </div>
  );
}
