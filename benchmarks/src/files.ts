/** Reports in a folder, one file for each cell, so that a long run keeps what it has whatever comes later. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, type BenchReport } from './cell.ts';

export function writeReport(folder: string, cell: string, report: BenchReport): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${cell}.json`);
  writeFileSync(`${path}.new`, `${JSON.stringify(report)}\n`);
  renameSync(`${path}.new`, path);
}

/**
 * @param order names of cells, as they are to be told; others come behind them
 * @throws BenchError where there is none, or one cannot be read.
 */
export function readReports(folder: string, order: readonly string[]): readonly BenchReport[] {
  const place = (cell: string): number => {
    const at = order.indexOf(cell);
    return at < 0 ? order.length : at;
  };
  const cells = namesIn(folder).toSorted((a, b) => place(a) - place(b) || a.localeCompare(b));
  if (cells.length === 0)
    throw new BenchError(`there is no report in ${folder}; --out ${folder} writes them`);
  return cells.map((cell) => {
    const path = join(folder, `${cell}.json`);
    const read: unknown = parsed(readFileSync(path, 'utf8'));
    if (!isReport(read)) throw new BenchError(`${path} is not the report of a run`);
    return read;
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length));
  } catch (error) {
    throw new BenchError(
      `${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isReport = (value: unknown): value is BenchReport =>
  typeof value === 'object' &&
  value !== null &&
  ['machine', 'versions', 'settings', 'cells', 'figures', 'wrong'].every((part) => part in value);
