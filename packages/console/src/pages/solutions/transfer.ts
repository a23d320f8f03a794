/** Solutions as a file: what the export writes and the import reads. Pure. */
import type { RouteResponse, Solution } from '@piculus/protocol/http';
import { FORM_FIELDS } from './fields.ts';

export type Imported = RouteResponse<'importSolutions'>;

const ROWS_MAX = 1_000;

/** @returns a JSON document with only what a person sets, so that it can go into another installation. */
export function exportText(solutions: readonly Solution[]): string {
  const rows = solutions.map((solution) =>
    Object.fromEntries(FORM_FIELDS.map((name) => [name, solution[name]])),
  );
  return `${JSON.stringify({ solutions: rows }, null, 2)}\n`;
}

export type Unreadable = 'not-json' | 'no-list' | 'no-rows' | 'too-many';
export type ReadFile =
  | { readonly rows: readonly unknown[]; readonly wrong: null }
  | { readonly rows: null; readonly wrong: Unreadable };

const wrong = (why: Unreadable): ReadFile => ({ rows: null, wrong: why });

/** Takes a list, or an object whose `solutions` is one. What is in the rows is for the server to judge. */
export function readTransfer(text: string): ReadFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return wrong('not-json');
  }
  const rows =
    typeof parsed === 'object' && parsed !== null && 'solutions' in parsed ? parsed.solutions : parsed;
  if (!Array.isArray(rows)) return wrong('no-list');
  if (rows.length === 0) return wrong('no-rows');
  if (rows.length > ROWS_MAX) return wrong('too-many');
  return { rows, wrong: null };
}

export interface RowError<Reason> {
  /** Counts from 1; null where the error names no row. */
  readonly row: number | null;
  readonly field: string;
  readonly reason: Reason;
}

/** @returns the errors by row: the server names a field of a row as `items[3].retryCron` or `items.3.retryCron`. */
export function rowErrors<Reason>(
  fields: readonly { readonly field: string; readonly reason: Reason }[],
): RowError<Reason>[] {
  return fields.map(({ field, reason }) => {
    const found = /^items[.[](\d+)\]?\.?(.*)$/.exec(field);
    return found === null
      ? { row: null, field, reason }
      : { row: Number(found[1]) + 1, field: found[2] ?? '', reason };
  });
}

/** @returns a text of the row under this name, to say which row it is; empty where there is none. */
export function textIn(row: unknown, name: string): string {
  if (typeof row !== 'object' || row === null) return '';
  const value: unknown = Object.entries(row).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? value : '';
}
