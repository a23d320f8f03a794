/** The table of docs/metrics.md, made from the table of metrics. */
import { METRICS } from './table.ts';

const BEGIN = '<!-- generated: metrics -->';
const END = '<!-- generated: end of metrics -->';

/** @returns the page with today's table. @throws RangeError where it has no place for one. */
export function withMetrics(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new RangeError('the page has no place for the table of metrics');
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table()}\n\n${page.slice(end)}`;
}

function table(): string {
  const rows = Object.entries(METRICS).map(([name, { type, labels, help }]) => {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${named} | ${help} |`;
  });
  return ['| metric | type | labels | what it tells |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
