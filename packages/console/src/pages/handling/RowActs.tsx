/** What a person can do with a row of the queue, and what came of it. */
import { Anchor, Button, Text } from '@mantine/core';
import type { Problem } from '@piculus/protocol/http';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useAct } from '../../api/acts.ts';
import { useMay } from '../../app/session.tsx';
import { canRun } from '../../parts/chosen.ts';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { amount } from '../../parts/format.ts';
import { rowLinkId } from '../../parts/problem-cells.tsx';
import { Scenario } from '../../parts/Scenario.tsx';
import { touch } from '../../parts/touched.ts';
import { type Act, isAsked, isDecided, type QueueRow } from './held.ts';

export interface RowActsProps {
  readonly row: QueueRow;
  readonly onPreview: (problem: Problem) => void;
  readonly onActed: (problem: Problem, act: Act) => void;
}

export function RowActs({ row, onPreview, onActed }: RowActsProps) {
  const { t } = useTranslation('handling');
  const { problem } = row;
  const [asking, setAsking] = useState<'run' | 'close' | null>(null);
  const { may } = useMay();
  const able = may('execute', problem.sysCode);
  const mayConfigure = may('configure', problem.sysCode);
  const name = problem.businessKey;
  const acted = (act: Act): void => {
    touch([problem.id], 'acted');
    onActed(problem, act);
  };
  return (
    <div className="row-acts">
      {row.act !== null && (row.act !== 'open' || row.left) && <WhatCame row={row} />}
      {!isDecided(row) && (
        <div className="row-buttons">
          {canRun(problem) && (
            <>
              <Button
                variant="default"
                size="compact-sm"
                aria-label={`${t('preview')} ${name}`}
                onClick={() => onPreview(problem)}
              >
                {t('preview')}
              </Button>
              {able && (
                <Button size="compact-sm" aria-label={`${t('run')} ${name}`} onClick={() => setAsking('run')}>
                  {t('run')}
                </Button>
              )}
            </>
          )}
          {problem.waitReason === 'no-solution' && mayConfigure && (
            <Anchor
              component={Link}
              size="sm"
              to={`/solutions/new?${new URLSearchParams({ sysCode: problem.sysCode, fixCode: problem.fixCode })}`}
              aria-label={`${t('createSolution')} ${problem.sysCode} ${problem.fixCode}`}
            >
              {t('createSolution')}
            </Anchor>
          )}
          {problem.waitReason === 'disabled' && mayConfigure && (
            <Anchor component={Link} size="sm" to={`/solutions?sysCode=${problem.sysCode}`}>
              {t('enableSolution')}
            </Anchor>
          )}
          {able && (
            <Button
              variant="subtle"
              color="gray"
              size="compact-sm"
              title={t('close')}
              aria-label={`${t('close')} ${name}`}
              onClick={() => setAsking('close')}
            >
              {t('closeShort')}
            </Button>
          )}
        </div>
      )}
      {asking === 'run' && (
        <RunOne problem={problem} onDone={() => acted('run')} onClose={() => setAsking(null)} />
      )}
      {asking === 'close' && (
        <CloseOne problem={problem} onDone={() => acted('close')} onClose={() => setAsking(null)} />
      )}
    </div>
  );
}

function WhatCame({ row }: { row: QueueRow }) {
  const { t } = useTranslation('handling');
  const { t: words } = useTranslation('words');
  const { problem, act } = row;
  const { id, state, lastOutcome } = problem;
  // The button that had the focus is gone; the row is where the person was.
  useEffect(() => {
    if (act !== 'open') document.getElementById(rowLinkId(id))?.focus();
  }, [act, id]);
  const text = (): string => {
    if (state === 'closed') return t('closed');
    if (state === 'executing') return t('executing');
    if (isAsked(row)) return problem.waitReason === 'no-client' ? t('askedNoClient') : t('asked');
    if (!row.answered || lastOutcome === null) return t('stateNow', { state: words(`state.${state}`) });
    return t('outcome', { outcome: words(`outcome.${lastOutcome}`) });
  };
  return (
    <Text size="sm" fw={600} role="status" className="what-came">
      {text()}
    </Text>
  );
}

interface AskProps {
  readonly problem: Problem;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function RunOne({ problem, onDone, onClose }: AskProps) {
  const { t } = useTranslation('handling');
  const act = useAct('runProblem', ['problems', 'executions']);
  const needed = problem.state !== 'pending';
  return (
    <ConfirmAct
      title={t('runTitle')}
      act={t('runAmount', { amount: amount(problem.amountMinor, problem.currency) })}
      reason={needed ? 'required' : 'optional'}
      command={{ kind: 'run', problemId: problem.id }}
      onConfirm={async (reason) => {
        const body = reason === '' ? {} : { reason };
        await act.mutateAsync({ params: { id: problem.id }, body });
        onDone();
      }}
      onClose={onClose}
    >
      <About problem={problem} />
      <Text size="sm">{t('runLead')}</Text>
      {needed && <Text size="sm">{t('whyReason')}</Text>}
    </ConfirmAct>
  );
}

function CloseOne({ problem, onDone, onClose }: AskProps) {
  const { t } = useTranslation('handling');
  const act = useAct('closeProblem', ['problems']);
  return (
    <ConfirmAct
      title={t('closeTitle')}
      act={t('closeAmount', { amount: amount(problem.amountMinor, problem.currency) })}
      color="red"
      reason="required"
      onConfirm={async (reason) => {
        await act.mutateAsync({ params: { id: problem.id }, body: { reason } });
        onDone();
      }}
      onClose={onClose}
    >
      <About problem={problem} />
      <Text size="sm">{t('closeLead')}</Text>
    </ConfirmAct>
  );
}

function About({ problem }: { problem: Problem }) {
  return (
    <div className="ask-about">
      <p>
        <strong className="business-key">{problem.businessKey}</strong> · {problem.sysCode} ·{' '}
        {amount(problem.amountMinor, problem.currency)}
      </p>
      <p>
        <Scenario of={problem.scenario} />
      </p>
    </div>
  );
}
