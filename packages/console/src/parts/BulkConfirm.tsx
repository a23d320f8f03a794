/** The last question before many fixes run, for both modes; afterwards the page of the bulk run. */
import { Alert, Text } from '@mantine/core';
import { ApiError, type ProblemFilter, type RouteResponse } from '@piculus/protocol/http';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useAct } from '../api/acts.ts';
import { api, asApiError } from '../api/client.ts';
import { amountsText, type Chosen, sumUp } from './chosen.ts';
import { ConfirmAct } from './ConfirmAct.tsx';
import { FilterWords } from './FilterWords.tsx';
import { wholeNumber } from './format.ts';
import { touch } from './touched.ts';

type Count = RouteResponse<'countProblems'>;

/**
 * Exact count and amounts. Not under the route's own name, because live events must not move what a person is
 * about to confirm, nor count a million rows twice a second.
 */
export function useMatchCount(filter: ProblemFilter, enabled = true): UseQueryResult<Count, ApiError> {
  return useQuery<Count, ApiError>({
    queryKey: ['match-count', filter],
    queryFn: ({ signal }) => api.countProblems({ query: filter, signal }),
    enabled,
    staleTime: 0,
    gcTime: 0,
  });
}

export function BulkRunChosen(props: { chosen: Chosen; onStarted: () => void; onClose: () => void }) {
  const { t } = useTranslation('problems');
  const navigate = useNavigate();
  const run = useAct('runProblems', ['problems', 'bulk-runs']);
  // What was confirmed is what was on the screen when the dialog opened.
  const [rows] = useState(() => [...props.chosen.values()]);
  const { eligible, reasonNeeded, notEligible } = sumUp(rows);
  const { count } = eligible;
  const amount = amountsText(eligible.amounts);
  const start = async (reason: string): Promise<void> => {
    const ids = rows.map(({ id }) => id);
    const { bulkRunId } = await run.mutateAsync({ body: { ids, ...(reason === '' ? {} : { reason }) } });
    touch(ids, 'acted');
    props.onStarted();
    void navigate(`/bulk-runs/${bulkRunId}`);
  };
  return (
    <ConfirmAct
      title={t('runTitle')}
      act={t('runFixes', { count, amount })}
      reason={reasonNeeded ? 'required' : 'optional'}
      command={{ kind: 'run-many', ids: rows.map(({ id }) => id) }}
      onConfirm={start}
      onClose={props.onClose}
    >
      <Text>{t('runLead', { count, amount })}</Text>
      {notEligible > 0 && <Alert color="yellow">{t('notEligible', { count: notEligible })}</Alert>}
      {reasonNeeded && <Text size="sm">{t('whyReason')}</Text>}
      <details>
        <summary>{t('whichOnes')}</summary>
        <ul className="bulk-orders">
          {rows.map(({ id, businessKey, sysCode }) => (
            <li key={id}>
              <strong className="business-key">{businessKey}</strong> · {sysCode}
            </li>
          ))}
        </ul>
      </details>
    </ConfirmAct>
  );
}

export interface BulkRunMatchingProps {
  readonly filter: ProblemFilter;
  readonly count: UseQueryResult<Count, ApiError>;
  readonly onClose: () => void;
}

export function BulkRunMatching({ filter, count, onClose }: BulkRunMatchingProps) {
  const { t } = useTranslation('problems');
  const navigate = useNavigate();
  const run = useAct('runMatchingProblems', ['problems', 'bulk-runs']);
  const [changed, setChanged] = useState<{ from: number; to: number } | null>(null);
  const problems = count.data?.problems ?? 0;
  const amount = amountsText(count.data?.amounts ?? []);
  const number = wholeNumber(problems);
  const start = async (reason: string): Promise<void> => {
    try {
      const body = { filter, expectedCount: problems, reason };
      const { bulkRunId } = await run.mutateAsync({ body });
      void navigate(`/bulk-runs/${bulkRunId}`);
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.code !== 'wrong-state') throw error;
      const now = (await count.refetch()).data?.problems ?? 0;
      setChanged({ from: problems, to: now });
      const words = t('countChanged', { from: number, to: wholeNumber(now) });
      throw new ApiError({
        code: error.code,
        status: error.status,
        meaning: { en: words, zh: words },
        detail: words,
        retryable: false,
      });
    }
  };
  if (problems === 0)
    return (
      <ConfirmAct
        title={t('runTitle')}
        act={t('understood')}
        reason="none"
        onConfirm={async () => onClose()}
        onClose={onClose}
      >
        <Text>{t('zeroMatch')}</Text>
      </ConfirmAct>
    );
  return (
    <ConfirmAct
      title={t('runAllTitle')}
      act={
        changed === null
          ? t('runAll', { count: problems, number, amount })
          : t('runAllAgain', { count: problems, number, amount })
      }
      color="orange"
      reason="required"
      command={{ kind: 'run-matching', filter, expectedCount: problems }}
      onConfirm={start}
      onClose={onClose}
    >
      <Text>{t('runAllLead', { count: problems, number, amount })}</Text>
      <FilterWords filter={filter} />
      <Text size="sm">{t('matchingNotEligible')}</Text>
      <Text size="sm" c="dimmed">
        {t('frozen')}
      </Text>
    </ConfirmAct>
  );
}
