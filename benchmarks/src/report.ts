/** A report as people read it. */
import type { BenchReport, CellResult, Comparison } from './cell.ts';

const HEAD = ['cell', 'variant', 'beside', 'Piculus', 'other', 'unit', 'ratio', '95 %', 'target', ''];

/** What the cells found, in one list each. */
export function joined(
  results: ReadonlyMap<string, CellResult>,
): Pick<BenchReport, 'cells' | 'figures' | 'wrong'> {
  const all = [...results];
  return {
    cells: all.flatMap(([cell, { comparisons }]) => comparisons.map((one) => ({ cell, ...one }))),
    figures: Object.fromEntries(all.map(([cell, { figures }]) => [cell, figures])),
    wrong: all.flatMap(([cell, { wrong }]) => wrong.map((line) => `${cell}: ${line}`)),
  };
}

/** What is left of a cell that could not be run: a line that says so, so that the others are still told. */
export function failed(error: unknown): CellResult {
  const note = `not run: ${error instanceof Error ? error.message : String(error)}`.replaceAll(/\s+/g, ' ');
  return { comparisons: [withoutFigure(note, { ok: false })], figures: {}, lines: [], wrong: [note] };
}

/** A line that has no figure. */
export function withoutFigure(note: string, about: Partial<Comparison>): Comparison {
  const nothing = { value: null, peerValue: null, ratio: null, target: null, ok: null };
  return { variant: '', peer: '', unit: '', better: 'higher', ...nothing, ...about, note };
}

export function asTable(report: BenchReport, results: ReadonlyMap<string, CellResult>): readonly string[] {
  const rows = report.cells.map(({ cell, ...one }) => [cell, ...asRow(one)]);
  const widths = HEAD.map((head, column) =>
    Math.max(...[HEAD, ...rows].map((row) => row[column]?.length ?? 0), head.length),
  );
  const table = rows.length === 0 ? [] : [HEAD, ...rows].map((row) => padded(row, widths));
  const others = [...results].flatMap(([cell, { lines }]) =>
    lines.map(([what, figure]) => `${cell}: ${what}: ${figure}`),
  );
  const about = Object.entries({ ...report.machine, ...report.versions, quick: report.settings.quick });
  return [...table, ...others, ...about.map(([what, value]) => `${what}: ${String(value)}`)];
}

const padded = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((text, column) => text.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();

function asRow({
  variant,
  peer,
  unit,
  value,
  peerValue,
  ratio,
  target,
  better,
  ok,
  note,
  spread,
}: Comparison) {
  const interval = spread === undefined ? '' : spread.ratio.map(short).join('–');
  const sign = better === 'higher' ? '≥' : '≤';
  return [
    variant,
    peer,
    value === null ? '' : short(value),
    peerValue === null ? '' : short(peerValue),
    unit,
    ratio === null ? '' : short(ratio),
    interval,
    target === null ? '' : `${sign} ${short(target)}`,
    note ?? (ok === null ? '' : ok ? 'ok' : 'short of it'),
  ];
}

function short(value: number): string {
  const size = Math.abs(value);
  return size >= 100 ? String(Math.round(value)) : size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
