/** The columns of the systems. */
import { Button } from '@mantine/core';
import type { System } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useMay } from '../../app/session.tsx';
import { Sign } from '../../parts/badges.tsx';
import type { Column } from '../../parts/DataTable.tsx';
import { wholeNumber } from '../../parts/format.ts';
import { Time, useSpan } from '../../parts/Time.tsx';
import { inLanguage } from '../../parts/words.ts';
import { Schedule } from './Schedule.tsx';

export interface SystemActs {
  readonly onKeys: (system: System) => void;
  readonly onEdit: (system: System) => void;
  readonly onEnable: (system: System) => void;
}

export function useSystemColumns(acts: SystemActs): readonly Column<System>[] {
  const { t } = useTranslation('systems');
  const { t: common } = useTranslation();
  return [
    {
      key: 'system',
      header: common('system'),
      cell: ({ sysCode, name }) => (
        <div className="systems-name">
          <span className="business-key">{sysCode}</span>
          <div className="systems-note">{name}</div>
        </div>
      ),
    },
    {
      key: 'status',
      header: t('status'),
      cell: ({ enabled, alarm }) => (
        <div className="systems-stack">
          <Sign color={enabled ? 'green' : 'gray'} sign={enabled ? '✓' : '–'}>
            {enabled ? t('enabled') : t('disabled')}
          </Sign>
          {alarm !== null && (
            <p className="systems-alarm">
              <strong>{t('alarm')}</strong> {inLanguage(alarm)}
            </p>
          )}
        </div>
      ),
    },
    {
      key: 'clients',
      header: t('clients'),
      align: 'right',
      cell: ({ sysCode, clientsConnected }) => (
        <Link
          className="systems-link"
          to={`/clients?sysCode=${sysCode}`}
          aria-label={`${t('clientsOf', { sysCode })}: ${clientsConnected}`}
        >
          {wholeNumber(clientsConnected)}
        </Link>
      ),
    },
    {
      key: 'lastCollect',
      header: t('lastCollect'),
      cell: ({ sysCode, lastCollectAt }) =>
        lastCollectAt === null ? (
          t('never')
        ) : (
          <Link className="systems-link" to={`/collections?sysCode=${sysCode}`}>
            <Time at={lastCollectAt} relative />
          </Link>
        ),
    },
    { key: 'cron', header: t('cron'), cell: (system) => <Cron system={system} /> },
    { key: 'window', header: t('window'), cell: (system) => <Window ms={system.collectWindowMs} /> },
    { key: 'acts', header: common('actions'), cell: (system) => <Acts system={system} acts={acts} /> },
  ];
}

function Cron({ system: { collectCron, collectTimeZone } }: { system: System }) {
  const { t } = useTranslation('systems');
  if (collectCron === null) return <span className="systems-note">{t('cronNone')}</span>;
  return (
    <div className="systems-cron">
      <Schedule cron={collectCron} timeZone={collectTimeZone} short />
      <code>{collectCron}</code> <span className="systems-note">{collectTimeZone}</span>
    </div>
  );
}

function Window({ ms }: { ms: number }) {
  return <span className="number">{useSpan(ms)}</span>;
}

function Acts({ system, acts }: { system: System; acts: SystemActs }) {
  const { t } = useTranslation('systems');
  const { t: common } = useTranslation();
  const { sysCode, enabled } = system;
  const { may } = useMay();
  const able = may('administer', sysCode);
  const mayCollect = may('collect', sysCode);
  return (
    <div className="systems-acts">
      {able && (
        <>
          <Button
            variant="default"
            size="compact-sm"
            aria-label={t('keysNamed', { sysCode })}
            onClick={() => acts.onKeys(system)}
          >
            {t('keys')}
          </Button>
          <Button
            variant="default"
            size="compact-sm"
            aria-label={t('editNamed', { sysCode })}
            onClick={() => acts.onEdit(system)}
          >
            {common('edit')}
          </Button>
        </>
      )}
      {enabled && mayCollect && (
        <Button
          component={Link}
          to={`/collect?sysCode=${sysCode}`}
          variant="default"
          size="compact-sm"
          aria-label={t('collectNamed', { sysCode })}
        >
          {t('collect')}
        </Button>
      )}
      {able && (
        <Button
          variant="default"
          size="compact-sm"
          aria-label={enabled ? t('disableNamed', { sysCode }) : t('enableNamed', { sysCode })}
          onClick={() => acts.onEnable(system)}
        >
          {enabled ? t('disable') : t('enable')}
        </Button>
      )}
    </div>
  );
}
