import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenTestDatabase, openTestDatabase } from '../../../../test/support/database.ts';
import { guardPool, isDatabaseAway, sqlState } from '../../src/store/availability.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { lockSystem } from '../../src/store/locks.ts';
import { openPool } from '../../src/store/pool.ts';

let database: OpenTestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
  await sql`INSERT INTO piculus.systems (sys_code, name, created_at) VALUES ('A', 'A', now())`.execute(
    database.db,
  );
});
afterAll(() => database.drop());

async function setting(db: Database, name: string): Promise<string | undefined> {
  const found = await sql<{ value: string }>`SELECT current_setting(${name}) AS value`.execute(db);
  return found.rows[0]?.value;
}

it('takes the locks of a node that stands still in a transaction away from it', async () => {
  const frozen = openDatabase(openPool({ url: database.url, connectionsMax: 1 }));
  const failure = await frozen
    .transaction()
    .execute(async (tx) => {
      await lockSystem(tx, 'A');
      // Stands still until another node has got the lock, which happens only where the database ends this one.
      await database.db.transaction().execute((other) => lockSystem(other, 'A'));
      await sql`UPDATE piculus.systems SET name = 'late' WHERE sys_code = 'A'`.execute(tx);
    })
    .catch((error: unknown) => error);
  expect(isDatabaseAway(failure)).toBe(true);
  const { rows } = await sql<{ name: string }>`SELECT name FROM piculus.systems`.execute(database.db);
  expect(rows).toEqual([{ name: 'A' }]);
  // Its pool makes another connection.
  expect(await frozen.transaction().execute((tx) => lockSystem(tx, 'A'))).toEqual({ enabled: true });
  await frozen.destroy();
});

it('limits statements and waits for locks, except where a pool is to be patient', async () => {
  const patient = openDatabase(openPool({ url: database.url, connectionsMax: 1, patient: true }));
  const found = async (db: Database) => [
    await setting(db, 'statement_timeout'),
    await setting(db, 'lock_timeout'),
    await setting(db, 'idle_in_transaction_session_timeout'),
    await setting(db, 'tcp_user_timeout'),
    await setting(db, 'jit'),
  ];
  expect(await found(database.db)).toEqual(['30s', '10s', '4s', '10000', 'off']);
  expect(await found(patient)).toEqual(['0', '0', '1min', '10000', 'off']);
  await patient.destroy();
});

it.each(['statement_timeout', 'lock_timeout'])('says database-away where %s strikes', async (name) => {
  const failure = await database.db.transaction().execute(async (holder) => {
    await lockSystem(holder, 'A');
    return database.db
      .transaction()
      .execute(async (tx) => {
        await sql`SELECT set_config(${name}, '20ms', true)`.execute(tx);
        await lockSystem(tx, 'A');
      })
      .catch((error: unknown) => error);
  });
  expect(isDatabaseAway(failure)).toBe(true);
  // What went wrong can still be told apart by those who must.
  expect(sqlState(failure)).toBe(name === 'lock_timeout' ? '55P03' : '57014');
});

it('asks nothing more of a connection that has answered nothing', async () => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1, query_timeout: 50 });
  const connection = await guardPool(pool).connect();
  const said: string[] = [];
  for (const text of ['SELECT pg_sleep(60)', 'ROLLBACK']) {
    const failure = await connection.query(text, []).catch((error: unknown) => error);
    said.push(isDatabaseAway(failure) ? String(failure.cause) : 'something else');
  }
  expect(said).toEqual(['Error: Query read timeout', 'Error: the connection has answered nothing']);
  connection.release();
  await pool.end();
});
