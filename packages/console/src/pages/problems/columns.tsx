import type { Problem } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Column } from '../../parts/DataTable.tsx';
import {
  AgeCell,
  AmountCell,
  OrderCell,
  OutcomeCell,
  ScenarioCell,
  StateCell,
  TriesCell,
} from '../../parts/problem-cells.tsx';
import { useTouched } from '../../parts/touched.ts';

/** @param narrow beside an open detail: only what tells rows apart. */
export function useProblemColumns(narrow: boolean, onOpen: (id: string) => void): Column<Problem>[] {
  const { t } = useTranslation('problems');
  const { t: common } = useTranslation();
  const touched = useTouched();
  return useMemo(() => {
    const order: Column<Problem> = {
      key: 'order',
      header: common('businessKey'),
      cell: (problem) => (
        <OrderCell
          problem={problem}
          touch={touched.get(problem.id)}
          withAmount={narrow}
          onOpen={({ id }) => onOpen(id)}
        />
      ),
    };
    const scenario: Column<Problem> = {
      key: 'scenario',
      header: common('scenario'),
      cell: (problem) => <ScenarioCell problem={problem} />,
    };
    const amount: Column<Problem> = {
      key: 'amount',
      header: common('amount'),
      align: 'right',
      cell: (problem) => <AmountCell problem={problem} />,
    };
    const state: Column<Problem> = {
      key: 'state',
      header: common('state'),
      cell: (problem) => <StateCell problem={problem} />,
    };
    if (narrow) return [order, state];
    return [
      order,
      scenario,
      amount,
      state,
      { key: 'age', header: t('firstSeen'), cell: (problem) => <AgeCell problem={problem} /> },
      { key: 'tries', header: t('tries'), cell: (problem) => <TriesCell problem={problem} /> },
      { key: 'outcome', header: t('lastOutcome'), cell: (problem) => <OutcomeCell problem={problem} /> },
    ];
  }, [t, common, touched, narrow, onOpen]);
}
