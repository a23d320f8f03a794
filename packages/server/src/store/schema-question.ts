/** Whether the database has the schema of this build, asked often and cheaply. */
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { readMigrations } from './migrate.ts';

/** @returns a question for the migrations that the database lacks; it throws PiculusError `database-away`. */
export function createSchemaQuestion(db: Database): () => Promise<string[]> {
  let known: Promise<readonly { readonly name: string }[]> | null = null;
  return async () => {
    known ??= readMigrations();
    const names = (await known).map(({ name }) => name);
    const found = await sql<{ name: string }>`
      SELECT given.name FROM unnest(${names}::text[]) AS given(name)
      WHERE NOT EXISTS (SELECT FROM piculus.migrations m WHERE m.name = given.name)
      ORDER BY given.name`.execute(db);
    return found.rows.map(({ name }) => name);
  };
}
