/** What stands still, with the way on, and what did before. */
import { Button, Text } from '@mantine/core';
import type { ApiError, Halt, RouteResponse } from '@piculus/protocol/http';
import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { useMay } from '../../app/session.tsx';
import { Sign } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { useByWords, useCauseWords, usePlaceWords } from '../../parts/halts/halt-words.ts';
import { ResumeHalt, useMayResume } from '../../parts/halts/ResumeHalt.tsx';
import { Pager, usePaging } from '../../parts/paging.tsx';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';

const LOOKS = {
  switch: { color: 'red', sign: '‖' },
  breaker: { color: 'red', sign: '!' },
  limit: { color: 'violet', sign: '‖' },
} as const;

export function Still({ read }: { read: UseQueryResult<RouteResponse<'listHalts'>, ApiError> }) {
  const { t } = useTranslation('limits');
  const { t: common } = useTranslation();
  const [resuming, setResuming] = useState<Halt | null>(null);
  const columns: readonly Column<Halt>[] = [
    ...useHaltColumns(),
    {
      key: 'acts',
      header: common('actions'),
      cell: (halt) => <WayOn halt={halt} onResume={() => setResuming(halt)} />,
    },
  ];
  return (
    <Section title={t('still')} lead={t('stillLead')}>
      <DataTable
        caption={t('stillCaption')}
        columns={columns}
        rows={read.data?.items}
        rowKey={({ id }) => id}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={
          <Text p="md" size="sm">
            {t('stillNone')}
          </Text>
        }
      />
      {resuming !== null && <ResumeHalt halt={resuming} onClose={() => setResuming(null)} />}
    </Section>
  );
}

function WayOn({ halt, onResume }: { halt: Halt; onResume: () => void }) {
  const { t } = useTranslation('limits');
  const mayResume = useMayResume();
  const place = usePlaceWords()(halt);
  if (halt.kind === 'limit') return <span className="limits-note">{t('goOnByLimit')}</span>;
  if (!mayResume(halt)) return <span className="limits-note">{t('goOnNot')}</span>;
  return (
    <Button size="compact-sm" variant="default" aria-label={t('goOnNamed', { place })} onClick={onResume}>
      {t('goOn')}
    </Button>
  );
}

export function History() {
  const { t } = useTranslation('limits');
  const { mayAnywhere } = useMay();
  const paging = usePaging();
  const { after } = paging;
  const read = useRead(
    'listHalts',
    { query: { open: false, limit: 20, ...(after === undefined ? {} : { after }) } },
    { keep: true, enabled: mayAnywhere('view') },
  );
  const byWords = useByWords();
  const columns: readonly Column<Halt>[] = [
    ...useHaltColumns(),
    {
      key: 'ended',
      header: t('ended'),
      cell: ({ endedAt, endedBy, endedReason }) => (
        <div className="limits-stack">
          {endedAt !== null && <Time at={endedAt} />}
          <span className="limits-note">
            {t('endedBy', { name: byWords(endedBy ?? '–'), reason: endedReason ?? '–' })}
          </span>
        </div>
      ),
    },
  ];
  const rows = read.data?.items;
  return (
    <Section title={t('history')} lead={t('historyLead')}>
      <DataTable
        caption={t('historyCaption')}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={<Empty title={t('historyNone')}>{t('historyNoneLead')}</Empty>}
        footer={<Pager paging={paging} next={read.data?.next ?? null} shown={rows?.length ?? 0} />}
      />
    </Section>
  );
}

function useHaltColumns(): readonly Column<Halt>[] {
  const { t } = useTranslation('limits');
  const placeWords = usePlaceWords();
  const causeWords = useCauseWords();
  const byWords = useByWords();
  return [
    {
      key: 'place',
      header: t('place'),
      cell: (halt) => <strong className="business-key">{placeWords(halt)}</strong>,
    },
    {
      key: 'kind',
      header: t('kind'),
      cell: ({ kind, includeManual }) => (
        <div className="limits-stack">
          <Sign {...LOOKS[kind]}>{t(`kinds.${kind}`)}</Sign>
          <span className="limits-note">
            {t('clicks')}: {includeManual ? t('clicksStop') : t('clicksGo')}
          </span>
        </div>
      ),
    },
    { key: 'since', header: t('since'), cell: ({ since }) => <Time at={since} /> },
    {
      key: 'why',
      header: t('why'),
      cell: (halt) => (
        <div className="limits-stack">
          <span className="limits-words">{causeWords(halt)}</span>
          <span className="limits-note">{byWords(halt.by)}</span>
        </div>
      ),
    },
  ];
}
