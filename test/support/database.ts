/**
 * Databases for tests: each test file makes one of its own and drops it, on a real PostgreSQL
 * (`TEST_DATABASE_URL`) or on an embedded one behind its socket.
 */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import pg from 'pg';
import { startEmbeddedDatabase } from '../../packages/embedded-database/src/index.ts';
import { type Database, openDatabase } from '../../packages/server/src/store/database.ts';
import { openPool } from '../../packages/server/src/store/pool.ts';
import { prepareAsConfigured } from './approval-policy.ts';
import { copyTemplate, embeddedTemplate, templateOfRun } from './template.ts';

/** Names the run that a test belongs to, so that its workers share a template. */
export const RUN_VARIABLE = 'PICULUS_TEST_RUN';

const DEFAULT_URL = 'postgres://piculus:piculus@127.0.0.1:5432/piculus';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A new, empty database on the PostgreSQL of the tests. */
export function createTestDatabase(): Promise<TestDatabase> {
  return create(async (client, name) => {
    await client.query(`CREATE DATABASE ${name}`);
  });
}

/** A new database that is migrated, where the solutions' execution modes alone decide. */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  const run = process.env[RUN_VARIABLE];
  if (run !== undefined) return create((client, name) => copyTemplate(client, { home: home(), run, name }));
  const database = await createTestDatabase();
  await prepareAsConfigured(database.url);
  return database;
}

/** Where a run had one. */
export async function dropTemplateOfRun(run: string): Promise<void> {
  const client = new pg.Client({ connectionString: home() });
  try {
    await client.connect();
  } catch {
    // Tests that need no database run without one.
    return;
  }
  await client
    .query(`DROP DATABASE IF EXISTS ${templateOfRun(run)} WITH (FORCE)`)
    .finally(() => client.end());
}

function home(): string {
  return process.env.TEST_DATABASE_URL ?? DEFAULT_URL;
}

async function create(make: (client: pg.Client, name: string) => Promise<void>): Promise<TestDatabase> {
  const name = `piculus_test_${randomBytes(8).toString('hex')}`;
  await asAdministrator((client) => make(client, name));
  const url = new URL(home());
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () =>
      asAdministrator(async (client) => {
        await client.query(untilNobodyIsIn(name));
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

/**
 * A pool that was ended has said goodbye, and its sessions may not have heard it yet: thrown out by force they would
 * fail a test that is over. Whoever is still in after half a second is thrown out.
 */
const untilNobodyIsIn = (name: string): string => `DO $$ BEGIN
  FOR round IN 1..25 LOOP
    EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '${name}');
    PERFORM pg_sleep(0.02);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END $$`;

async function asAdministrator(act: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: home() });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}

/** A new, empty embedded database in memory, reached over a socket as in production. */
export function createEmbeddedTestDatabase(): Promise<TestDatabase> {
  return startEmbedded();
}

async function startEmbedded(template?: string): Promise<TestDatabase> {
  // A test ends before the better code of the second compiler has paid for its making, which takes a second or two.
  setFlagsFromString('--liftoff-only');
  const database = await startEmbeddedDatabase({
    temporary: true,
    ...(template === undefined ? {} : { template }),
  });
  return { url: database.url, drop: () => database.stop() };
}

export type TestEngine = 'postgres' | 'embedded';
export const TEST_ENGINES: readonly TestEngine[] = ['postgres', 'embedded'];

export interface OpenTestDatabase extends TestDatabase {
  readonly db: Database;
  readonly pool: pg.Pool;
}

/** A migrated database of its own with an open pool, where nothing needs a second person; `drop` closes both. */
export async function openTestDatabase(
  engine: TestEngine = 'postgres',
  connectionsMax = engine === 'embedded' ? 4 : 12,
): Promise<OpenTestDatabase> {
  const created =
    engine === 'embedded' ? await startEmbedded(await embeddedTemplate()) : await createMigratedDatabase();
  const pool = openPool({ url: created.url, connectionsMax });
  const db = openDatabase(pool);
  return {
    url: created.url,
    db,
    pool,
    drop: async () => {
      await db.destroy();
      await created.drop();
    },
  };
}
