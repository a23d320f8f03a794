/** The filters of the list, in words. */
import { VIAS } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import type { FilterField } from '../../parts/filters.ts';
import { KNOWN_ACTS } from './audit-query.ts';

export function useAuditFields(): readonly FilterField[] {
  const { t } = useTranslation('audit');
  const { t: common } = useTranslation();
  const systems = useRead('listSystems').data?.items;
  return useMemo<readonly FilterField[]>(
    () => [
      { name: 'actor', label: t('who'), kind: 'text', pinned: true },
      {
        name: 'act',
        label: t('act'),
        kind: 'choices',
        pinned: true,
        choices: KNOWN_ACTS.map((value) => ({ value, label: t(`acts.${value}`) })),
      },
      {
        name: 'sysCode',
        label: common('system'),
        kind: 'choice',
        pinned: true,
        choices: (systems ?? []).map(({ sysCode }) => ({ value: sysCode, label: sysCode })),
      },
      { name: 'at', label: common('time'), kind: 'times', names: ['from', 'to'] },
      {
        name: 'via',
        label: t('via'),
        kind: 'choices',
        choices: VIAS.map((value) => ({ value, label: t(`vias.${value}`) })),
      },
      { name: 'address', label: t('address'), kind: 'text' },
      { name: 'target', label: t('target'), kind: 'text' },
      { name: 'problemId', label: t('problemId'), kind: 'number' },
      { name: 'requestId', label: t('requestId'), kind: 'text' },
    ],
    [t, common, systems],
  );
}
