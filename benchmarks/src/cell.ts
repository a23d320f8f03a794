/** What every benchmark is: a cell of one table, run by `npm run bench -- <cell>`. */
import type { Machine } from './support/machine.ts';

/** An option of a cell: a whole number. */
export interface CellOption {
  readonly otherwise: number;
  /** With `--quick`, where that differs. */
  readonly whenQuick?: number;
  readonly says: string;
}

export interface CellContext {
  /** A PostgreSQL on which databases may be made; the cell makes its own. */
  readonly databaseUrl: string;
  readonly options: ReadonlyMap<string, number>;
  /** Smaller and fewer rounds, to see that it works and roughly where it stands; labelled as such. */
  readonly quick: boolean;
  /** Progress, for a person who waits. */
  say(line: string): void;
  /** What must be undone whatever happens, also when the run is interrupted; the last one first. */
  atEnd(undo: () => Promise<void>): void;
}

/** One line of the table: Piculus beside something else, measured in the same run. */
export interface Comparison {
  /** What exactly was done, for instance `retries` or `90 % repeats`. */
  readonly variant: string;
  /** What it is compared with: another system, a limit, or Piculus itself in another size. */
  readonly peer: string;
  readonly unit: string;
  /** Medians of the rounds; null where there is no figure, and `note` says why. */
  readonly value: number | null;
  readonly peerValue: number | null;
  /** Value divided by the peer's. */
  readonly ratio: number | null;
  /** What the ratio, or without a peer's value the value, is to be at least (`higher`) or at most (`lower`). */
  readonly target: number | null;
  readonly better: 'higher' | 'lower';
  /** Whether the target is met; null without one. */
  readonly ok: boolean | null;
  readonly note?: string;
  /** Of the rounds, where there were several. */
  readonly spread?: {
    readonly value: readonly [min: number, max: number];
    readonly peerValue: readonly [min: number, max: number];
    /** 95 % confidence interval. */
    readonly ratio: readonly [low: number, high: number];
    readonly rounds: number;
  };
}

export interface CellResult {
  /** Lines of the table; none where a cell has nothing to compare with. */
  readonly comparisons: readonly Comparison[];
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

/** What `--json` prints on stdout, in one line. */
export interface BenchReport {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly cells: readonly (Comparison & { readonly cell: string })[];
  /** Whatever else the cells found, by cell. */
  readonly figures: Readonly<Record<string, CellResult['figures']>>;
  readonly wrong: readonly string[];
}

/** Something that whoever started the benchmark can do something about; its words are all that is shown. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
