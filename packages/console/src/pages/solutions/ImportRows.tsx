/** What an import would do, row by row. */
import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { inLanguage } from '../../parts/words.ts';
import { FixCode } from './FixCode.tsx';
import { FIELD_NAMES } from './fields.ts';
import type { Imported } from './transfer.ts';

type Row = Imported['items'][number];
const COLORS: Readonly<Record<Row['action'], string>> = { create: 'green', change: 'blue', same: 'gray' };
const SIGNS: Readonly<Record<Row['action'], string>> = { create: '+', change: '~', same: '=' };

export function countActions({ items }: Imported): { create: number; change: number; same: number } {
  const counts = { create: 0, change: 0, same: 0 };
  for (const { action } of items) counts[action] += 1;
  return counts;
}

export function ImportRows({ told }: { told: Imported }) {
  const { t } = useTranslation('solutions');
  const { t: common } = useTranslation();
  const rows = told.items.map((row, index) => ({ ...row, number: index + 1 }));
  const columns: Column<Row & { number: number }>[] = [
    { key: 'row', header: t('row'), cell: ({ number }) => number },
    {
      key: 'fixCode',
      header: common('fixCode'),
      cell: ({ fixCode }) => (
        <span className="business-key">
          <FixCode of={fixCode} />
        </span>
      ),
    },
    { key: 'sysCode', header: common('system'), cell: ({ sysCode }) => sysCode },
    {
      key: 'result',
      header: t('result'),
      cell: ({ action }) => (
        <Badge color={COLORS[action]} className="sign">
          <span aria-hidden="true">{SIGNS[action]}</span> {t(`action.${action}`)}
        </Badge>
      ),
    },
    { key: 'what', header: t('what'), cell: (row) => <RowChanges of={row} /> },
    {
      key: 'warnings',
      header: t('importWarnings'),
      cell: ({ warnings }) =>
        warnings.map(({ message }) => (
          <span key={message.en} className="solutions-flag">
            {inLanguage(message)}
          </span>
        )),
    },
  ];
  return (
    <>
      <p role="status">{t('importCounts', countActions(told))}</p>
      <DataTable
        caption={t('importCaption')}
        columns={columns}
        rows={rows}
        rowKey={({ number }) => String(number)}
        empty={null}
      />
    </>
  );
}

function RowChanges({ of }: { of: Row }) {
  const { t } = useTranslation('solutions');
  const told = useTold();
  // All fields of a new one are new; the list would only repeat the file.
  if (of.action === 'create') return null;
  return (
    <ul className="solutions-changes">
      {of.changes.map(({ field, from, to }) => {
        const known = FIELD_NAMES.find((name) => name === field);
        return (
          <li key={field}>
            {known === undefined ? field : t(`field.${known}`)} <del>{told(from)}</del> →{' '}
            <ins>{told(to)}</ins>
          </li>
        );
      })}
    </ul>
  );
}

/** The values are those of the file, which are the API's words; shown as they stand there. */
function useTold(): (value: unknown) => string {
  const { t } = useTranslation('solutions');
  return (value) => (value === '' || value === null ? t('empty') : String(value));
}
