/** What is broken, how much money is at stake, what is being done: within a glance. */
import type { Stats, System } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Page } from '../../parts/Page.tsx';
import { Ages } from './Ages.tsx';
import { Alarms } from './Alarms.tsx';
import { AtRisk } from './AtRisk.tsx';
import { openCounts } from './figures.ts';
import { KeyFigures } from './KeyFigures.tsx';
import { LastCollects } from './LastCollects.tsx';
import { RepairsPerHour } from './RepairsPerHour.tsx';
import { Scenarios } from './Scenarios.tsx';
import { Setup } from './Setup.tsx';
import { Waits } from './Waits.tsx';
import './home.css';

export function Component() {
  const { t } = useTranslation('home');
  const { t: shell } = useTranslation('shell');
  const { t: common } = useTranslation();
  const stats = useRead('getStats');
  const systems = useRead('listSystems');
  const error = stats.error ?? systems.error;
  return (
    <Page
      title={shell('home')}
      lead={t('lead')}
      updatedAt={stats.dataUpdatedAt}
      ready={(stats.data !== undefined && systems.data !== undefined) || error !== null}
    >
      {error !== null && <Notice error={error} title={common('failedLoad')} />}
      {stats.data === undefined ? (
        error === null && <Loading />
      ) : (
        <Overview stats={stats.data} systems={systems.data?.items} />
      )}
    </Page>
  );
}

function Overview({ stats, systems }: { stats: Stats; systems: readonly System[] | undefined }) {
  const open = useMemo(() => openCounts(stats.counts), [stats.counts]);
  // Before the first collect, "no problems" would say something that nobody knows.
  const untouched = stats.counts.length === 0 && stats.lastCollects.length === 0;
  return (
    <>
      {stats.alarms.length > 0 && <Alarms alarms={stats.alarms} />}
      <Setup stats={stats} systems={systems} />
      <KeyFigures stats={stats} open={open} systems={systems} />
      {!untouched && (
        <>
          <Scenarios open={open} />
          <div className="home-cards">
            <AtRisk open={open} />
            <Ages ages={stats.ages} />
            <Waits waits={stats.waits} executing={stats.executing} />
          </div>
          <RepairsPerHour hours={stats.hours} />
        </>
      )}
      <LastCollects lasts={stats.lastCollects} systems={systems} />
    </>
  );
}
