/** What can be done on the server's machine, straight on the database. */
import { type Clock, systemClock } from './base/clock.ts';
import type { ServerConfig } from './config.ts';
import { FIRST_USERNAME, resetPassword } from './identity/index.ts';
import { openOwnDatabase } from './own-database.ts';
import { type Database, openDatabase } from './store/database.ts';
import { type MigrationReport, migrate } from './store/migrate.ts';
import { openPool } from './store/pool.ts';

/**
 * Gives the administrator a new one-time password, enables the account and ends its sessions.
 * @throws StartError where a running server has the embedded database open; PiculusError `not-found`
 * before the first start, `database-away`.
 */
export async function resetAdminPassword(
  config: ServerConfig,
  clock: Clock = systemClock,
): Promise<{ username: string; password: string }> {
  const password = await withDatabase(config, async (db) => {
    await migrate(db);
    return resetPassword(db, clock);
  });
  return { username: FIRST_USERNAME, password };
}

/** Brings the database up to this build. @throws PiculusError `wrong-state` where another build made it. */
export function migrateDatabase(config: ServerConfig): Promise<MigrationReport> {
  return withDatabase(config, migrate);
}

/** Runs work on the configured database and closes it again. */
export async function withDatabase<T>(config: ServerConfig, work: (db: Database) => Promise<T>): Promise<T> {
  const own = config.databaseUrl === null ? await openOwnDatabase(config) : null;
  try {
    const db = openDatabase(openPool({ url: config.databaseUrl ?? own?.url ?? '', connectionsMax: 2 }));
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  } finally {
    await own?.stop();
  }
}
