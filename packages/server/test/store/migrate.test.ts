import { PiculusError } from '@piculus/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createEmbeddedTestDatabase,
  createTestDatabase,
  TEST_ENGINES,
  type TestDatabase,
} from '../../../../test/support/database.ts';
import { isDatabaseAway } from '../../src/store/availability.ts';
import { openDatabase } from '../../src/store/database.ts';
import { migrate, readMigrations } from '../../src/store/migrate.ts';
import { openPool } from '../../src/store/pool.ts';

describe.each(TEST_ENGINES)('migrate on %s', (engine) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = engine === 'embedded' ? await createEmbeddedTestDatabase() : await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('installs once though several processes start at once, and refuses a database that is ahead', async () => {
    const opened = [1, 2, 3, 4].map(() => openDatabase(openPool({ url: database.url, connectionsMax: 1 })));
    const reports = await Promise.all(opened.map((db) => migrate(db)));
    const applied = reports.flatMap((report) => report.applied);
    expect(applied).toContain('0001_init.sql');
    expect(new Set(applied).size).toBe(applied.length);

    const [db] = opened;
    if (!db) throw new Error('no database');
    expect((await migrate(db)).applied).toEqual([]);
    await sql`INSERT INTO piculus.migrations (name, checksum) VALUES ('9999_future.sql', 'x')`.execute(db);
    const refusal = await migrate(db).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PiculusError);
    expect(refusal).toMatchObject({ code: 'wrong-state' });
    // One that says that this build can work with it does not keep it from starting: so an upgrade can be rolled out.
    const say = (from: string) =>
      sql`UPDATE piculus.migrations SET readable_from = ${from} WHERE name = '9999_future.sql'`.execute(db);
    await say('0021');
    expect((await migrate(db)).applied).toEqual([]);
    await say('9999');
    expect(await migrate(db).catch((error: unknown) => error)).toMatchObject({ code: 'wrong-state' });
    await Promise.all(opened.map((each) => each.destroy()));
  });
});

it('has the number of the oldest build that can work with it in each migration since there are several nodes', async () => {
  const since = (await readMigrations()).filter(({ name }) => name >= '0020');
  expect(since.length).toBeGreaterThan(0);
  for (const { name, readableFrom } of since) expect(readableFrom, name).toMatch(/^\d{4}$/);
});

it('says database-away where nothing listens', async () => {
  const db = openDatabase(
    openPool({ url: 'postgres://nobody@127.0.0.1:1/nothing', connectTimeoutMs: 2_000 }),
  );
  const failure = await migrate(db).catch((error: unknown) => error);
  expect(isDatabaseAway(failure)).toBe(true);
  await db.destroy();
});

it('leaves the error of a wrong statement what it is', async () => {
  const database = await createTestDatabase();
  const db = openDatabase(openPool({ url: database.url }));
  const failure = await sql`SELECT nothing_of_that_name`.execute(db).catch((error: unknown) => error);
  expect(isDatabaseAway(failure)).toBe(false);
  expect(failure).toMatchObject({ code: '42703' });
  await db.destroy();
  await database.drop();
});

it('says database-away where the connection is cut in the middle, and works again afterwards', async () => {
  const database = await createTestDatabase();
  const pool = openPool({ url: database.url });
  const db = openDatabase(pool);
  const failure = await db
    .transaction()
    .execute(async (tx) => {
      const own = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx);
      await sql`SELECT pg_terminate_backend(${own.rows[0]?.pid})`.execute(db);
      await sql`SELECT 1`.execute(tx);
    })
    .catch((error: unknown) => error);
  expect(isDatabaseAway(failure)).toBe(true);
  expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(db)).rows[0]?.one).toBe(1);
  await db.destroy();
  await database.drop();
});
