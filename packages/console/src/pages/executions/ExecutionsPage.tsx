/** 修复执行: what runs now, what waits for its next tick, what came to an end. */
import { Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { wholeNumber } from '../../parts/format.ts';
import { Page } from '../../parts/Page.tsx';
import { SavedViews } from '../../parts/SavedViews.tsx';
import { Done } from './Done.tsx';
import { Running } from './Running.tsx';
import { Waiting } from './Waiting.tsx';
import './executions.css';

const TABS = ['done', 'running', 'waiting'] as const;

export function Component() {
  const { t } = useTranslation('executions');
  const { t: shell } = useTranslation('shell');
  const [params, setParams] = useSearchParams();
  const tab = TABS.find((each) => each === params.get('tab')) ?? 'done';
  const leases = useRead('listLeases');
  const stats = useRead('getStats');
  const running = leases.data?.items.reduce((sum, lease) => sum + lease.problems - lease.answered, 0);
  const waiting = stats.data?.waits.find(({ waitReason }) => waitReason === 'scheduled')?.problems ?? 0;
  const show = (next: string | null): void => {
    // Each tab has a list of its own; filters and place of one say nothing about another.
    setParams(next === null || next === 'done' ? {} : { tab: next });
  };
  return (
    <Page
      title={shell('executions')}
      lead={t('lead')}
      ready={!leases.isPending}
      updatedAt={leases.dataUpdatedAt}
      actions={tab === 'done' ? <SavedViews page="executions" /> : null}
    >
      <Tabs value={tab} onChange={show} keepMounted={false}>
        <Tabs.List aria-label={t('tabs')}>
          <Tabs.Tab value="done">{t('done')}</Tabs.Tab>
          <Tabs.Tab value="running">
            {running === undefined ? t('running') : t('runningCount', { n: wholeNumber(running) })}
          </Tabs.Tab>
          <Tabs.Tab value="waiting">
            {stats.data === undefined ? t('waiting') : t('waitingCount', { n: wholeNumber(waiting) })}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="done" className="executions-panel">
          <Done />
        </Tabs.Panel>
        <Tabs.Panel value="running" className="executions-panel">
          <Running read={leases} />
        </Tabs.Panel>
        <Tabs.Panel value="waiting" className="executions-panel">
          <Waiting />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
