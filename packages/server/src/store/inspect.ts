/** What an installation's check wants to know of a database, read without changing anything. */
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { readMigrations } from './migrate.ts';

export interface DatabaseReport {
  /** For instance `15.14`. */
  readonly serverVersion: string;
  /** For instance 150014. */
  readonly serverVersionNumber: number;
  /** Migrations of this build that the database does not have yet, in order. */
  readonly missing: readonly string[];
  /** Migrations of the database that this build does not know: it was made by a newer one. */
  readonly unknown: readonly string[];
  /** The database's clock against ours: positive where it is ahead. */
  readonly clockAheadMs: number;
}

/** @throws PiculusError `database-away`. */
export async function inspectDatabase(db: Database, now: () => Date): Promise<DatabaseReport> {
  const before = now().getTime();
  const asked = await sql<{ version: string; number: string; now: Date; installed: boolean }>`
    SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
           clock_timestamp() AS now, to_regclass('piculus.migrations') IS NOT NULL AS installed`.execute(db);
  const after = now().getTime();
  const row = asked.rows[0];
  if (row === undefined) throw new RangeError('the database answered without a row');
  const rows = row.installed
    ? await sql<{ name: string }>`SELECT name FROM piculus.migrations`.execute(db)
    : { rows: [] };
  const present = new Set(rows.rows.map(({ name }) => name));
  const known = (await readMigrations()).map(({ name }) => name);
  return {
    serverVersion: row.version,
    serverVersionNumber: Number(row.number),
    missing: known.filter((name) => !present.has(name)),
    unknown: [...present].filter((name) => !known.includes(name)).sort(),
    clockAheadMs: Math.round(row.now.getTime() - (before + after) / 2),
  };
}
