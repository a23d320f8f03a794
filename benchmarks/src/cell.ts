/** What every benchmark is: a cell of one table, run by `npm run bench -- <cell>`. */
import type { Machine } from './support/machine.ts';

/** An option of a cell: a whole number. */
export interface CellOption {
  readonly otherwise: number;
  readonly says: string;
}

export interface CellContext {
  /** A PostgreSQL on which databases may be made; the cell makes its own. */
  readonly databaseUrl: string;
  readonly options: ReadonlyMap<string, number>;
  /** Progress, for a person who waits. */
  say(line: string): void;
  /** What must be undone whatever happens, also when the run is interrupted; the last one first. */
  atEnd(undo: () => Promise<void>): void;
}

export interface CellResult {
  /** The whole answer, for `--json`. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** The same for people: what, and how much. */
  readonly lines: readonly (readonly [what: string, figure: string])[];
  /** What makes the figures worthless: the work was not done as it should have been. No time is ever wrong. */
  readonly wrong: readonly string[];
}

export interface Cell {
  readonly says: string;
  readonly options: Readonly<Record<string, CellOption>>;
  /** @throws BenchError for options that do not fit together. */
  run(context: CellContext): Promise<CellResult>;
}

export interface BenchReport extends CellResult {
  readonly cell: string;
  readonly machine: Machine;
}

/** Something that whoever started the benchmark can do something about; its words are all that is shown. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
