/** Answers and changes as whoever asked gets them. */
import type { TablePlan } from './catalog.ts';
import type { Values } from './rows.ts';
import { toDriver } from './values.ts';

export interface Answer {
  readonly command: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly rowCount: number;
  readonly rows: Record<string, unknown>[];
}
export interface Change {
  readonly table: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
}

export type Beginning = readonly {
  readonly plan: TablePlan;
  readonly rows: readonly Values[];
  readonly sequences: readonly (readonly [number, bigint])[];
}[];

export function recordOf(
  columns: readonly { readonly name: string; readonly type: string }[],
  row: Values,
): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [index, { name, type }] of columns.entries()) record[name] = toDriver(row[index] ?? null, type);
  return record;
}

export const asRecord = (plan: TablePlan, values: Values | null): Record<string, unknown> | null =>
  values === null ? null : recordOf(plan.columns, values);
