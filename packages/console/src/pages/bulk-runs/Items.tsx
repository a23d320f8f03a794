/** Each problem of a run with its result and the reason. */
import { BULK_RESULTS, type BulkRun, type BulkRunItem } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Amount } from '../../parts/Amount.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { FilterBar } from '../../parts/FilterBar.tsx';
import { type FilterField, useFilters } from '../../parts/filters.ts';
import { Pager, usePaging } from '../../parts/paging.tsx';
import '../../parts/problem-cells.css';
import { inLanguage } from '../../parts/words.ts';
import { ResultBadge } from './ResultBadge.tsx';
import type { BulkResult } from './results.ts';

const rowKey = ({ problemId }: BulkRunItem): string => problemId;

export function Items({ run }: { run: BulkRun }) {
  const { t } = useTranslation('bulkRuns');
  const { t: common } = useTranslation();
  const word = useResultWord();
  const fields = useMemo(
    (): FilterField[] => [
      {
        name: 'result',
        label: t('result'),
        kind: 'choices',
        pinned: true,
        choices: BULK_RESULTS.map((value) => ({ value, label: word(value) })),
      },
    ],
    [t, word],
  );
  const filters = useFilters(fields);
  const paging = usePaging();
  const wanted = (filters.values['result'] ?? '').split(',');
  const result = BULK_RESULTS.filter((one) => wanted.includes(one));
  const read = useRead(
    'listBulkRunItems',
    { params: { id: run.id }, query: { result, after: paging.after } },
    { keep: true },
  );
  const columns = useColumns();
  return (
    <div className="bulk-items">
      <FilterBar fields={fields} filters={filters} />
      <DataTable
        caption={t('each')}
        columns={columns}
        rows={read.data?.items}
        rowKey={rowKey}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={<Empty title={common('emptyFiltered')} />}
        footer={<Pager paging={paging} next={read.data?.next ?? null} shown={read.data?.items.length ?? 0} />}
      />
    </div>
  );
}

function useColumns(): readonly Column<BulkRunItem>[] {
  const { t } = useTranslation('bulkRuns');
  const { t: common } = useTranslation();
  return [
    {
      key: 'order',
      header: common('businessKey'),
      cell: (item) => (
        <div className="two-lines">
          <Link className="business-key" to={`/problems/${item.problemId}`}>
            {item.businessKey}
          </Link>
          <span className="second-line">
            {item.sysCode} · {item.fixCode}
          </span>
        </div>
      ),
    },
    {
      key: 'amount',
      header: common('amount'),
      align: 'right',
      cell: (item) => <Amount minor={item.amountMinor} currency={item.currency} />,
    },
    { key: 'result', header: t('result'), cell: (item) => <ResultBadge result={item.result} /> },
    {
      key: 'reason',
      header: t('why'),
      cell: (item) => (
        <span className="bulk-words">{item.reason === null ? '' : inLanguage(item.reason)}</span>
      ),
    },
  ];
}

function useResultWord(): (result: BulkResult) => string {
  const { t } = useTranslation('words');
  return useMemo(
    () => (result) =>
      result === 'waiting' || result === 'dropped' || result === 'not-eligible'
        ? t(`result.${result}`)
        : t(`outcome.${result}`),
    [t],
  );
}
