/** Solutions as a YAML file: reading it with every mistake named by its row, writing it in one order. */
import { type Solution, type SolutionInput, solutionInputSchema } from '@piculus/protocol/http';
import { parseDocument, stringify } from 'yaml';
import { usageError } from './exit-codes.ts';

export interface FileRow {
  /** 1 for the first. */
  readonly row: number;
  readonly solution: SolutionInput;
}

/** @throws CliError naming every row and field that is not valid. */
export function parseSolutions(text: string): FileRow[] {
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true });
  if (document.errors.length > 0) {
    throw usageError(
      'the file is not valid YAML',
      document.errors.map(({ message }) => message),
    );
  }
  const rows = rowsOf(document.toJS({ maxAliasCount: 100 }));
  const mistakes: string[] = [];
  const parsed: FileRow[] = [];
  const firstRow = new Map<string, number>();
  rows.forEach((value, index) => {
    const row = index + 1;
    const result = solutionInputSchema.safeParse(value);
    if (!result.success) {
      for (const { path, message } of result.error.issues)
        mistakes.push(`row ${row}: ${path.join('.') || 'row'}: ${message}`);
      return;
    }
    const identity = `${result.data.sysCode}/${result.data.fixCode}`;
    const earlier = firstRow.get(identity);
    if (earlier !== undefined) mistakes.push(`row ${row}: ${identity} stands in row ${earlier} already`);
    firstRow.set(identity, earlier ?? row);
    parsed.push({ row, solution: result.data });
  });
  if (mistakes.length > 0) throw usageError('the file is not valid; nothing was stored', mistakes);
  return parsed;
}

function rowsOf(value: unknown): unknown[] {
  const rows = typeof value === 'object' && value !== null && 'solutions' in value ? value.solutions : value;
  if (Array.isArray(rows) && rows.length > 0) return rows;
  throw usageError('the file must hold a list of solutions, or a list under "solutions"');
}

const FIELDS = [
  'sysCode',
  'fixCode',
  'maxRetries',
  'retryCron',
  'timeZone',
  'executionMode',
  'status',
  'level',
  'description',
] as const satisfies readonly (keyof SolutionInput)[];

export function toInput(solution: Solution): SolutionInput {
  const { sysCode, fixCode, maxRetries, retryCron, timeZone, executionMode, status, level, description } =
    solution;
  return { sysCode, fixCode, maxRetries, retryCron, timeZone, executionMode, status, level, description };
}

export function formatSolutions(solutions: readonly Solution[]): string {
  const ordered = [...solutions].sort((a, b) => (identityOf(a) < identityOf(b) ? -1 : 1));
  return stringify({ solutions: ordered.map(toInput) }, { lineWidth: 0 });
}

export const identityOf = ({ sysCode, fixCode }: { sysCode: string; fixCode: string }): string =>
  `${sysCode}/${fixCode}`;

/** @returns the fields in which the two differ. */
export function differences(wanted: SolutionInput, present: Solution): (keyof SolutionInput)[] {
  return FIELDS.filter((field) => wanted[field] !== present[field]);
}
