/** Comma-separated values after RFC 4180, safe to open in a spreadsheet. Pure. */

/** A number goes out as it is, a text may be defused; null is an empty cell. */
export type Cell = { readonly number: string | number } | string | boolean | null;

/** UTF-8 said to spreadsheets, which otherwise guess. */
export const BYTE_ORDER_MARK = '\uFEFF';

/**
 * What makes a spreadsheet take a text for a formula, the wide forms of Chinese and Japanese keyboards included,
 * and what it skips before it looks.
 */
const RUNS = /^[\s\u00A0\u3000]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/;
const PLAIN_NUMBER = /^[+-]?[0-9]+(\.[0-9]+)?$/;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

/** One line with its end. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'boolean') return String(cell);
  if (typeof cell === 'object') return String(cell.number);
  const text = RUNS.test(cell) && !PLAIN_NUMBER.test(cell) ? `'${cell}` : cell;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
