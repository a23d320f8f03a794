import { afterEach, describe, expect, it } from 'vitest';
import { createEmbeddedTestDatabase, createTestDatabase } from '../../../../test/support/database.ts';
import { migrateBank } from '../../src/bank/migrate.ts';
import { migratePbap } from '../../src/pbap/migrate.ts';
import { createPool } from '../../src/shared/database.ts';
import { ForeignSchemaError } from '../../src/shared/migrate.ts';

const cleanUps: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openDatabase(create: () => Promise<{ url: string; drop(): Promise<void> }>) {
  const database = await create();
  const pool = createPool({ url: database.url, name: 'test' });
  cleanUps.push(() => database.drop());
  cleanUps.push(() => pool.end());
  return pool;
}

describe.each([
  ['PostgreSQL', createTestDatabase],
  ['embedded', createEmbeddedTestDatabase],
])('the schemas on %s', (_name, create) => {
  it('are created once and then found', async () => {
    const pool = await openDatabase(create);
    const first = await Promise.all([migratePbap(pool), migratePbap(pool)]);
    expect(first.toSorted()).toEqual(['created', 'present']);
    expect(await migrateBank(pool)).toBe('created');
    expect(await migrateBank(pool)).toBe('present');
  });

  it('are refused where another version or something foreign is, which stays as it was', async () => {
    const pool = await openDatabase(create);
    await pool.query('create schema pbap');
    await pool.query('create table pbap.their_own (a int)');
    await expect(migratePbap(pool)).rejects.toThrow(ForeignSchemaError);
    await migrateBank(pool);
    await pool.query('update bank.schema_version set version = 99');
    await expect(migrateBank(pool)).rejects.toThrow(/version 99/);
    const left = await pool.query(
      "select table_name from information_schema.tables where table_schema = 'pbap'",
    );
    expect(left.rows).toEqual([{ table_name: 'their_own' }]);
  });
});
