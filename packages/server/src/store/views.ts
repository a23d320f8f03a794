/** The table of saved views: a list's filters under a name. */
import { sql } from 'kysely';
import type { Executor, Tx } from './database.ts';

export interface ViewRow {
  readonly id: string;
  readonly page: string;
  readonly name: string;
  readonly query: string;
  readonly createdBy: string;
  readonly shared: boolean;
}

const COLUMNS = sql`id, page, name, query, created_by AS "createdBy", shared`;

/** One person's own and the shared ones of others, by name. */
export async function readViews(
  db: Executor,
  asked: { actor: string; page: string | undefined; limit: number },
): Promise<ViewRow[]> {
  const page = asked.page === undefined ? sql`` : sql`AND page = ${asked.page}`;
  const found = await sql<ViewRow>`
    SELECT ${COLUMNS} FROM piculus.saved_views WHERE (created_by = ${asked.actor} OR shared) ${page}
    ORDER BY name, id LIMIT ${asked.limit}`.execute(db);
  return found.rows;
}

/** Takes the place of the same person's view of the same page and name. */
export async function saveView(tx: Tx, view: Omit<ViewRow, 'id'> & { at: Date }): Promise<ViewRow | null> {
  const saved = await sql<ViewRow>`
    INSERT INTO piculus.saved_views (created_by, page, name, query, shared, updated_at)
    VALUES (${view.createdBy}, ${view.page}, ${view.name}, ${view.query}, ${view.shared}, ${view.at}::timestamptz)
    ON CONFLICT (created_by, page, name) DO UPDATE SET
      query = excluded.query, shared = excluded.shared, updated_at = excluded.updated_at
    RETURNING ${COLUMNS}`.execute(tx);
  return saved.rows[0] ?? null;
}

/** How many views a person has, up to one more than `max`. */
export async function countViews(tx: Tx, actor: string, max: number): Promise<number> {
  const found = await sql`
    SELECT FROM piculus.saved_views WHERE created_by = ${actor} LIMIT ${max + 1}`.execute(tx);
  return found.rows.length;
}

/** @returns whether there was one and it was this person's own. */
export async function deleteView(db: Executor, id: string, actor: string): Promise<boolean> {
  const done = await sql`
    DELETE FROM piculus.saved_views WHERE id = ${id}::bigint AND created_by = ${actor}`.execute(db);
  return Number(done.numAffectedRows ?? 0) > 0;
}
