import type { Problem } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import type { Column } from '../../parts/DataTable.tsx';
import { AmountCell, OrderCell, StateCell } from '../../parts/problem-cells.tsx';
import { Scenario } from '../../parts/Scenario.tsx';
import { useTouched } from '../../parts/touched.ts';
import type { Act, QueueRow } from './held.ts';
import { RowActs } from './RowActs.tsx';

export interface QueueActs {
  readonly onOpen: (problem: Problem) => void;
  readonly onPreview: (problem: Problem) => void;
  readonly onActed: (problem: Problem, act: Act) => void;
}

/** @param narrow beside an open detail, which has the buttons. */
export function useQueueColumns(
  narrow: boolean,
  { onOpen, onPreview, onActed }: QueueActs,
): Column<QueueRow>[] {
  const { t } = useTranslation('handling');
  const { t: common } = useTranslation();
  const touched = useTouched();
  const order: Column<QueueRow> = {
    key: 'order',
    header: common('businessKey'),
    cell: ({ problem }) => (
      <OrderCell
        problem={problem}
        touch={touched.get(problem.id)}
        withAmount={narrow}
        withAge={!narrow}
        onOpen={onOpen}
      />
    ),
  };
  const amount: Column<QueueRow> = {
    key: 'amount',
    header: common('amount'),
    align: 'right',
    cell: ({ problem }) => <AmountCell problem={problem} />,
  };
  const state: Column<QueueRow> = {
    key: 'state',
    header: t('whyHere'),
    cell: ({ problem }) => (
      <div className="two-lines">
        <StateCell problem={problem} />
        {!narrow && problem.lastReason !== null && problem.state !== 'pending' && (
          <span className="second-line queue-reason">{problem.lastReason}</span>
        )}
      </div>
    ),
  };
  if (narrow) return [order, state];
  return [
    order,
    {
      key: 'scenario',
      header: common('scenario'),
      cell: ({ problem }) => (
        <div className="queue-scenario">
          <Scenario of={problem.scenario} />
        </div>
      ),
    },
    amount,
    state,
    {
      key: 'acts',
      header: common('actions'),
      cell: (row) => <RowActs row={row} onPreview={onPreview} onActed={onActed} />,
    },
  ];
}
