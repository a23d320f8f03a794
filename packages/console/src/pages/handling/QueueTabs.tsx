import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Count } from '../../parts/Count.tsx';
import { TABS, type Tab, tabCount } from './tabs.ts';

/** Links and no tab widget: each group is an address of its own, and the filters beside it stay. */
export function QueueTabs({ tab: current }: { tab: Tab }) {
  const { t } = useTranslation('handling');
  const [params] = useSearchParams();
  const stats = useRead('getStats').data;
  const to = (tab: Tab): string => {
    const query = new URLSearchParams(params);
    query.delete('after');
    query.delete('open');
    if (tab === 'all') query.delete('tab');
    else query.set('tab', tab);
    return `?${query}`;
  };
  return (
    <nav className="queue-tabs" aria-label={t('groups')}>
      {TABS.map((tab) => {
        const count = stats === undefined ? null : tabCount(tab, stats);
        return (
          <Link
            key={tab}
            to={to(tab)}
            className="queue-tab"
            aria-current={tab === current ? 'page' : undefined}
          >
            {t(`tab.${tab}`)}
            {count !== null && <Count value={count} label={t('waiting', { count })} />}
          </Link>
        );
      })}
    </nav>
  );
}
