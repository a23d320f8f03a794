import { sql } from 'kysely';
import type { Executor } from './database.ts';

/** Asks the database for a sign of life. @throws PiculusError `database-away`. */
export async function pingDatabase(db: Executor): Promise<void> {
  await sql`SELECT 1`.execute(db);
}
