/** The first row: the figures that tell within a glance whether somebody must act. */
import type { ProblemCount, Stats, System } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Amount } from '../../parts/Amount.tsx';
import { timeOfDay, wholeNumber } from '../../parts/format.ts';
import { amountsOf, executionsOf, hoursLink, OPEN, problemsLink, problemsOf } from './figures.ts';

export interface KeyFiguresProps {
  readonly stats: Stats;
  readonly open: readonly ProblemCount[];
  readonly systems: readonly System[] | undefined;
}

export function KeyFigures({ stats, open, systems }: KeyFiguresProps) {
  const { t } = useTranslation('home');
  const waiting = stats.waitsForPerson;
  return (
    <ul className="home-figures" aria-label={t('keyFigures')}>
      <Figure name={t('open')} value={problemsOf(open)} to={problemsLink({ state: OPEN })} />
      <li className="home-figure home-figure-wide">
        <ValueAtRisk open={open} />
      </li>
      <Figure
        name={t('waitsForPerson')}
        value={waiting}
        to="/handling"
        {...(waiting > 0 ? { urgent: true } : {})}
      />
      <Figure name={t('executing')} value={stats.executing} to={problemsLink({ state: 'executing' })} />
      <li className="home-figure home-figure-wide">
        <Recent stats={stats} />
      </li>
      <Figure
        name={t('clients')}
        value={stats.clientsConnected}
        to="/clients?connected=true"
        urgent={stats.clientsConnected === 0 && (systems?.length ?? 0) > 0}
        note={systems && <Link to="/systems">{t('systems', { count: systems.length })}</Link>}
      />
    </ul>
  );
}

function Figure(props: { name: string; value: number; to: string; urgent?: boolean; note?: ReactNode }) {
  return (
    <li className="home-figure" data-urgent={props.urgent === true}>
      <Link className="home-figure-link" to={props.to}>
        <span className="home-figure-name">{props.name}</span>{' '}
        <span className="home-figure-value">{wholeNumber(props.value)}</span>
      </Link>
      {props.note !== undefined && <span className="home-figure-note">{props.note}</span>}
    </li>
  );
}

/** More would push the other figures out of the glance; all of them stand in the table below. */
const CURRENCIES_MAX = 4;

function ValueAtRisk({ open }: { open: readonly ProblemCount[] }) {
  const { t } = useTranslation('home');
  const amounts = amountsOf(open);
  const more = amounts.length - CURRENCIES_MAX;
  return (
    <>
      <span className="home-figure-name">{t('atRisk')}</span>
      {amounts.length === 0 && <span className="home-figure-value">{t('atRiskNone')}</span>}
      <ul className="home-figure-list">
        {amounts.slice(0, CURRENCIES_MAX).map(({ currency, amountMinor }) => (
          <li key={currency}>
            <Link to={problemsLink({ state: OPEN, currency })}>
              <Amount minor={amountMinor} currency={currency} />
            </Link>
          </li>
        ))}
      </ul>
      {more > 0 && <span className="home-figure-note">{t('moreCurrencies', { count: more })}</span>}
    </>
  );
}

/** This hour and the one before: the last hour whole, and a list that finds exactly the same. */
function Recent({ stats }: { stats: Stats }) {
  const { t } = useTranslation('home');
  const hours = stats.hours.slice(-2);
  const since = hours[0]?.hour ?? stats.at;
  return (
    <>
      <span className="home-figure-name">{t('since', { time: timeOfDay(since) })}</span>
      <ul className="home-figure-list">
        {(['repaired', 'failed', 'refused'] as const).map((kind) => (
          <li key={kind}>
            <Link to={hoursLink(hours, kind)}>
              <span className="number">{wholeNumber(executionsOf(hours, kind))}</span>{' '}
              <span className="home-figure-kind">{t(kind)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
