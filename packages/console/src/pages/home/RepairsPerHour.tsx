/** What the executions of the last 24 hours came to, hour by hour. */
import { Text } from '@mantine/core';
import type { HourOfExecutions } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Chart } from '../../parts/Chart.tsx';
import type { ChartFigures, ChartSeries } from '../../parts/chart-options.ts';
import { timeOfDay, wholeNumber } from '../../parts/format.ts';
import { Section } from '../../parts/Section.tsx';
import { executionsOf, hoursLink, type Kind } from './figures.ts';

const LOOKS: readonly (Pick<ChartSeries, 'tone' | 'pattern'> & { readonly kind: Kind })[] = [
  { kind: 'repaired', tone: 'green' },
  { kind: 'failed', tone: 'red', pattern: 'stripes' },
  { kind: 'refused', tone: 'orange', pattern: 'dots' },
  { kind: 'notYet', tone: 'gray' },
];

export function RepairsPerHour({ hours }: { hours: readonly HourOfExecutions[] }) {
  const { t } = useTranslation('home');
  const figures = useMemo<ChartFigures>(
    () => ({
      slots: hours.map(({ hour }) => timeOfDay(hour)),
      series: [
        ...LOOKS.map(({ kind, ...look }) => ({
          ...look,
          key: kind,
          name: t(kind),
          kind: 'bar' as const,
          values: hours.map((hour) => executionsOf([hour], kind)),
        })),
        {
          key: 'toPerson',
          name: t('toPerson'),
          kind: 'line' as const,
          tone: 'violet',
          values: hours.map(({ toPerson }) => toPerson),
        },
        {
          key: 'retriesUsed',
          name: t('retriesUsed'),
          kind: 'line' as const,
          tone: 'blue',
          pattern: 'stripes' as const,
          values: hours.map(({ retriesUsed }) => retriesUsed),
        },
      ],
      format: wholeNumber,
      whole: true,
    }),
    [hours, t],
  );
  const linkOf = (series: string, slot: number): string | undefined => {
    const kind = LOOKS.find((look) => look.kind === series)?.kind;
    const hour = hours[slot];
    return kind === undefined || hour === undefined ? undefined : hoursLink([hour], kind);
  };
  const quiet = hours.every(({ outcomes }) => Object.keys(outcomes).length === 0);
  return (
    <Section title={t('perHour')}>
      {quiet ? (
        <Text>{t('perHourNone')}</Text>
      ) : (
        <>
          <Totals hours={hours} />
          <Chart label={t('perHourLabel')} slotLabel={t('hour')} figures={figures} linkOf={linkOf} />
        </>
      )}
    </Section>
  );
}

function Totals({ hours }: { hours: readonly HourOfExecutions[] }) {
  const { t } = useTranslation('home');
  const sum = (field: 'toPerson' | 'retriesUsed'): number =>
    hours.reduce((total, hour) => total + hour[field], 0);
  return (
    <ul className="home-totals" aria-label={t('totals')}>
      {(['repaired', 'failed', 'refused', 'notYet', 'other'] as const).map((kind) => (
        <li key={kind}>
          <Link to={hoursLink(hours, kind)}>
            <strong className="number">{wholeNumber(executionsOf(hours, kind))}</strong> {t(kind)}
          </Link>
        </li>
      ))}
      {(['toPerson', 'retriesUsed'] as const).map((field) => (
        <li key={field}>
          <strong className="number">{wholeNumber(sum(field))}</strong> {t(field)}
        </li>
      ))}
    </ul>
  );
}
