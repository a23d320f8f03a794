/**
 * Rows of the three tables as the chain covers them: every field as text in one spelling, whatever the settings of
 * the session. Times are in UTC to the microsecond, numbers and JSON as PostgreSQL writes them.
 */
import { type RawBuilder, sql } from 'kysely';
import type { CanonicalRow, Source } from '../audit/encoding.ts';
import type { Executor } from './database.ts';

type Spelling = 'text' | 'time';
type Fields = Readonly<Record<string, Spelling>>;

/**
 * Blocks name the format that they were made with. A column that is added to one of the tables makes a new format;
 * a format is never changed, for that would break the proof of every block made with it.
 */
const FORMATS: Readonly<Record<number, Readonly<Record<Source, Fields>>>> = {
  1: {
    audit: {
      id: 'text',
      at: 'time',
      actor: 'text',
      via: 'text',
      from_address: 'text',
      request_id: 'text',
      act: 'text',
      sys_code: 'text',
      problem_id: 'text',
      target: 'text',
      reason: 'text',
      before: 'text',
      after: 'text',
      detail: 'text',
    },
    reports: {
      id: 'text',
      command_id: 'text',
      epoch: 'text',
      sequence: 'text',
      client_id: 'text',
      received_at: 'time',
      inserted: 'text',
      seen_again: 'text',
      reopened: 'text',
      changes: 'text',
    },
    executions: {
      id: 'text',
      problem_id: 'text',
      sys_code: 'text',
      fix_code: 'text',
      business_key: 'text',
      attempt: 'text',
      trigger: 'text',
      solution_version: 'text',
      lease_id: 'text',
      client_id: 'text',
      command_key: 'text',
      outcome: 'text',
      state_before: 'text',
      state_after: 'text',
      reason: 'text',
      effects: 'text',
      moved_minor: 'text',
      replayed: 'text',
      verified: 'text',
      facts: 'text',
      dispatched_at: 'time',
      started_at: 'time',
      finished_at: 'time',
    },
  },
};
export const NEWEST_FORMAT = 1;

/** @returns null where this build does not know the format. */
export function fieldsOf(format: number, source: Source): readonly string[] | null {
  const fields = FORMATS[format]?.[source];
  return fields === undefined ? null : Object.keys(fields);
}

/** Each field as a column of its own: as one list, the database would quote all of it and we would undo that. */
function valuesOf(format: number, source: Source): RawBuilder<unknown> {
  const fields = Object.entries(FORMATS[format]?.[source] ?? {});
  return sql.join(
    fields.map(([name, spelling]) =>
      spelling === 'time'
        ? sql`to_char(${sql.ref(name)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${sql.ref(name)}`
        : sql`${sql.ref(name)}::text AS ${sql.ref(name)}`,
    ),
  );
}

type SpelledRow = { readonly id: string } & Readonly<Record<string, string | null>>;

function canonical(format: number, source: Source, rows: readonly SpelledRow[]): CanonicalRow[] {
  const names = fieldsOf(format, source) ?? [];
  return rows.map((row) => ({ id: row.id, values: names.map((name) => row[name] ?? null) }));
}

export interface RowRange {
  readonly source: Source;
  readonly format: number;
  readonly afterId: string;
  readonly upToId: string;
  readonly limit: number;
}

/**
 * By id, lowest first. The inner query has no upper bound: of one, a database that has no statistics yet would read all
 * rows up to it, again for each block, to sort them.
 */
export async function readCanonicalRows(db: Executor, range: RowRange): Promise<CanonicalRow[]> {
  const { source, format, afterId, upToId, limit } = range;
  const table = sql.table(`piculus.${source}`);
  const found = await sql<SpelledRow>`
    SELECT ${valuesOf(format, source)}
    FROM (SELECT * FROM ${table} WHERE id > ${afterId}::bigint ORDER BY id LIMIT ${limit}) AS r
    WHERE r.id <= ${upToId}::bigint ORDER BY r.id`.execute(db);
  return canonical(format, source, found.rows);
}

/** Rows that no block can cover, because ids begin at 1. */
export async function readImpossibleIds(db: Executor, source: Source): Promise<string[]> {
  const found = await sql<{ id: string }>`
    SELECT id FROM ${sql.table(`piculus.${source}`)} WHERE id < 1 ORDER BY id LIMIT 20`.execute(db);
  return found.rows.map(({ id }) => id);
}

/** These rows, by id. */
export async function readCanonicalRowsByIds(
  db: Executor,
  { source, format, ids }: { source: Source; format: number; ids: readonly string[] },
): Promise<CanonicalRow[]> {
  if (ids.length === 0) return [];
  const table = sql.table(`piculus.${source}`);
  const found = await sql<SpelledRow>`
    SELECT ${valuesOf(format, source)} FROM ${table} AS r
    WHERE r.id = ANY(${[...ids]}::bigint[]) ORDER BY r.id`.execute(db);
  return canonical(format, source, found.rows);
}
