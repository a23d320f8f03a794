/** Statements that are prepared by name: which ones, and that nothing else comes of it than less planning. */
import { CompiledQuery, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { sqlState } from '../../src/store/availability.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { openPool, transaction } from '../../src/store/pool.ts';
import { PreparedStatements } from '../../src/store/prepared.ts';

describe('a name', () => {
  it('is given to what comes a third time, and stays', () => {
    const prepared = new PreparedStatements();
    const names = Array.from({ length: 4 }, () => prepared.nameOf('SELECT $1', ['x']));
    expect(names.slice(0, 2)).toEqual([undefined, undefined]);
    expect(names[2]).toMatch(/^piculus_[0-9]+$/);
    expect(names[3]).toBe(names[2]);
  });

  it.each([
    ['without parameters', 'SELECT 1', []],
    ['with a long text', 'SELECT $1', ['x'.repeat(3_000)]],
    ['with a long list', 'SELECT $1', [Array.from({ length: 3_000 }, () => 1)]],
    ['whose columns are the table’s', 'SELECT * FROM t WHERE a = $1', [1]],
    ['that returns the table’s columns', 'insert into t values ($1) returning *', [1]],
    ['with the columns of one of its tables', 'select "u".* from u where a = $1', [1]],
  ])('is not given to a statement %s', (_, text, parameters) => {
    const prepared = new PreparedStatements();
    for (let time = 0; time < 5; time += 1) expect(prepared.nameOf(text, parameters)).toBeUndefined();
  });

  it('is not needed where there is much in it, though the same text has one', () => {
    const prepared = new PreparedStatements();
    for (let time = 0; time < 3; time += 1) prepared.nameOf('SELECT $1', ['x']);
    expect(prepared.nameOf('SELECT $1', ['x'.repeat(3_000)])).toBeUndefined();
    expect(prepared.nameOf('SELECT $1', ['x'])).toBeDefined();
  });

  it('is one of a few hundred, however many texts come', () => {
    const prepared = new PreparedStatements();
    const named = Array.from({ length: 3_000 }, (_, at) => {
      for (let time = 0; time < 2; time += 1) prepared.nameOf(`SELECT ${at}, $1`, ['x']);
      return prepared.nameOf(`SELECT ${at}, $1`, ['x']);
    });
    expect(new Set(named.filter((name) => name !== undefined)).size).toBe(200);
  });
});

it('lets its plans be forgotten every five seconds, where it has any', () => {
  const prepared = new PreparedStatements();
  expect(prepared.arePlansOld(10_000)).toBe(false);
  for (let time = 0; time < 3; time += 1) prepared.nameOf('SELECT $1', ['x']);
  expect([10_000, 10_001, 14_999, 15_000, 15_001].map((nowMs) => prepared.arePlansOld(nowMs))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
});

describe('on PostgreSQL', () => {
  let database: TestDatabase;
  let nowMs = 0;
  let db: Database;
  beforeAll(async () => {
    database = await createTestDatabase();
    const watch = { nowMs: () => nowMs, connected: () => {}, queried: () => {}, away: () => {} };
    // One connection, so that every statement meets what those before it have prepared.
    db = openDatabase(openPool({ url: database.url, connectionsMax: 1 }), watch);
    await sql`CREATE TABLE things (id integer PRIMARY KEY, name text) WITH (autovacuum_enabled = off)`.execute(
      db,
    );
    await sql`INSERT INTO things VALUES (1, 'one')`.execute(db);
    await sql`ANALYZE things`.execute(db);
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  const TEXT = 'SELECT name FROM things WHERE id = $1::integer';
  const nameOfThing = async (id: number): Promise<unknown> =>
    (await db.executeQuery(CompiledQuery.raw(TEXT, [id]))).rows;
  const preparedAs = async (text: string): Promise<{ name: string; generic: number } | undefined> =>
    (
      await sql<{ name: string; generic: number }>`
        SELECT name, generic_plans::int AS generic FROM pg_prepared_statements WHERE statement = ${text}`.execute(
        db,
      )
    ).rows[0];
  const planOf = async (name: string): Promise<string> =>
    JSON.stringify((await sql`EXPLAIN EXECUTE ${sql.raw(name)}(1)`.execute(db)).rows);

  it('keeps a plan, and not after the table has grown', async () => {
    for (let time = 0; time < 20; time += 1) expect(await nameOfThing(1)).toEqual([{ name: 'one' }]);
    const { name, generic } = (await preparedAs(TEXT)) ?? { name: '', generic: 0 };
    expect(generic).toBeGreaterThan(0);
    expect(await planOf(name)).toContain('Seq Scan');
    await sql`INSERT INTO things SELECT n, 'more' FROM generate_series(2, 20000) AS n`.execute(db);
    expect(await planOf(name)).toContain('Seq Scan');
    nowMs += 5_000;
    expect(await nameOfThing(1)).toEqual([{ name: 'one' }]);
    expect(await planOf(name)).toContain('Index');
  });

  it('answers alike after the table has another column', async () => {
    for (let time = 0; time < 4; time += 1) await nameOfThing(1);
    await sql`ALTER TABLE things ADD COLUMN more text DEFAULT 'x'`.execute(db);
    expect(await nameOfThing(1)).toEqual([{ name: 'one' }]);
  });

  it('survives a statement that failed when it was to be prepared, and those behind it', async () => {
    const doubled = (executor: Database, n: number) =>
      sql<{ doubled: number }>`SELECT ${n}::integer * 2 AS doubled`.execute(executor);
    await doubled(db, 1);
    await doubled(db, 2);
    const failure = await transaction(db, async (tx) => {
      const wrong = sql`INSERT INTO things VALUES (1, 'again')`.execute(tx);
      const behind = [doubled(tx, 3), doubled(tx, 4)];
      await Promise.allSettled([wrong, ...behind]);
      return behind[1];
    }).catch((error: unknown) => error);
    expect(sqlState(failure)).toBe('23505');
    for (const n of [5, 6]) expect((await doubled(db, n)).rows).toEqual([{ doubled: n * 2 }]);
  });
});
