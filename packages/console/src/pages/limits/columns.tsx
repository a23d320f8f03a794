/** The columns of the limits: what is set, and what of it is used. */
import { Button, Progress } from '@mantine/core';
import type { Limits } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { useMay } from '../../app/session.tsx';
import { Sign } from '../../parts/badges.tsx';
import type { Column } from '../../parts/DataTable.tsx';
import { amount, wholeNumber } from '../../parts/format.ts';
import { usePlaceWords } from '../../parts/halts/halt-words.ts';
import { amountUses, percentOf } from './limit-values.ts';

export function useLimitColumns(onEdit: (limits: Limits) => void): readonly Column<Limits>[] {
  const { t } = useTranslation('limits');
  const { t: common } = useTranslation();
  return [
    { key: 'place', header: t('place'), cell: (row) => <PlaceCell row={row} /> },
    { key: 'perHour', header: t('perHour'), cell: (row) => <Executions row={row} /> },
    { key: 'amounts', header: t('amountPerHour'), cell: (row) => <AmountsCell row={row} /> },
    { key: 'breaker', header: t('breaker'), cell: (row) => <Breaker row={row} /> },
    { key: 'canary', header: t('canary'), cell: (row) => <Canary row={row} /> },
    { key: 'acts', header: common('actions'), cell: (row) => <Edit row={row} onEdit={onEdit} /> },
  ];
}

function PlaceCell({ row }: { row: Limits }) {
  const { t } = useTranslation('limits');
  const { sysCode, fixCode, version, changedBy } = row;
  return (
    <div className="limits-stack limits-place" data-system={fixCode === null}>
      <span className="business-key">{fixCode ?? `${sysCode} · ${t('wholeSystem')}`}</span>
      <span className="limits-note">
        {fixCode !== null && `${sysCode} · `}
        {version === 0 ? t('neverSet') : t('setBy', { version, name: changedBy ?? '–' })}
      </span>
    </div>
  );
}

function Use({ words, percent, label }: { words: string; percent: number | null; label: string }) {
  return (
    <div className="limits-use">
      <span className="number">{words}</span>
      {percent !== null && (
        <Progress
          size="sm"
          value={percent}
          color={percent >= 100 ? 'red' : 'indigo'}
          aria-label={`${label}: ${words}`}
        />
      )}
    </div>
  );
}

function Executions({ row }: { row: Limits }) {
  const { t } = useTranslation('limits');
  const limit = row.settings.executionsPerHour;
  const used = wholeNumber(row.used.executions);
  return (
    <Use
      label={t('perHour')}
      words={limit === null ? t('usageUnlimited', { used }) : t('usage', { used, limit: wholeNumber(limit) })}
      percent={limit === null ? null : percentOf(String(row.used.executions), String(limit))}
    />
  );
}

function AmountsCell({ row }: { row: Limits }) {
  const { t } = useTranslation('limits');
  const uses = amountUses(row);
  if (uses.length === 0) return <span className="limits-note">{t('unlimited')}</span>;
  return (
    <div className="limits-stack">
      {uses.map(({ currency, used, limit }) => {
        const words = amount(used, currency);
        return (
          <Use
            key={currency}
            label={t('amountPerHour')}
            words={
              limit === null
                ? t('usageUnlimited', { used: words })
                : t('usageAmount', { used: words, limit: amount(limit, currency) })
            }
            percent={limit === null ? null : percentOf(used, limit)}
          />
        );
      })}
    </div>
  );
}

function Breaker({ row: { settings, figures } }: { row: Limits }) {
  const { t } = useTranslation('limits');
  const { reports, failed, finished, contradictions } = figures;
  return (
    <div className="limits-stack">
      {settings.breaker === null ? (
        <span className="limits-note">{t('breakerOff')}</span>
      ) : (
        <Sign color="green" sign="✓">
          {t('breakerOn')}
        </Sign>
      )}
      <span className="limits-note">
        {t('breakerFigures', { reports, failed, finished, contradictions })}
      </span>
    </div>
  );
}

function Canary({ row: { settings, canary } }: { row: Limits }) {
  const { t } = useTranslation('limits');
  if (canary === null) return <span className="limits-note">–</span>;
  const needed = settings.canary;
  if (needed === 0) return <span className="limits-note">{t('canaryNone')}</span>;
  const { done, solutionVersion: version } = canary;
  if (done < needed) return <span>{t('canaryWaits', { version, done, needed })}</span>;
  return (
    <Sign color="green" sign="✓">
      {t('canaryDone', { done: needed, needed })}
    </Sign>
  );
}

function Edit({ row, onEdit }: { row: Limits; onEdit: (limits: Limits) => void }) {
  const { t } = useTranslation('limits');
  const { t: common } = useTranslation();
  const { may } = useMay();
  const place = usePlaceWords()(row);
  if (!may('configure', row.sysCode)) return <span className="limits-note">{t('onlyRead')}</span>;
  return (
    <Button
      size="compact-sm"
      variant="default"
      aria-label={t('editNamed', { place })}
      onClick={() => onEdit(row)}
    >
      {common('edit')}
    </Button>
  );
}
