/** The choice of systems, collectors and window, beside those who would answer it. */
import { Button } from '@mantine/core';
import type { Client, System } from '@piculus/protocol/http';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useAct } from '../../api/acts.ts';
import { fieldErrors, saysMoreThanFields } from '../../parts/form.ts';
import { Notice } from '../../parts/Notice.tsx';
import { Section } from '../../parts/Section.tsx';
import { Answerers } from './Answerers.tsx';
import { type Choice, choiceFrom, chosenSystems, type Missing, missingIn, requestFor } from './choice.ts';
import { CollectorField } from './CollectorField.tsx';
import { SystemField } from './SystemField.tsx';
import { useWindowWords, WindowField } from './WindowField.tsx';

const FIELDS = ['sysCodes', 'fixCodes', 'windowFrom', 'windowTo'] as const;

export interface CollectFormProps {
  readonly systems: readonly System[];
  readonly clients: readonly Client[];
  readonly onStarted: (id: string) => void;
}

export function CollectForm({ systems, clients, onStarted }: CollectFormProps) {
  const { t } = useTranslation('collect');
  const [query] = useSearchParams();
  const [choice, setChoice] = useState<Choice>(() => choiceFrom(query));
  const [missing, setMissing] = useState<readonly Missing[]>([]);
  const start = useAct('startCollection', ['collections']);
  // When it was first asked for: a repeat after a lost answer must be the same act, with the same window.
  const askedAt = useRef<number | null>(null);
  const windowWords = useWindowWords();
  const chosen = chosenSystems(choice, systems);
  const change = (part: Partial<Choice>): void => {
    setChoice((now) => ({ ...now, ...part }));
    setMissing([]);
    start.reset();
    askedAt.current = null;
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const lacks = missingIn(choice, chosen);
    setMissing(lacks);
    if (lacks.length > 0) return;
    askedAt.current ??= Date.now();
    start.mutate(
      { body: requestFor(choice, chosen, askedAt.current) },
      {
        onSuccess: ({ id }) => {
          askedAt.current = null;
          onStarted(id);
        },
        onError: ({ retryable }) => {
          if (!retryable) askedAt.current = null;
        },
      },
    );
  };
  const told = fieldErrors(start.error, FIELDS);
  const errors: Partial<Record<(typeof FIELDS)[number], string>> = {
    ...told,
    ...(missing.includes('sysCodes') ? { sysCodes: t('chooseSystem') } : {}),
    ...(missing.includes('fixCodes') ? { fixCodes: t('chooseCollector') } : {}),
    ...(missing.includes('windowFrom') ? { windowFrom: t('fromNeeded') } : {}),
  };
  return (
    <form className="collect" onSubmit={submit} noValidate>
      <div className="collect-choice">
        <SystemField choice={choice} systems={systems} onChange={change} error={errors.sysCodes} />
        <CollectorField
          choice={choice}
          chosen={chosen}
          clients={clients}
          onChange={change}
          error={errors.fixCodes}
        />
        <WindowField
          choice={choice}
          onChange={change}
          errorFrom={errors.windowFrom}
          errorTo={errors.windowTo}
        />
        {start.error !== null && saysMoreThanFields(start.error, FIELDS) && <Notice error={start.error} />}
        <div>
          <Button type="submit" loading={start.isPending} className="collect-start">
            {t('act', { count: chosen.length, window: windowWords(choice, chosen.length) })}
          </Button>
        </div>
      </div>
      <Section title={t('answer')} lead={t('answerLead')} className="collect-answer">
        <Answerers choice={choice} chosen={chosen} clients={clients} />
      </Section>
    </form>
  );
}
