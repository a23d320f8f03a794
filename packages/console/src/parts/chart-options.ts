/** Figures over time as the chart library takes them. Pure: colours and words are given. */
import type { EChartsCoreOption } from 'echarts/core';

/** Colours of chart.css. */
export type ChartTone = 'green' | 'red' | 'orange' | 'gray' | 'blue' | 'violet';

export interface ChartSeries {
  readonly key: string;
  readonly name: string;
  /** Bars of one chart stand on each other. */
  readonly kind: 'bar' | 'line';
  readonly tone: ChartTone;
  /** Tells series apart without colours: the ground of bars, the stroke of lines. */
  readonly pattern?: 'stripes' | 'dots';
  /** One for each slot; null where there is nothing to tell. */
  readonly values: readonly (number | null)[];
}

export interface ChartFigures {
  /** The name of each slot, oldest first. */
  readonly slots: readonly string[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Counts have no values between whole numbers. */
  readonly whole?: boolean;
}

export interface ChartPalette {
  readonly tones: Readonly<Record<ChartTone, string>>;
  readonly text: string;
  readonly line: string;
  readonly ground: string;
  readonly font: string;
}

const DECALS = {
  stripes: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 },
  dots: { symbol: 'circle', symbolSize: 0.6, dashArrayX: [[4, 4]], dashArrayY: [4, 2] },
} as const;
const STROKES = { stripes: 'dashed', dots: 'dotted' } as const;

export function chartOption(figures: ChartFigures, palette: ChartPalette): EChartsCoreOption {
  const { slots, series, format } = figures;
  return {
    // Live figures come several times a second; what moves by itself all the time is no help.
    animation: false,
    textStyle: { color: palette.text, fontFamily: palette.font },
    grid: { left: 4, right: 8, top: 10, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: {
      trigger: 'axis',
      // Drawn, not written as HTML: names are data, and the page allows no styles in markup.
      renderMode: 'richText',
      confine: true,
      backgroundColor: palette.ground,
      borderColor: palette.line,
      textStyle: { color: palette.text, fontFamily: palette.font, fontSize: 12 },
      valueFormatter: (value: unknown) => (typeof value === 'number' ? format(value) : '–'),
    },
    xAxis: {
      type: 'category',
      data: [...slots],
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { show: false },
      axisLabel: { color: palette.text, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      ...(figures.whole === true ? { minInterval: 1 } : {}),
      splitNumber: 4,
      splitLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.text, formatter: (value: number) => format(value) },
    },
    series: series.map((one) => (one.kind === 'bar' ? barOf(one, palette) : lineOf(one, palette))),
  };
}

function barOf({ name, tone, pattern, values }: ChartSeries, palette: ChartPalette): object {
  const decal = pattern === undefined ? { symbol: 'none' } : { ...DECALS[pattern], color: palette.ground };
  return {
    type: 'bar',
    name,
    stack: 'all',
    data: [...values],
    barMaxWidth: 28,
    itemStyle: { color: palette.tones[tone], decal },
  };
}

function lineOf({ name, tone, pattern, values }: ChartSeries, palette: ChartPalette): object {
  return {
    type: 'line',
    name,
    data: [...values],
    symbol: 'circle',
    showAllSymbol: true,
    // A value between gaps has no line to be seen by.
    symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) =>
      values[dataIndex] !== null && stands(values, dataIndex) ? 6 : 0,
    itemStyle: { color: palette.tones[tone] },
    lineStyle: {
      color: palette.tones[tone],
      width: 2,
      type: pattern === undefined ? 'solid' : STROKES[pattern],
    },
  };
}

function stands(values: readonly (number | null)[], place: number): boolean {
  return (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null;
}
