/** How many messages went to and fro, and how long they took, over the span that the list shows. */
import { Text } from '@mantine/core';
import type { RouteResponse } from '@piculus/protocol/http';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { Chart } from '../../parts/Chart.tsx';
import type { ChartFigures } from '../../parts/chart-options.ts';
import { milliseconds, timeOfDay, wholeNumber } from '../../parts/format.ts';
import { Loading } from '../../parts/Loading.tsx';
import { Notice } from '../../parts/Notice.tsx';
import { Section } from '../../parts/Section.tsx';
import { figuresQuery, type MessageQuery } from './message-query.ts';

type Answer = RouteResponse<'getMessageStats'>;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function Figures({ of }: { of: MessageQuery }) {
  const { t } = useTranslation('messages');
  const { query, cut } = figuresQuery(of, Date.now());
  const figures = useRead('getMessageStats', { query }, { keep: true });
  return (
    <Section
      title={t('charts')}
      lead={
        <>
          {figures.data && <Span answer={figures.data} />}
          {' · '}
          {of.sysCode === undefined ? t('chartsAll') : t('chartsSystem', { system: of.sysCode })}
          {cut && ` · ${t('chartsCut')}`}
        </>
      }
    >
      {figures.error !== null && <Notice error={figures.error} onRetry={() => void figures.refetch()} />}
      {figures.data === undefined ? figures.error === null && <Loading /> : <Charts answer={figures.data} />}
    </Section>
  );
}

function Span({ answer: { from, to, slotMs } }: { answer: Answer }) {
  const { t } = useTranslation('messages');
  const slot =
    slotMs < MINUTE_MS
      ? t('slotSeconds', { count: slotMs / 1_000 })
      : slotMs < HOUR_MS
        ? t('slotMinutes', { count: slotMs / MINUTE_MS })
        : t('slotHours', { count: slotMs / HOUR_MS });
  return t('chartsOf', { from: timeOfDay(from), to: timeOfDay(to), slot });
}

function Charts({ answer: { slots, slotMs } }: { answer: Answer }) {
  const { t } = useTranslation('messages');
  const names = useMemo(() => slots.map(({ at }) => timeOfDay(at, slotMs < MINUTE_MS)), [slots, slotMs]);
  const throughput = useMemo<ChartFigures>(
    () => ({
      slots: names,
      series: [
        { key: 'in', name: t('in'), kind: 'bar', tone: 'blue', values: slots.map((slot) => slot.in) },
        {
          key: 'out',
          name: t('out'),
          kind: 'bar',
          tone: 'violet',
          pattern: 'stripes',
          values: slots.map((slot) => slot.out),
        },
        {
          key: 'failed',
          name: t('failed'),
          kind: 'line',
          tone: 'red',
          values: slots.map((slot) => slot.failed),
        },
      ],
      format: wholeNumber,
      whole: true,
    }),
    [slots, names, t],
  );
  const latency = useMemo<ChartFigures>(
    () => ({
      slots: names,
      series: [
        {
          key: 'p50',
          name: t('p50'),
          kind: 'line',
          tone: 'blue',
          values: slots.map((slot) => slot.latencyP50Ms),
        },
        {
          key: 'p95',
          name: t('p95'),
          kind: 'line',
          tone: 'orange',
          pattern: 'stripes',
          values: slots.map((slot) => slot.latencyP95Ms),
        },
      ],
      format: milliseconds,
    }),
    [slots, names, t],
  );
  return (
    <div className="messages-charts">
      <div>
        <Text component="h3" fw={600} size="sm">
          {t('throughput')}
        </Text>
        <Chart label={t('throughputLabel')} slotLabel={t('slot')} figures={throughput} />
      </div>
      <div>
        <Text component="h3" fw={600} size="sm">
          {t('latency')}
        </Text>
        <Chart label={t('latencyLabel')} slotLabel={t('slot')} figures={latency} />
      </div>
    </div>
  );
}
