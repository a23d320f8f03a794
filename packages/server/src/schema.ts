/** Brings the schema up to this build, under the role that owns it where there is one beside the server's own. */
import type { ServerConfig } from './config.ts';
import { type Database, openDatabase } from './store/database.ts';
import { type MigrationReport, migrate } from './store/migrate.ts';
import { openPool } from './store/pool.ts';
import { grantRights, readRole } from './store/rights.ts';

export type SchemaConfig = Pick<ServerConfig, 'migrationDatabaseUrl'> &
  Partial<Pick<ServerConfig, 'databaseUrl'>>;

/**
 * @param db the server's own connection; the migrations run on one that may take its time.
 * @throws PiculusError `wrong-state` where another build made the database; `database-away`.
 */
export async function prepareSchema(
  db: Database,
  { databaseUrl, migrationDatabaseUrl }: SchemaConfig,
): Promise<MigrationReport> {
  const url = migrationDatabaseUrl ?? databaseUrl ?? null;
  // The embedded database.
  if (url === null) return migrate(db);
  const owner = openDatabase(openPool({ url, connectionsMax: 1, patient: true }));
  try {
    const report = await migrate(owner);
    const role = await readRole(db);
    // A role that took its own rights away would have to be helped by another one.
    if (role !== (await readRole(owner))) await grantRights(owner, role);
    return report;
  } finally {
    await owner.destroy();
  }
}
