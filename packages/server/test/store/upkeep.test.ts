/** What the database does beside the work stays small, whatever is added to the tables. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenTestDatabase, openTestDatabase, TEST_ENGINES } from '../../../../test/support/database.ts';

const BUSY = ['problems', 'executions', 'leases', 'audit_block_rows'];

describe.each(TEST_ENGINES)('upkeep on %s', (engine) => {
  let database: OpenTestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
  });
  afterAll(() => database.drop());

  it('takes small samples of the busy tables: one column without a line of its own makes the sample large', async () => {
    const { rows } = await sql<{ name: string }>`
      SELECT c.relname || '.' || a.attname AS name
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'piculus' AND c.relname = ANY(${BUSY}::text[]) AND a.attnum > 0 AND NOT a.attisdropped
        AND coalesce(a.attstattarget, -1) NOT BETWEEN 0 AND 20`.execute(database.db);
    expect(rows).toEqual([]);
  });
});
