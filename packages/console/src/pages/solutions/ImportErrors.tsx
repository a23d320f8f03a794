/** What is wrong with an import: each error with its row and its field. */
import { Alert, Text } from '@mantine/core';
import type { ApiError } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { inLanguage } from '../../parts/words.ts';
import { FORM_FIELDS } from './fields.ts';
import { type RowError, rowErrors, textIn } from './transfer.ts';

type Wrong = RowError<ApiError['fields'][number]['reason']> & { readonly key: string };

export function ImportErrors({ error, rows }: { error: ApiError; rows: readonly unknown[] }) {
  const { t } = useTranslation('solutions');
  const errors = rowErrors(error.fields).map((each, index): Wrong => ({ ...each, key: String(index) }));
  const named = (name: string): string => {
    const known = FORM_FIELDS.find((field) => field === name);
    return known === undefined ? name : t(`field.${known}`);
  };
  const rowText = ({ row }: Wrong): string => {
    if (row === null) return '';
    const of = rows[row - 1];
    return [textIn(of, 'sysCode'), textIn(of, 'fixCode')].filter((part) => part !== '').join(' · ');
  };
  const columns: Column<Wrong>[] = [
    { key: 'row', header: t('row'), cell: ({ row }) => row },
    {
      key: 'name',
      header: t('name'),
      cell: (wrong) => <span className="business-key">{rowText(wrong)}</span>,
    },
    { key: 'field', header: t('diffField'), cell: ({ field }) => named(field) },
    { key: 'problem', header: t('problem'), cell: ({ reason }) => inLanguage(reason) },
  ];
  if (errors.length === 0) return <Notice error={error} />;
  return (
    <>
      <Alert color="red" role="alert" title={t('importErrors', { count: errors.length })} mb="sm">
        <Text size="sm">{t('importErrorsLead')}</Text>
      </Alert>
      <DataTable
        caption={t('importErrorsCaption')}
        columns={columns}
        rows={errors}
        rowKey={({ key }) => key}
        empty={null}
      />
    </>
  );
}
