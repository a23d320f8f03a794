/** What the fix would do now, asked of a client when a person wants it; nothing is written. */
import { Button, Group, Loader, Text } from '@mantine/core';
import type { ApiError, Preview as Answer, ProblemDetail, Solution } from '@piculus/protocol/http';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { asApiError } from '../../api/client.ts';
import { OutcomeBadge } from '../../parts/badges.tsx';
import { differences } from '../../parts/facts.ts';
import { amount } from '../../parts/format.ts';
import { Notice } from '../../parts/Notice.tsx';
import { Able } from '../../parts/roles/Able.tsx';
import { Scenario } from '../../parts/Scenario.tsx';
import { Section } from '../../parts/Section.tsx';
import { Sides } from '../../parts/Sides.tsx';
import { Time } from '../../parts/Time.tsx';
import { offersFor } from './acts.ts';
import { Postings } from './Postings.tsx';

export interface PreviewProps {
  readonly problem: ProblemDetail;
  readonly solution: Solution | null | undefined;
  /** Grows with each wish for a preview. */
  readonly wish: number;
  readonly onRun: () => void;
}

interface Taken {
  readonly answer: Answer;
  readonly at: string;
  /** The problem as it was then, to know that it has changed since. */
  readonly stateChangedAt: string;
  readonly attempts: number;
}

export function Preview({ problem, solution, wish, onRun }: PreviewProps) {
  const { t } = useTranslation('problem');
  const ask = useAct('previewProblem');
  const [taken, setTaken] = useState<Taken | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [asking, setAsking] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const { id, stateChangedAt, attempts } = problem;

  const begin = async (): Promise<void> => {
    // One question at a time: a second wish is answered by what is on its way.
    if (asking) return;
    setAsking(true);
    setError(null);
    try {
      const answer = await ask.mutateAsync({ params: { id } });
      setTaken({ answer, at: new Date().toISOString(), stateChangedAt, attempts });
    } catch (thrown) {
      setTaken(null);
      setError(asApiError(thrown));
    } finally {
      setAsking(false);
    }
  };
  const onWish = useEffectEvent(() => {
    place.current?.scrollIntoView({ block: 'start' });
    place.current?.focus({ preventScroll: true });
    void begin();
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each wish begins one preview, whatever else changes.
  useEffect(() => onWish(), [wish]);

  return (
    <div ref={place} tabIndex={-1} className="preview" id="preview">
      <Section
        title={t('preview.heading')}
        lead={t('preview.lead')}
        actions={
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => void begin()}
            disabled={asking || problem.state === 'executing'}
          >
            {t('preview.again')}
          </Button>
        }
      >
        <div aria-live="polite">
          {asking && (
            <Group gap="sm">
              <Loader size="xs" />
              <Text size="sm">{t('preview.asking', { system: problem.sysCode })}</Text>
            </Group>
          )}
          {!asking && error !== null && <Failed error={error} system={problem.sysCode} onRetry={begin} />}
          {!asking && taken !== null && (
            <Told taken={taken} problem={problem} solution={solution} onRun={onRun} />
          )}
        </div>
      </Section>
    </div>
  );
}

function Failed({
  error,
  system,
  onRetry,
}: {
  error: ApiError;
  system: string;
  onRetry: () => Promise<void>;
}) {
  const { t } = useTranslation('problem');
  const away = error.code === 'no-client';
  // The server answers `busy` when the client let its time pass.
  const late = error.code === 'busy';
  return (
    <>
      {(away || late) && (
        <Text size="sm" mb="xs">
          {away ? t('preview.noClientLead', { system }) : t('preview.lateLead')}
        </Text>
      )}
      <Notice
        error={error}
        title={away ? t('preview.noClient') : late ? t('preview.late') : t('preview.failed')}
        onRetry={() => void onRetry()}
      />
    </>
  );
}

interface ToldProps {
  readonly taken: Taken;
  readonly problem: ProblemDetail;
  readonly solution: Solution | null | undefined;
  readonly onRun: () => void;
}

function Told({ taken: { answer, at, ...then }, problem, solution, onRun }: ToldProps) {
  const { t } = useTranslation('problem');
  const { verdict, steps, facts, scenario } = answer;
  const changed = then.stateChangedAt !== problem.stateChangedAt || then.attempts !== problem.attempts;
  const found = facts === null ? [] : differences(problem.facts, facts);
  const runs = verdict === 'act' && !changed && offersFor(problem, solution).run.refused === null;
  return (
    <div className="preview-told">
      <Text size="sm" c="dimmed">
        {t('preview.taken')} <Time at={at} relative />
      </Text>
      {changed && (
        <p className="preview-changed">
          <span aria-hidden="true">! </span>
          {t('preview.changed')}
        </p>
      )}
      <p className="preview-verdict">
        {verdict === 'act' ? (
          <strong>{t('verdict.act', { count: steps.length })}</strong>
        ) : (
          <>
            <OutcomeBadge outcome={verdict} /> <strong>{t(`verdict.${verdict}`)}</strong>
          </>
        )}
      </p>
      <p className="problem-words">{t('preview.said', { reason: answer.reason })}</p>
      <p className="problem-words">
        {t('preview.scenarioNow')} {scenario === null ? t('preview.noScenario') : <Scenario of={scenario} />}
      </p>
      <Postings steps={steps} facts={facts} currency={problem.currency} />
      {runs && (
        <div>
          <Able to="execute" where={{ sysCode: problem.sysCode }}>
            <Button onClick={onRun}>
              {t('preview.run', { amount: amount(problem.amountMinor, problem.currency) })}
            </Button>
          </Able>
        </div>
      )}
      <h3 className="preview-heading">{t('preview.factsNow')}</h3>
      {facts === null ? (
        <p>{t('preview.noFacts')}</p>
      ) : (
        <>
          <Text size="sm">
            {found.length === 0 ? t('preview.sameFacts') : t('preview.differs', { count: found.length })}
          </Text>
          <Sides facts={facts} currency={problem.currency} changed={found} headings={4} />
        </>
      )}
    </div>
  );
}
