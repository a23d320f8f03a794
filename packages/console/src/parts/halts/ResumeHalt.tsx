/** The last question before what a person stopped, or a breaker, goes on. */
import { Text } from '@mantine/core';
import type { Halt } from '@piculus/protocol/http';
import type { RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { useAct } from '../../api/acts.ts';
import { useMay } from '../../app/session.tsx';
import { ConfirmAct } from '../ConfirmAct.tsx';
import { useCauseWords, usePlaceWords } from './halt-words.ts';

/** @returns whether the person may let that go on. A limit goes on by itself, or where it is raised. */
export function useMayResume(): (halt: Pick<Halt, 'kind' | 'sysCode'>) => boolean {
  const { may } = useMay();
  return ({ kind, sysCode }) => kind !== 'limit' && may('configure', sysCode ?? undefined);
}

interface ResumeHaltProps {
  readonly halt: Halt;
  readonly onClose: () => void;
  readonly focusAfter?: RefObject<HTMLElement | null>;
}

export function ResumeHalt({ halt, onClose, focusAfter }: ResumeHaltProps) {
  const { t } = useTranslation('limits');
  const resume = useAct('resume', ['limits', 'problems']);
  const place = usePlaceWords()(halt);
  const cause = useCauseWords()(halt);
  return (
    <ConfirmAct
      title={t('resumeTitle', { place })}
      act={t('resumeAct', { place })}
      reason="required"
      onConfirm={async (reason) => {
        await resume.mutateAsync({ params: { id: halt.id }, body: { reason } });
      }}
      onClose={onClose}
      {...(focusAfter === undefined ? {} : { focusAfter })}
    >
      <Text size="sm" className="halt-words">
        {cause}
      </Text>
      <Text size="sm">{t('resumeLead')}</Text>
      {halt.kind === 'breaker' && <Text size="sm">{t('resumeBreaker')}</Text>}
    </ConfirmAct>
  );
}
