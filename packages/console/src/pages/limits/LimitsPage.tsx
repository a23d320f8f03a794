/** What bounds automatic repair: what stands still now, the limits of each place with their use, earlier stops. */
import type { Limits } from '@piculus/protocol/http';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { usePlaceWords } from '../../parts/halts/halt-words.ts';
import { Page } from '../../parts/Page.tsx';
import { Section } from '../../parts/Section.tsx';
import { useLimitColumns } from './columns.tsx';
import { History, Still } from './Halts.tsx';
import { LimitsForm } from './LimitsForm.tsx';
import './limits.css';

export const keyOf = ({ sysCode, fixCode }: Pick<Limits, 'sysCode' | 'fixCode'>): string =>
  `${sysCode} ${fixCode ?? ''}`;

export function Component() {
  const { t } = useTranslation('limits');
  const { t: shell } = useTranslation('shell');
  const limits = useRead('listLimits');
  const halts = useRead('listHalts', { query: { open: true, limit: 50 } });
  const placeWords = usePlaceWords();
  const [edited, setEdited] = useState<string | null>(null);
  const [saved, setSaved] = useState<string | null>(null);
  const rows = limits.data?.items;
  const row = rows?.find((each) => keyOf(each) === edited);
  const columns = useLimitColumns((each) => {
    setSaved(null);
    setEdited(keyOf(each));
  });
  return (
    <Page
      title={shell('limits')}
      lead={t('lead')}
      updatedAt={limits.dataUpdatedAt}
      ready={!limits.isPending && !halts.isPending}
    >
      <Still read={halts} />
      <Section title={t('table')} lead={t('tableLead')}>
        <p role="status" className="limits-saved">
          {saved !== null && t('saved', { place: saved })}
        </p>
        <DataTable
          caption={t('tableCaption')}
          columns={columns}
          rows={rows}
          rowKey={keyOf}
          error={limits.error}
          onRetry={() => void limits.refetch()}
          empty={
            <Empty title={t('tableNone')}>
              {t('tableNoneLead')} <Link to="/systems?new=1">{t('toSystems')}</Link>
            </Empty>
          }
        />
      </Section>
      <History />
      {row !== undefined && (
        <LimitsForm
          key={edited}
          latest={row}
          onSaved={() => setSaved(placeWords(row))}
          onClose={() => setEdited(null)}
        />
      )}
    </Page>
  );
}
