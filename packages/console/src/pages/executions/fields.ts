/** The filters of executions, and what the address says of them as the API takes it. */
import { OUTCOME_NAMES, TRIGGERS } from '@piculus/protocol';
import type { RouteQuery } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import type { FilterField, FilterValues } from '../../parts/filters.ts';

export function useExecutionFields(): readonly FilterField[] {
  const { t } = useTranslation('executions');
  const { t: common } = useTranslation();
  const { t: words } = useTranslation('words');
  const systems = useRead('listSystems').data?.items;
  const solutions = useRead('listSolutions').data?.items;
  return useMemo(() => {
    const itself = (value: string) => ({ value, label: value });
    const fixCodes = [...new Set(solutions?.map(({ fixCode }) => fixCode))].sort();
    return [
      { name: 'businessKey', label: t('order'), kind: 'text', pinned: true },
      {
        name: 'outcome',
        label: t('outcome'),
        kind: 'choices',
        pinned: true,
        choices: OUTCOME_NAMES.map((value) => ({ value, label: words(`outcome.${value}`) })),
      },
      {
        name: 'trigger',
        label: t('trigger'),
        kind: 'choices',
        pinned: true,
        choices: TRIGGERS.map((value) => ({ value, label: words(`trigger.${value}`) })),
      },
      {
        name: 'sysCode',
        label: common('system'),
        kind: 'choice',
        pinned: true,
        choices: (systems ?? []).map(({ sysCode }) => itself(sysCode)),
      },
      {
        name: 'fixCode',
        label: common('fixCode'),
        kind: 'choice',
        pinned: true,
        choices: fixCodes.map(itself),
      },
      { name: 'finished', label: t('finished'), kind: 'times' },
      { name: 'clientId', label: t('client'), kind: 'text' },
      { name: 'problemId', label: t('problem'), kind: 'text' },
    ] satisfies FilterField[];
  }, [t, common, words, systems, solutions]);
}

type Query = Partial<RouteQuery<'listExecutions'>>;

/** What the address says. Values that are no outcome or trigger are left out; the others the server checks. */
export function executionQuery(values: FilterValues): Query {
  const { outcome, trigger, ...texts } = values;
  const chosen = <T extends string>(all: readonly T[], text: string | undefined): T[] =>
    all.filter((each) => text?.split(',').includes(each));
  const outcomes = chosen(OUTCOME_NAMES, outcome);
  const triggers = chosen(TRIGGERS, trigger);
  return {
    ...texts,
    ...(outcomes.length > 0 ? { outcome: outcomes } : {}),
    ...(triggers.length > 0 ? { trigger: triggers } : {}),
  };
}
