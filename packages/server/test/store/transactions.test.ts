/** Statements of a transaction that are under way together: their order, and what becomes of one that fails. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { sqlState } from '../../src/store/availability.ts';
import { type Database, openDatabase, type Tx } from '../../src/store/database.ts';
import { openPool, transaction } from '../../src/store/pool.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const WAYS = [
  ['sent ahead', false],
  ['sent one by one', true],
] as const;

async function withNumbers(oneByOne: boolean, work: (db: Database, table: string) => Promise<void>) {
  const db = openDatabase(openPool({ url: database.url, connectionsMax: 2, oneByOne }));
  const table = oneByOne ? 'one_by_one' : 'ahead';
  try {
    await sql`CREATE TABLE ${sql.table(table)} (n integer PRIMARY KEY, place serial)`.execute(db);
    await work(db, table);
  } finally {
    await sql`DROP TABLE IF EXISTS ${sql.table(table)}`.execute(db);
    await db.destroy();
  }
}

const insert = (tx: Tx, table: string, n: number) =>
  sql`INSERT INTO ${sql.table(table)} (n) VALUES (${n})`.execute(tx);
async function numbers(db: Database, table: string): Promise<number[]> {
  const { rows } = await sql<{ n: number }>`SELECT n FROM ${sql.table(table)} ORDER BY place`.execute(db);
  return rows.map(({ n }) => n);
}

it.each(WAYS)('are done in the order in which they were sent: %s', async (_name, oneByOne) => {
  await withNumbers(oneByOne, async (db, table) => {
    const sent = Array.from({ length: 50 }, (_, at) => 50 - at);
    const seen = await transaction(db, async (tx) => {
      const answers = await Promise.all([
        ...sent.map((n) => insert(tx, table, n)),
        sql<{ count: number }>`SELECT count(*)::int AS count FROM ${sql.table(table)}`.execute(tx),
      ]);
      return answers.at(-1)?.rows;
    });
    expect(seen).toEqual([{ count: 50 }]);
    expect(await numbers(db, table)).toEqual(sent);
  });
});

it.each(WAYS)('leave nothing behind where one of them fails: %s', async (_name, oneByOne) => {
  await withNumbers(oneByOne, async (db, table) => {
    const failure = await transaction(db, (tx) =>
      Promise.all([insert(tx, table, 1), insert(tx, table, 1), insert(tx, table, 2)]),
    ).catch((error: unknown) => error);
    // The first one that failed is told, and not those that came behind it.
    expect(sqlState(failure)).toBe('23505');
    expect(await numbers(db, table)).toEqual([]);
    await transaction(db, (tx) => insert(tx, table, 3));
    expect(await numbers(db, table)).toEqual([3]);
  });
});

it.each(WAYS)('tell what went wrong, however far from it somebody waits: %s', async (_name, oneByOne) => {
  await withNumbers(oneByOne, async (db, table) => {
    const fromAfar = async (tx: Tx): Promise<unknown> =>
      (async () => (async () => await insert(tx, table, 1))())();
    const failure = await transaction(db, async (tx) => {
      await insert(tx, table, 1);
      await Promise.all([fromAfar(tx), insert(tx, table, 2)]);
    }).catch((error: unknown) => error);
    expect(sqlState(failure)).toBe('23505');
  });
});

it.each(WAYS)('are refused once their transaction has ended: %s', async (_name, oneByOne) => {
  await withNumbers(oneByOne, async (db, table) => {
    const kept = await transaction(db, async (tx) => tx);
    await expect(insert(kept, table, 1)).rejects.toThrow(TypeError);
    expect(await numbers(db, table)).toEqual([]);
  });
});

it('see what was committed while one before them waited', async () => {
  await withNumbers(false, async (db, table) => {
    await transaction(db, (tx) => insert(tx, table, 1));
    const order: string[] = [];
    let waits: Promise<number[]> = Promise.resolve([]);
    await transaction(db, async (holder) => {
      await sql`SELECT FROM ${sql.table(table)} WHERE n = 1 FOR UPDATE`.execute(holder);
      waits = transaction(db, async (tx) => {
        const [, found] = await Promise.all([
          sql`SELECT FROM ${sql.table(table)} WHERE n = 1 FOR UPDATE`
            .execute(tx)
            .then(() => order.push('held')),
          sql<{ n: number }>`SELECT n FROM ${sql.table(table)} ORDER BY place`.execute(tx),
        ]);
        return found.rows.map(({ n }) => n);
      });
      await insert(holder, table, 2);
      order.push('inserted');
    });
    expect(await waits).toEqual([1, 2]);
    expect(order).toEqual(['inserted', 'held']);
  });
});
