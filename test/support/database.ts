/**
 * Databases for tests: each test file makes one of its own and drops it, on a real PostgreSQL
 * (`TEST_DATABASE_URL`) or on an embedded one behind its socket.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startEmbeddedDatabase } from '../../packages/embedded-database/src/index.ts';
import { type Database, openDatabase } from '../../packages/server/src/store/database.ts';
import { migrate } from '../../packages/server/src/store/migrate.ts';
import { openPool } from '../../packages/server/src/store/pool.ts';
import { choosePolicy } from './approval-policy.ts';

const DEFAULT_URL = 'postgres://piculus:piculus@127.0.0.1:5432/piculus';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A new, empty database on the PostgreSQL of the tests. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const home = process.env.TEST_DATABASE_URL ?? DEFAULT_URL;
  const name = `piculus_test_${randomBytes(8).toString('hex')}`;
  await asAdministrator(home, `CREATE DATABASE ${name}`);
  const url = new URL(home);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdministrator(home, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function asAdministrator(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A new, empty embedded database in memory, reached over a socket as in production. */
export async function createEmbeddedTestDatabase(): Promise<TestDatabase> {
  const database = await startEmbeddedDatabase({ temporary: true });
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
  const created = engine === 'embedded' ? await createEmbeddedTestDatabase() : await createTestDatabase();
  const pool = openPool({ url: created.url, connectionsMax });
  const db = openDatabase(pool);
  await migrate(db);
  await choosePolicy(db, { mode: 'as-configured' });
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
