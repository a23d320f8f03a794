/**
 * Brings the schema "piculus" up to the migrations of this build. Each file runs in a transaction of its own,
 * together with its row in piculus.migrations, so a crash leaves whole steps only.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import { sqlState } from './availability.ts';
import type { Database, Executor, Tx } from './database.ts';
import { transaction } from './pool.ts';

/** The same from src/store and from dist/store. */
const FOLDER = new URL('../../migrations/', import.meta.url);
/** Any number that no other program uses: two installers at once take turns. */
const INSTALLER_LOCK = 7_402_518_846;
/** The first line of a migration that only adds: builds from this one on work on with it. */
const READABLE_FROM = /^-- readable-from: (\d{4})\n/;
const NUMBER_LENGTH = 4;

/** A migration waits for a table only so long before it lets the others by and tries again. */
const LOCK_MS = 3_000;
const LOCK_TRIES = 20;
const LOCKED = '55P03';

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
  /** Number of the oldest migration whose build can work on a database that has this one; null: its own alone. */
  readonly readableFrom: string | null;
}

interface Applied {
  readonly name: string;
  readonly checksum: string;
  readonly readableFrom: string | null;
}

export interface MigrationReport {
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
  /** Name of the last migration that the database has now. */
  readonly version: string;
}

/**
 * Safe to call from several processes at once, and again. A database that is ahead is left as it is where its
 * migrations say that this build can read it: nodes of two versions work side by side during an upgrade.
 * @throws PiculusError `wrong-state` where it cannot, or where another build made it; `database-away`.
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
    if (await applyPatiently(db, migration, migrations)) applied.push(migration.name);
  }
  return { applied, version };
}

/** Whoever queues up behind a migration that waits for a table would wait as well, so it waits in short turns. */
async function applyPatiently(
  db: Database,
  migration: Migration,
  known: readonly Migration[],
): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await transaction(db, (tx) => applyOne(tx, migration, known));
    } catch (error) {
      if (sqlState(error) !== LOCKED || tries >= LOCK_TRIES) throw error;
    }
  }
}

/** @returns null where nothing is installed yet. */
async function readApplied(db: Database): Promise<Applied[] | null> {
  const asked = await sql<{ installed: boolean }>`
    SELECT to_regclass('piculus.migrations') IS NOT NULL AS installed`.execute(db);
  if (asked.rows[0]?.installed !== true) return null;
  return readRows(db);
}

/** Whether or not the column is there already. */
async function readRows(db: Executor): Promise<Applied[]> {
  const found = await sql<Applied>`
    SELECT name, checksum, to_jsonb(m) ->> 'readable_from' AS "readableFrom"
    FROM piculus.migrations m ORDER BY name`.execute(db);
  return found.rows;
}

/** @returns whether this call applied it; false where it was there already. */
async function applyOne(tx: Tx, migration: Migration, known: readonly Migration[]): Promise<boolean> {
  await sql`SET LOCAL statement_timeout = 0`.execute(tx);
  await sql`SET LOCAL lock_timeout = 0`.execute(tx);
  await sql`SELECT pg_advisory_xact_lock(${INSTALLER_LOCK})`.execute(tx);
  await sql`SELECT set_config('lock_timeout', ${String(LOCK_MS)}, true)`.execute(tx);
  await sql`CREATE SCHEMA IF NOT EXISTS piculus`.execute(tx);
  await sql`CREATE TABLE IF NOT EXISTS piculus.migrations (
    name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
  )`.execute(tx);
  if (refuseForeign(await readRows(tx), known).has(migration.name)) return false;
  await sql`ALTER TABLE piculus.migrations ADD COLUMN IF NOT EXISTS readable_from text`.execute(tx);
  await sql.raw(migration.text).execute(tx);
  await sql`INSERT INTO piculus.migrations (name, checksum, readable_from)
    VALUES (${migration.name}, ${migration.checksum}, ${migration.readableFrom})`.execute(tx);
  return true;
}

/** @returns the names in the database, all of which this build knows or can read. */
function refuseForeign(present: readonly Applied[], known: readonly Migration[]): ReadonlySet<string> {
  const checksums = new Map(known.map(({ name, checksum }) => [name, checksum]));
  const newest = known.at(-1)?.name.slice(0, NUMBER_LENGTH) ?? '';
  for (const { name, checksum, readableFrom } of present) {
    const expected = checksums.get(name);
    if (expected === undefined) {
      if (readableFrom !== null && readableFrom <= newest) continue;
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
      const checksum = createHash('sha256').update(text).digest('hex');
      return { name, text, checksum, readableFrom: READABLE_FROM.exec(text)?.[1] ?? null };
    }),
  );
}
