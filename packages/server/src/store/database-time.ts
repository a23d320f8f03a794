import { sql } from 'kysely';
import type { Executor } from './database.ts';

/** What the database's clock says now. @returns milliseconds since the epoch. */
export async function readDatabaseTime(db: Executor): Promise<number> {
  const found = await sql<{ ms: number }>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::double precision AS ms`.execute(db);
  const [row] = found.rows;
  if (row === undefined) throw new Error('the database told no time');
  return row.ms;
}
