/** An installation that has not found anything yet: what to do first. The steps tick off by themselves. */
import type { Stats, System } from '@piculus/protocol/http';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useRead } from '../../api/queries.ts';
import { Able } from '../../parts/roles/Able.tsx';
import { Section } from '../../parts/Section.tsx';

const STEPS = [
  { key: 'systems', to: '/systems', verb: 'administer' },
  { key: 'clients', to: '/clients', verb: 'view' },
  { key: 'solutions', to: '/solutions/new', verb: 'configure' },
  { key: 'collect', to: '/collect', verb: 'collect' },
] as const;

export function Setup({ stats, systems }: { stats: Stats; systems: readonly System[] | undefined }) {
  const { t } = useTranslation('home');
  const empty = stats.counts.length === 0;
  const solutions = useRead('listSolutions', {}, { enabled: empty }).data?.items;
  if (!empty || systems === undefined || solutions === undefined) return null;
  const done = {
    systems: systems.length > 0,
    clients: stats.clientsConnected > 0,
    solutions: solutions.length > 0,
    collect: stats.lastCollects.length > 0,
  };
  if (Object.values(done).every(Boolean)) return null;
  return (
    <Section title={t('setup')} lead={t('setupLead')}>
      <ol className="home-steps">
        {STEPS.map(({ key, to, verb }) => (
          <li key={key} data-done={done[key]}>
            <span className="home-step-sign" role="img" aria-label={done[key] ? t('done') : t('todo')}>
              {done[key] ? '✓' : '○'}
            </span>
            <div>
              <Able to={verb} where="anywhere" otherwise={t(`step.${key}`)}>
                <Link to={to}>{t(`step.${key}`)}</Link>
              </Able>
              <p>{t(`stepLead.${key}`)}</p>
            </div>
          </li>
        ))}
      </ol>
    </Section>
  );
}
