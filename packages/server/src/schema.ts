/** Brings the schema up to this build, under the role that owns it where there is one beside the server's own. */
import type { ServerConfig } from './config.ts';
import { type Database, openDatabase } from './store/database.ts';
import { type MigrationReport, migrate } from './store/migrate.ts';
import { openPool } from './store/pool.ts';
import { grantRights, readRole } from './store/rights.ts';

/**
 * @param db the server's own connection.
 * @throws PiculusError `wrong-state` where another build made the database; `database-away`.
 */
export async function prepareSchema(
  db: Database,
  { migrationDatabaseUrl: url }: Pick<ServerConfig, 'migrationDatabaseUrl'>,
): Promise<MigrationReport> {
  if (url === null) return migrate(db);
  const owner = openDatabase(openPool({ url, connectionsMax: 1 }));
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
