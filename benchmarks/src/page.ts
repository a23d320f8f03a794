/** Reports of runs as Markdown for docs/performance.md: machine, one table, and growth as a picture. */
import type { BenchReport } from './cell.ts';
import { median } from './statistics.ts';

const HEAD = ['cell', 'variant', 'beside', 'unit', 'Piculus', 'other', 'ratio (95 %)', 'target', 'met'];

/** @param reports of the same machine, each of one cell or more, in the order in which they are to stand. */
export function asPage(reports: readonly BenchReport[]): readonly string[] {
  const [first] = reports;
  if (first === undefined) return [];
  const { machine, versions } = first;
  const about = Object.entries({ ...machine, ...versions }).map(
    ([what, value]) => `${what} ${String(value)}`,
  );
  const stored = reports.map(storedIn).find((found) => found !== null) ?? null;
  return [
    `${about.join('; ')}.`,
    '',
    markdownRow(HEAD),
    markdownRow(HEAD.map(() => '---')),
    ...reports.flatMap(({ cells, settings }) =>
      cells.map((one) => markdownRow(rowOf(one, settings['quick'] === true))),
    ),
    ...(stored === null ? [] : ['', ...growthChart(stored)]),
    ...reports.flatMap(({ wrong }) => wrong.map((line) => `\n**Wrong:** ${line}`)),
  ];
}

const markdownRow = (texts: readonly string[]): string => `| ${texts.map(escaped).join(' | ')} |`;
const escaped = (text: string): string => text.replaceAll('|', '\\|');

function rowOf(one: BenchReport['cells'][number], quick: boolean): readonly string[] {
  const { value, peerValue, ratio, target, ok, better, spread } = one;
  const interval = spread === undefined ? '' : ` (${spread.ratio.map(short).join(' to ')})`;
  const among = (middle: number | null, range: readonly [number, number] | undefined): string => {
    if (middle === null) return '';
    return range === undefined ? short(middle) : `${short(middle)} (${range.map(short).join(' to ')})`;
  };
  return [
    quick ? `${one.cell}, quick` : one.cell,
    one.variant,
    one.peer,
    one.unit,
    among(value, spread?.value),
    among(peerValue, spread?.peerValue),
    ratio === null ? '' : `${short(ratio)}${interval}`,
    target === null ? '' : `${better === 'higher' ? '≥' : '≤'} ${short(target)}`,
    one.note ?? (ok === null ? '' : ok ? 'yes' : '**no**'),
  ];
}

/** Three figures, and no digit more than was measured. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Medians, by how many problems were stored. */
export interface Growth {
  readonly stored: readonly string[];
  /** Microseconds of the processor for a problem. */
  readonly ingestUs: readonly number[];
  readonly drainUs: readonly number[];
}

function storedIn({ figures }: BenchReport): Growth | null {
  const rounds: unknown = figures['growth']?.['stored'];
  if (typeof rounds !== 'object' || rounds === null) return null;
  const sizes = Object.entries(rounds).filter((entry): entry is [string, object[]] =>
    Array.isArray(entry[1]),
  );
  const medians = (figure: string): number[] =>
    sizes.map(([, costs]) => median(costs.map((cost) => Number(Reflect.get(cost, figure)))));
  const stored = sizes.map(([size]) => size);
  return { stored, ingestUs: medians('ingestUs'), drainUs: medians('drainUs') };
}

/** As Mermaid draws it: two lines over the sizes, from 0, so that a small difference does not look like a large one. */
export function growthChart({ stored, ingestUs, drainUs }: Growth): readonly string[] {
  const most = Math.ceil((Math.max(...ingestUs, ...drainUs) * 1.2) / 50) * 50;
  // The drawing has no legend.
  const drainIsAbove = (drainUs[0] ?? 0) >= (ingestUs[0] ?? 0);
  const which = drainIsAbove ? 'drained above, taken in below' : 'taken in above, drained below';
  const line = (values: readonly number[]): string =>
    `[${values.map((value) => Math.round(value)).join(', ')}]`;
  return [
    '```mermaid',
    'xychart-beta',
    `  title "Processor time of server and PostgreSQL for a problem: ${which}"`,
    `  x-axis "problems stored" [${stored.map((size) => `"${Number(size).toLocaleString('en-US')}"`).join(', ')}]`,
    `  y-axis "microseconds" 0 --> ${most}`,
    `  line "taken in" ${line(ingestUs)}`,
    `  line "drained" ${line(drainUs)}`,
    '```',
  ];
}
