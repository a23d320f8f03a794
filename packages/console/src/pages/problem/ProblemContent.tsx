/** Everything about one problem, in the order in which a person asks. */
import { Anchor } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Section } from '../../parts/Section.tsx';
import { Sides } from '../../parts/Sides.tsx';
import { Acts } from './Acts.tsx';
import { Executions } from './Executions.tsx';
import { History } from './History.tsx';
import { Messages } from './Messages.tsx';
import { Outlook } from './Outlook.tsx';
import { solutionFor } from './outlook.ts';
import { Preview } from './Preview.tsx';
import { Reveal } from './Reveal.tsx';
import { Summary } from './Summary.tsx';
import './problem.css';

export function ProblemContent({ id, preview = false }: { id: string; preview?: boolean }) {
  const { t } = useTranslation('problem');
  const { t: common } = useTranslation();
  const { hash, key } = useLocation();
  // Counts the wishes for a preview: each one begins a new one.
  const [previews, setPreviews] = useState(0);
  const wish = hash === '#preview' || preview ? key : null;
  useEffect(() => {
    if (wish !== null) setPreviews((count) => count + 1);
  }, [wish]);
  const [running, setRunning] = useState(false);
  const { data: problem, error, refetch } = useRead('getProblem', { params: { id } });
  const solutions = useRead(
    'listSolutions',
    { query: { sysCode: problem?.sysCode } },
    { enabled: problem !== undefined },
  );
  const messages = useRead('listProblemMessages', { params: { id } });

  if (error !== null && problem === undefined) {
    if (error.code !== 'not-found' && error.code !== 'invalid-field')
      return <Notice error={error} title={common('failedLoad')} onRetry={() => void refetch()} />;
    return (
      <Empty title={t('missing')}>
        {t('missingLead')}{' '}
        <Anchor component={Link} underline="always" to="/problems">
          {t('toProblems')}
        </Anchor>
      </Empty>
    );
  }
  if (problem === undefined) return <Loading />;
  const solution = solutionFor(problem, solutions.data?.items);
  return (
    <div className="problem">
      {error !== null && <Notice error={error} title={common('failedLoad')} />}
      <Summary problem={problem} solution={solution} />
      <Acts
        problem={problem}
        solution={solution}
        onPreview={() => setPreviews((count) => count + 1)}
        running={running}
        onRunning={setRunning}
      />
      <Outlook problem={problem} solution={solution} />
      {previews > 0 && (
        <Preview problem={problem} solution={solution} wish={previews} onRun={() => setRunning(true)} />
      )}
      <Section title={t('sides.heading')} lead={t('sides.lead')} actions={<Reveal problem={problem} />}>
        <Sides facts={problem.facts} currency={problem.currency} contradictions={problem.contradictions} />
      </Section>
      <Executions problem={problem} solution={solution} messages={messages.data?.items} />
      <History problem={problem} />
      <Messages id={id} items={messages.data?.items} error={messages.error} />
    </div>
  );
}
