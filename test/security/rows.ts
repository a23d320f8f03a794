/** Every row of one system, in whatever table: what a stranger must not be able to change. */
import { sql } from 'kysely';
import type { Database } from '../../packages/server/src/store/database.ts';

/** @returns by table, all rows as one text. */
export async function rowsOf(db: Database, sysCode: string): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }>`
    SELECT DISTINCT c.table_name AS name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'piculus' AND c.column_name = 'sys_code' AND t.table_type = 'BASE TABLE'
    ORDER BY 1`.execute(db);
  const found: Record<string, string> = {};
  for (const { name } of tables.rows) {
    const rows = await sql<{ text: string | null }>`
      SELECT string_agg(t::text, E'\n' ORDER BY t::text) AS text FROM piculus.${sql.ref(name)} t
      WHERE t.sys_code = ${sysCode}`.execute(db);
    found[name] = rows.rows[0]?.text ?? '';
  }
  return found;
}
