/** Every try to repair the problem, newest first; what runs now stands above. */
import type { Execution, Message, ProblemDetail, Solution } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { ExecutionStory } from '../../parts/ExecutionStory.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';
import { askedFor } from './acts.ts';
import { leaseOf } from './outlook.ts';

export interface ExecutionsProps {
  readonly problem: ProblemDetail;
  readonly solution: Solution | null | undefined;
  readonly messages: readonly Message[] | undefined;
}

export function Executions({ problem, solution, messages }: ExecutionsProps) {
  const { t } = useTranslation('problem');
  const attemptName = useAttemptName();
  const newestFirst = [...problem.executions].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? 1 : -1));
  const running = problem.state === 'executing';
  return (
    <Section title={t('execution.heading')}>
      {newestFirst.length === 0 && !running ? (
        <p className="problem-dimmed">{t('execution.none')}</p>
      ) : (
        <ol className="problem-tries">
          {running && <RunningNow problem={problem} />}
          {newestFirst.map((execution) => (
            <li key={execution.id} className="problem-try">
              <h3 className="problem-try-name">{attemptName(execution)}</h3>
              <ExecutionStory
                execution={execution}
                currency={problem.currency}
                solution={solution}
                asked={askedFor(problem.history, execution)}
                messages={messages}
              />
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}

/** @returns "Attempt 2 of at most 6"; no upper bound where waiting has cost more tries than the bound counts. */
function useAttemptName(): (execution: Pick<Execution, 'attempt' | 'maxRetries'>) => string {
  const { t } = useTranslation('problem');
  return ({ attempt: n, maxRetries }) =>
    maxRetries === null || n > maxRetries + 1
      ? t('execution.attempt', { n })
      : t('execution.attemptOf', { n, max: maxRetries + 1 });
}

function RunningNow({ problem }: { problem: ProblemDetail }) {
  const { t } = useTranslation('problem');
  const { t: words } = useTranslation('words');
  const { data } = useRead('listLeases');
  const lease = leaseOf(problem.id, data?.items);
  return (
    <li className="problem-try" data-running="true">
      <h3 className="problem-try-name">{t('execution.running')}</h3>
      <div className="execution-head">
        <StateBadge state="executing" />
        {lease !== undefined && (
          <>
            <span>{words(`trigger.${lease.trigger}`)}</span>
            <span>
              {t('execution.client')} {lease.clientId}
            </span>
            <Time at={lease.leasedAt} relative />
          </>
        )}
      </div>
    </li>
  );
}
