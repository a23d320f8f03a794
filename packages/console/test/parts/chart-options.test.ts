import { expect, test } from 'vitest';
import { type ChartFigures, type ChartPalette, chartOption } from '../../src/parts/chart-options.ts';

const PALETTE: ChartPalette = {
  tones: { green: '#0a0', red: '#a00', orange: '#a50', gray: '#888', blue: '#00a', violet: '#50a' },
  text: '#111',
  line: '#ddd',
  ground: '#fff',
  font: 'sans-serif',
};
const FIGURES: ChartFigures = {
  slots: ['09:00', '10:00', '11:00', '12:00'],
  series: [
    { key: 'a', name: '<b>A</b>', kind: 'bar', tone: 'green', values: [1, 2, 3, 4] },
    { key: 'b', name: 'B', kind: 'line', tone: 'red', pattern: 'stripes', values: [5, null, 6, 7] },
  ],
  format: (value) => `${value} ms`,
};

test('tooltips are drawn and never written as HTML', () => {
  const { tooltip } = chartOption(FIGURES, PALETTE);
  expect(tooltip).toMatchObject({ renderMode: 'richText' });
  expect(tooltip).not.toHaveProperty('formatter');
});

test('series are told apart by more than their colours', () => {
  const { series } = chartOption(FIGURES, PALETTE);
  expect(series).toMatchObject([
    { type: 'bar', stack: 'all', itemStyle: { color: '#0a0' } },
    { type: 'line', lineStyle: { color: '#a00', type: 'dashed' } },
  ]);
});

test('a value between gaps is marked, because no line leads to it', () => {
  const { series } = chartOption(FIGURES, PALETTE);
  const line: unknown = Array.isArray(series) ? series[1] : null;
  if (typeof line !== 'object' || line === null || !('symbolSize' in line)) throw new Error('no line');
  const { symbolSize } = line;
  if (typeof symbolSize !== 'function') throw new Error('no sizes');
  const sizes = [0, 1, 2, 3].map((dataIndex) => symbolSize(null, { dataIndex }));
  expect(sizes).toEqual([6, 0, 0, 0]);
});
