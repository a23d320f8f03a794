import { describe, expect, test, beforeAll, afterAll } from 'vitest';
import pg from 'pg';
import { postgresJournal, type Queryable } from '@piculus/client/postgres';
import { journalConformance, memoryJournal, memoryTransaction } from '@piculus/client/testing';
import { createEmbeddedTestDatabase, createTestDatabase } from '../../../../test/support/database.ts';
import { inTransaction } from '../support/transaction.ts';

describe('the journal in memory', () => {
  for (const { name, run } of journalConformance(async () => ({
    journal: memoryJournal(),
    transaction: memoryTransaction,
  }))) {
    test(name, run);
  }
});

const ENGINES = { PostgreSQL: createTestDatabase, 'the embedded database': createEmbeddedTestDatabase };

for (const [engine, create] of Object.entries(ENGINES)) {
  describe(`the journal on ${engine}`, () => {
    let database: Awaited<ReturnType<typeof create>>;
    let pool: pg.Pool;
    beforeAll(async () => {
      database = await create();
      pool = new pg.Pool({ connectionString: database.url, max: 4 });
      const journal = postgresJournal({ pool });
      await Promise.all([journal.migrate(), journal.migrate(), postgresJournal({ pool }).migrate()]);
    });
    afterAll(async () => {
      await pool.end();
      await database.drop();
    });

    const checks = journalConformance<Queryable>(async () => ({
      journal: postgresJournal({ pool }),
      transaction: (work) => inTransaction(pool, work),
      reopen: () => postgresJournal({ pool }),
    }));
    for (const { name, run } of checks) test(name, run);

    test('lives in a schema of another name where asked', async () => {
      const journal = postgresJournal({ pool, schema: 'repair_notes' });
      await journal.migrate();
      await journal.open('key', 'hash');
      const { rows } = await pool.query('SELECT command_key FROM repair_notes.commands');
      expect(rows).toEqual([{ command_key: 'key' }]);
    });

    test('refuses an effect for a command that was never opened', async () => {
      const journal = postgresJournal({ pool });
      const effect = { key: 'credit:R9', kind: 'credit', amountMinor: '1', currency: 'CNY' } as const;
      await expect(inTransaction(pool, (tx) => journal.record(tx, 'never opened', effect))).rejects.toThrow();
    });
  });
}

test('the schema must be a plain name', () => {
  const pool: Queryable = { query: async () => ({ rows: [], rowCount: 0 }) };
  expect(() => postgresJournal({ pool, schema: 'x; DROP TABLE y' })).toThrow(/^schema:/);
});
