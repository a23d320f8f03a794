/** The list as a file: how many rows it will have is said before it is made. */
import { Button, Popover, Text } from '@mantine/core';
import { API_PREFIX, PROBLEMS_CSV_PATH, type ProblemFilter } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatchCount } from '../../parts/BulkConfirm.tsx';
import { amountsText } from '../../parts/chosen.ts';
import { wholeNumber } from '../../parts/format.ts';
import { Notice } from '../../parts/Notice.tsx';
import { filterQuery } from '../../parts/problem-fields.ts';

export function ExportCsv({ filter }: { filter: ProblemFilter }) {
  const { t } = useTranslation('problems');
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" size="xs" onClick={() => setOpened(!opened)}>
          {t('exportCsv')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('exportCsv')}>
        <Export filter={filter} onDone={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Export({ filter, onDone }: { filter: ProblemFilter; onDone: () => void }) {
  const { t } = useTranslation('problems');
  const { t: common } = useTranslation();
  const { data, error } = useMatchCount(filter);
  if (error !== null) return <Notice error={error} />;
  if (data === undefined)
    return (
      <Text size="sm" role="status">
        {common('loading')}
      </Text>
    );
  if (data.problems === 0) return <Text size="sm">{t('exportNone')}</Text>;
  const words = { count: data.problems, number: wholeNumber(data.problems) };
  const query = filterQuery(filter);
  return (
    <>
      <Text size="sm">{t('exportRows', { ...words, amount: amountsText(data.amounts) })}</Text>
      <Text size="xs" c="dimmed" mb="sm">
        {t('exportHint')}
      </Text>
      <Button
        component="a"
        href={`${API_PREFIX}${PROBLEMS_CSV_PATH}${query === '' ? '' : `?${query}`}`}
        download
        onClick={onDone}
        fullWidth
        data-autofocus
      >
        {t('download', words)}
      </Button>
    </>
  );
}
