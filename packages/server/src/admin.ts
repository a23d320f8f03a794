/** What can be done on the server's machine, straight on the database. */
import { type Clock, systemClock } from './base/clock.ts';
import { resolve } from 'node:path';
import type { ChainReport } from '@piculus/protocol/http';
import { PiculusError } from '@piculus/protocol';
import { fromLine, readCheckpointLines } from './audit/checkpoint-lines.ts';
import { readCheckpointPublicKey } from './audit/key.ts';
import { verifyChain } from './audit/verify.ts';
import type { ServerConfig } from './config.ts';
import { inspectDatabase } from './store/inspect.ts';
import { FIRST_USERNAME, resetPassword } from './identity/index.ts';
import { openOwnDatabase } from './own-database.ts';
import { type Database, openDatabase } from './store/database.ts';
import { prepareSchema } from './schema.ts';
import type { MigrationReport } from './store/migrate.ts';
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
    await prepareSchema(db, config);
    return resetPassword(db, clock);
  });
  return { username: FIRST_USERNAME, password };
}

/** Brings the database up to this build. @throws PiculusError `wrong-state` where another build made it. */
export function migrateDatabase(config: ServerConfig): Promise<MigrationReport> {
  return withDatabase(config, (db) => prepareSchema(db, config));
}

export interface AuditCheck {
  /** Lines of a file of checkpoints; null where there is none. */
  readonly checkpoints: string | null;
  /** Keys that may have signed, 32 raw bytes each, beside the data directory's and those of the given checkpoints. */
  readonly keys: readonly Buffer[];
}

/**
 * Verifies the chain straight on the database, without writing anything.
 * @throws PiculusError `invalid-request` naming a line that is no checkpoint, `wrong-state` before the migrations.
 */
export async function verifyAudit(
  config: ServerConfig,
  check: AuditCheck,
  clock: Clock = systemClock,
): Promise<ChainReport> {
  const given = readCheckpointLines(check.checkpoints ?? '').map(fromLine);
  const own = await readCheckpointPublicKey(resolve(config.dataDir), config.auditKeyFile);
  const keys = [...check.keys, ...(own === null ? [] : [own]), ...given.map(({ publicKey }) => publicKey)];
  return withDatabase(config, async (db) => {
    const { missing } = await inspectDatabase(db, () => clock.now());
    if (missing.length > 0) throw new PiculusError('wrong-state', `not applied yet: ${missing.join(', ')}`);
    return verifyChain(db, { at: clock.now(), given, trustedKeys: keys.length === 0 ? null : keys });
  });
}

/** Runs work on the configured database and closes it again. */
export async function withDatabase<T>(config: ServerConfig, work: (db: Database) => Promise<T>): Promise<T> {
  const own = config.databaseUrl === null ? await openOwnDatabase(config) : null;
  try {
    const url = config.databaseUrl ?? own?.url ?? '';
    const db = openDatabase(openPool({ url, connectionsMax: 2, patient: true }));
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  } finally {
    await own?.stop();
  }
}
