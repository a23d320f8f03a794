/** What the last collect of each system looked at: "0 problems" means something only together with this. */
import type { LastCollect, System } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { CollectBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { localTime, wholeNumber } from '../../parts/format.ts';
import { Section } from '../../parts/Section.tsx';
import { Time } from '../../parts/Time.tsx';

interface Row {
  readonly sysCode: string;
  readonly name: string;
  readonly last: LastCollect | null;
}

export interface LastCollectsProps {
  readonly lasts: readonly LastCollect[];
  readonly systems: readonly System[] | undefined;
}

export function LastCollects({ lasts, systems }: LastCollectsProps) {
  const { t } = useTranslation('home');
  const rows = systems?.map(({ sysCode, name }) => ({
    sysCode,
    name,
    last: lasts.find(({ command }) => command.sysCode === sysCode) ?? null,
  }));
  return (
    <Section title={t('lastCollects')} lead={t('lastCollectsLead')}>
      <DataTable<Row>
        caption={t('lastCollects')}
        columns={useColumns()}
        rows={rows}
        rowKey={({ sysCode }) => sysCode}
        empty={
          <Empty title={t('noSystems')}>
            <Link to="/systems">{t('noSystemsLead')}</Link>
          </Empty>
        }
      />
    </Section>
  );
}

function useColumns(): readonly Column<Row>[] {
  const { t } = useTranslation('home');
  const { t: common } = useTranslation();
  return [
    {
      key: 'system',
      header: common('system'),
      cell: ({ sysCode, name }) => (
        <span title={name}>
          <strong>{sysCode}</strong>
        </span>
      ),
    },
    {
      key: 'state',
      header: common('state'),
      cell: ({ sysCode, last }) =>
        last === null ? (
          <span className="home-links">
            {t('never')}
            <Link to={`/collect?${new URLSearchParams({ sysCode })}`}>{t('collectNow')}</Link>
          </span>
        ) : (
          <span className="home-reason">
            <CollectBadge state={last.command.state} />
            <Link to={`/collections/${last.collectionId}`}>
              {t('collectionNumber', { id: last.collectionId })}
            </Link>
            {last.command.reason !== null && <span className="home-reason-text">{last.command.reason}</span>}
          </span>
        ),
    },
    {
      key: 'window',
      header: t('window'),
      cell: ({ last }) =>
        last && (
          <span className="home-window">
            <Time at={last.windowFrom} />
            <span className="time">
              – <Time at={last.windowTo} />
            </span>
          </span>
        ),
    },
    {
      key: 'scanned',
      header: t('scanned'),
      align: 'right',
      cell: ({ last }) => last && wholeNumber(last.command.rowsScanned),
    },
    {
      key: 'found',
      header: t('found'),
      align: 'right',
      cell: ({ last }) =>
        last &&
        t('foundText', {
          reported: wholeNumber(last.command.problemsReported),
          fresh: wholeNumber(last.command.problemsNew),
        }),
    },
    { key: 'coverage', header: t('coverage'), cell: ({ last }) => last && <Coverage last={last} /> },
    {
      key: 'finished',
      header: t('finished'),
      cell: ({ last }) => last?.command.finishedAt && <Time at={last.command.finishedAt} relative />,
    },
  ];
}

function Coverage({ last }: { last: LastCollect }) {
  const { t } = useTranslation('home');
  const { t: words } = useTranslation('words');
  const { feeds } = last.command;
  if (feeds.length === 0) return t('coverageNone');
  return (
    <ul className="home-coverage">
      {feeds.map(({ side, reachesTo, complete }) => (
        <li key={side} data-short={!complete}>
          <span aria-hidden="true">{complete ? '✓' : '!'}</span>{' '}
          {complete
            ? t('covers', { side: words(`side.${side}`) })
            : t('coversTo', {
                side: words(`side.${side}`),
                time: reachesTo === null ? '–' : localTime(reachesTo),
              })}
        </li>
      ))}
    </ul>
  );
}
