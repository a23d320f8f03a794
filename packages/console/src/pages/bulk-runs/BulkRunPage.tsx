/** One bulk run: who let what run and why, how far it has come, and what came of each problem. */
import { Button, Group } from '@mantine/core';
import type { BulkRun } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { useAct } from '../../api/acts.ts';
import { useRead } from '../../api/queries.ts';
import { Amounts } from '../../parts/Amount.tsx';
import { amountsText } from '../../parts/chosen.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { FilterWords } from '../../parts/FilterWords.tsx';
import { wholeNumber } from '../../parts/format.ts';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Page } from '../../parts/Page.tsx';
import { filterQuery } from '../../parts/problem-fields.ts';
import { Able } from '../../parts/roles/Able.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';
import './bulk-runs.css';
import { Groups } from './Groups.tsx';
import { Items } from './Items.tsx';
import { Progress } from './Progress.tsx';
import { RunAgain } from './RunAgain.tsx';

export function Component() {
  const { id = '' } = useParams();
  const { t } = useTranslation('bulkRuns');
  const read = useRead('getBulkRun', { params: { id } });
  const run = read.data;
  return (
    <Page
      title={t('number', { id })}
      ready={!read.isPending}
      updatedAt={read.dataUpdatedAt}
      actions={
        <Group gap="xs">
          <Button component={Link} to="/bulk-runs" variant="default" size="xs">
            {t('all')}
          </Button>
          <Able to="execute" where="anywhere">
            {run !== undefined && <RunAgain run={run} />}
            {run !== undefined && (run.results.waiting ?? 0) > 0 && <Cancel run={run} />}
          </Able>
        </Group>
      }
    >
      {read.error !== null && <Notice error={read.error} onRetry={() => void read.refetch()} />}
      {run === undefined ? read.isPending && <Loading /> : <Run run={run} />}
    </Page>
  );
}

function Run({ run }: { run: BulkRun }) {
  const { t } = useTranslation('bulkRuns');
  return (
    <>
      <Section title={t('about')}>
        <About run={run} />
        <Progress run={run} live />
      </Section>
      <Section title={t('results')} lead={t('resultsLead')}>
        <Groups run={run} />
      </Section>
      <Section title={t('each')}>
        <Items run={run} />
      </Section>
    </>
  );
}

function About({ run }: { run: BulkRun }) {
  const { t } = useTranslation('bulkRuns');
  const { t: common } = useTranslation();
  const number = wholeNumber(run.problems);
  return (
    <dl className="bulk-about">
      <div>
        <dt>{t('who')}</dt>
        <dd className="bulk-words">{run.requestedBy}</dd>
      </div>
      <div>
        <dt>{t('when')}</dt>
        <dd>
          <Time at={run.requestedAt} />
        </dd>
      </div>
      <div>
        <dt>{common('reason')}</dt>
        <dd className="bulk-words">{run.reason ?? common('none')}</dd>
      </div>
      <div>
        <dt>{common('amount')}</dt>
        <dd>
          <Amounts of={run.amounts} otherwise={common('none')} />
        </dd>
      </div>
      <div>
        <dt>{t('scope')}</dt>
        <dd>
          {run.filter === null ? (
            t('theseProblems', { count: run.problems, number })
          ) : (
            <>
              <p className="bulk-scope">
                {t('allThatMatched', { count: run.problems, number })}{' '}
                <Link to={`/problems?${filterQuery(run.filter)}`}>{t('matchNow')}</Link>
              </p>
              <FilterWords filter={run.filter} />
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}

function Cancel({ run }: { run: BulkRun }) {
  const { t } = useTranslation('bulkRuns');
  const act = useAct('cancelBulkRun', ['bulk-runs', 'problems']);
  const [asking, setAsking] = useState(false);
  const count = run.results.waiting ?? 0;
  const number = wholeNumber(count);
  return (
    <>
      <Button size="xs" color="red" variant="outline" onClick={() => setAsking(true)}>
        {t('cancel')}
      </Button>
      {asking && (
        <ConfirmAct
          title={t('cancelTitle')}
          act={t('cancelCount', { count, number })}
          color="red"
          reason="required"
          onConfirm={async (reason) => {
            await act.mutateAsync({ params: { id: run.id }, body: { reason } });
          }}
          onClose={() => setAsking(false)}
        >
          <p className="bulk-scope">{t('cancelLead', { count, number, all: amountsText(run.amounts) })}</p>
        </ConfirmAct>
      )}
    </>
  );
}
