/** The filters of the list, in words. */
import { DIRECTIONS, ERROR_CODES, MESSAGE_STATES } from '@piculus/protocol';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import type { FilterField } from '../../parts/filters.ts';
import { namedType } from '../../parts/message-types.ts';
import { MESSAGE_TYPES } from './message-query.ts';

export function useMessageFields(): readonly FilterField[] {
  const { t } = useTranslation('messages');
  const { t: common } = useTranslation();
  const { t: words } = useTranslation('words');
  const systems = useRead('listSystems').data?.items;
  return useMemo<readonly FilterField[]>(
    () => [
      {
        name: 'sysCode',
        label: common('system'),
        kind: 'choice',
        pinned: true,
        choices: (systems ?? []).map(({ sysCode }) => ({ value: sysCode, label: sysCode })),
      },
      {
        name: 'direction',
        label: t('direction'),
        kind: 'choice',
        pinned: true,
        choices: DIRECTIONS.map((value) => ({ value, label: words(`direction.${value}`) })),
      },
      {
        name: 'type',
        label: t('type'),
        kind: 'choices',
        pinned: true,
        choices: MESSAGE_TYPES.map((value) => {
          const named = namedType(value);
          return { value, label: named === undefined ? value : t(`types.${named}`) };
        }),
      },
      {
        name: 'state',
        label: common('state'),
        kind: 'choices',
        pinned: true,
        choices: MESSAGE_STATES.map((value) => ({ value, label: words(`message.${value}`) })),
      },
      { name: 'at', label: common('time'), kind: 'times', names: ['from', 'to'] },
      { name: 'clientId', label: t('client'), kind: 'text' },
      {
        name: 'errorCode',
        label: t('error'),
        kind: 'choices',
        choices: ERROR_CODES.map((value) => ({ value, label: value })),
      },
      { name: 'latencyMsFrom', label: t('latencyFrom'), kind: 'number' },
      { name: 'sizeBytesFrom', label: t('sizeFrom'), kind: 'number' },
      { name: 'collectionId', label: t('collectionId'), kind: 'number' },
      { name: 'leaseId', label: t('leaseId'), kind: 'text' },
      { name: 'messageId', label: t('messageId'), kind: 'text' },
    ],
    [t, common, words, systems],
  );
}
