/**
 * Brings the schema "piculus" up to the migrations of this build. Each file runs in a transaction of its own,
 * together with its row in piculus.migrations, so a crash leaves whole steps only.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import type { Database, Tx } from './database.ts';
import { transaction } from './pool.ts';

/** The same from src/store and from dist/store. */
const FOLDER = new URL('../../migrations/', import.meta.url);
/** Any number that no other program uses: two installers at once take turns. */
const INSTALLER_LOCK = 7_402_518_846;

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

export interface MigrationReport {
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
  /** Name of the last migration that the database has now. */
  readonly version: string;
}

/**
 * Safe to call from several processes at once, and again.
 * @throws PiculusError `wrong-state` where the database was made by a newer or another build; `database-away`.
 */
export async function migrate(db: Database): Promise<MigrationReport> {
  const migrations = await readMigrations();
  const version = migrations.at(-1)?.name ?? '';
  const present = await readApplied(db);
  // A server whose role may not change tables only looks.
  if (present !== null && migrations.every(({ name }) => refuseForeign(present, migrations).has(name))) {
    return { applied: [], version };
  }
  const applied: string[] = [];
  for (const migration of migrations) {
    if (await transaction(db, (tx) => applyOne(tx, migration, migrations))) applied.push(migration.name);
  }
  return { applied, version };
}

/** @returns null where nothing is installed yet. */
async function readApplied(db: Database): Promise<{ name: string; checksum: string }[] | null> {
  const asked = await sql<{ installed: boolean }>`
    SELECT to_regclass('piculus.migrations') IS NOT NULL AS installed`.execute(db);
  if (asked.rows[0]?.installed !== true) return null;
  const found = await sql<{ name: string; checksum: string }>`
    SELECT name, checksum FROM piculus.migrations ORDER BY name`.execute(db);
  return found.rows;
}

/** @returns whether this call applied it; false where it was there already. */
async function applyOne(tx: Tx, migration: Migration, known: readonly Migration[]): Promise<boolean> {
  await sql`SELECT pg_advisory_xact_lock(${INSTALLER_LOCK})`.execute(tx);
  await sql`CREATE SCHEMA IF NOT EXISTS piculus`.execute(tx);
  await sql`CREATE TABLE IF NOT EXISTS piculus.migrations (
    name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
  )`.execute(tx);
  const rows = await sql<{ name: string; checksum: string }>`
    SELECT name, checksum FROM piculus.migrations ORDER BY name`.execute(tx);
  if (refuseForeign(rows.rows, known).has(migration.name)) return false;
  await sql.raw(migration.text).execute(tx);
  await sql`INSERT INTO piculus.migrations (name, checksum)
    VALUES (${migration.name}, ${migration.checksum})`.execute(tx);
  return true;
}

/** @returns the names in the database, all of which this build knows. */
function refuseForeign(
  present: readonly { name: string; checksum: string }[],
  known: readonly Migration[],
): ReadonlySet<string> {
  const checksums = new Map(known.map(({ name, checksum }) => [name, checksum]));
  for (const { name, checksum } of present) {
    const expected = checksums.get(name);
    if (expected === undefined) {
      throw new PiculusError('wrong-state', `the database is ahead of this server: it has migration ${name}`);
    }
    if (expected !== checksum) {
      throw new PiculusError(
        'wrong-state',
        `the database was made by another build: migration ${name} differs`,
      );
    }
  }
  return new Set(present.map(({ name }) => name));
}

export async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, FOLDER), 'utf8');
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    }),
  );
}
