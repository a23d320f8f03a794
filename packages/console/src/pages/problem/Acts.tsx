/** What a person can do with the problem now. What is refused says why, and each act asks once more. */
import { Button, Group, Text } from '@mantine/core';
import type { ProblemDetail, Solution } from '@piculus/protocol/http';
import { useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useMay } from '../../app/session.tsx';
import { ConfirmAct } from '../../parts/ConfirmAct.tsx';
import { amount } from '../../parts/format.ts';
import { inLanguage } from '../../parts/words.ts';
import { offersFor } from './acts.ts';

export interface ActsProps {
  readonly problem: ProblemDetail;
  readonly solution: Solution | null | undefined;
  readonly onPreview: () => void;
  /** The question before a run is open; also opened from the preview. */
  readonly running: boolean;
  readonly onRunning: (open: boolean) => void;
}

export function Acts({ problem, solution, onPreview, running, onRunning }: ActsProps) {
  const { t } = useTranslation('problem');
  const [open, setOpen] = useState<'close' | 'reopen' | null>(null);
  const [done, setDone] = useState<'asked' | 'closed' | 'reopened' | null>(null);
  const why = useId();
  const offers = offersFor(problem, solution);
  const able = useMay().may('execute', problem.sysCode);
  const { refused } = offers.run;
  const close = (): void => setOpen(null);
  const said = useRef<HTMLParagraphElement>(null);
  const justDone = useRef(false);
  const asking = running || open !== null;
  const finish = (what: 'asked' | 'closed' | 'reopened'): void => {
    justDone.current = true;
    setDone(what);
  };
  useEffect(() => {
    if (asking || !justDone.current) return;
    // The button that was clicked may be gone or disabled by now.
    justDone.current = false;
    said.current?.focus();
  }, [asking]);
  return (
    <section className="problem-acts" aria-label={t('act.heading')}>
      <Group gap="xs">
        <Button variant="default" onClick={onPreview} disabled={offers.preview.refused !== null}>
          {t('act.preview')}
        </Button>
        {able && (
          <Button
            onClick={() => onRunning(true)}
            disabled={refused !== null}
            aria-describedby={refused === null ? undefined : why}
          >
            {t('act.run')}
          </Button>
        )}
        {able && offers.close !== null && (
          <Button
            variant="default"
            onClick={() => setOpen('close')}
            disabled={offers.close.refused !== null}
            aria-describedby={offers.close.refused === null ? undefined : why}
          >
            {t('act.close')}
          </Button>
        )}
        {able && offers.reopen !== null && (
          <Button variant="default" onClick={() => setOpen('reopen')}>
            {t('act.reopen')}
          </Button>
        )}
      </Group>
      {able && refused !== null && (
        <Text size="sm" c="dimmed" id={why}>
          {t(`refused.${refused}`)}
        </Text>
      )}
      <p ref={said} tabIndex={-1} role="status" className="problem-done">
        {done !== null && t(`act.${done}`)}
      </p>
      {running && (
        <RunDialog
          problem={problem}
          reason={offers.run.reason}
          onClose={() => onRunning(false)}
          onDone={() => finish('asked')}
        />
      )}
      {open === 'close' && <CloseDialog problem={problem} onClose={close} onDone={() => finish('closed')} />}
      {open === 'reopen' && (
        <ReopenDialog problem={problem} onClose={close} onDone={() => finish('reopened')} />
      )}
    </section>
  );
}

interface DialogProps {
  readonly problem: ProblemDetail;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function RunDialog({ problem, reason, onClose, onDone }: DialogProps & { reason: 'required' | 'optional' }) {
  const { t } = useTranslation('problem');
  const run = useAct('runProblem', ['problems', 'executions']);
  const { id, businessKey: order, sysCode: system, fixCode: fix, lastOutcome } = problem;
  const money = amount(problem.amountMinor, problem.currency);
  return (
    <ConfirmAct
      title={t('act.runTitle', { order })}
      act={t('act.runAmount', { amount: money })}
      reason={reason}
      command={{ kind: 'run', problemId: id }}
      onClose={onClose}
      onConfirm={async (given) => {
        await run.mutateAsync({ params: { id }, body: given === '' ? {} : { reason: given } });
        onDone();
      }}
    >
      <AboutIt problem={problem} />
      <Text size="sm">{t('act.runLead', { system, fix })}</Text>
      {lastOutcome === 'unknown' && <Text size="sm">{t('act.runAgain')}</Text>}
      {problem.state === 'needs-human' && <Text size="sm">{t('act.runHuman')}</Text>}
    </ConfirmAct>
  );
}

function CloseDialog({ problem, onClose, onDone }: DialogProps) {
  const { t } = useTranslation('problem');
  const act = useAct('closeProblem', ['problems']);
  return (
    <ConfirmAct
      title={t('act.closeTitle', { order: problem.businessKey })}
      act={t('act.closeAmount', { amount: amount(problem.amountMinor, problem.currency) })}
      color="red"
      reason="required"
      onClose={onClose}
      onConfirm={async (reason) => {
        await act.mutateAsync({ params: { id: problem.id }, body: { reason } });
        onDone();
      }}
    >
      <AboutIt problem={problem} />
      <Text size="sm">{t('act.closeLead')}</Text>
    </ConfirmAct>
  );
}

function ReopenDialog({ problem, onClose, onDone }: DialogProps) {
  const { t } = useTranslation('problem');
  const act = useAct('reopenProblem', ['problems']);
  return (
    <ConfirmAct
      title={t('act.reopenTitle', { order: problem.businessKey })}
      act={t('act.reopen')}
      reason="required"
      command={{ kind: 'reopen', problemId: problem.id }}
      onClose={onClose}
      onConfirm={async (reason) => {
        await act.mutateAsync({ params: { id: problem.id }, body: { reason } });
        onDone();
      }}
    >
      <AboutIt problem={problem} />
      <Text size="sm">{t('act.reopenLead')}</Text>
    </ConfirmAct>
  );
}

function AboutIt({ problem }: { problem: ProblemDetail }) {
  return (
    <Text size="sm" className="problem-about">
      <strong>{problem.businessKey}</strong> · {amount(problem.amountMinor, problem.currency)} ·{' '}
      {problem.scenario} {inLanguage(problem.sentence)}
    </Text>
  );
}
