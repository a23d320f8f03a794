/** Lists as the database writes them, and as we read them. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenTestDatabase, openTestDatabase, TEST_ENGINES } from '../../../../test/support/database.ts';
import { readTextList, writeTextList } from '../../src/store/arrays.ts';
import { storableText } from '../../src/store/json.ts';

describe.each(TEST_ENGINES)('a list that %s wrote', (engine) => {
  let database: OpenTestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
  });
  afterAll(() => database.drop());

  const written = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('"', '\\', ',', '{', '}', ' ', 'N', 'U', 'L', 'a', '\n', '汉') }),
    fc.constantFrom('NULL', 'null', '', '{}', '\\"', '{"a": "b\\\\"}'),
  );
  const text = written.filter((one) => one.isWellFormed() && !one.includes('\u0000'));

  it('is read as it was', async () => {
    const lists = fc.array(fc.array(fc.option(text), { maxLength: 8 }), { minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(lists, async (given) => {
        for (const list of given) {
          const { rows } = await database.pool.query({
            text: 'SELECT $1::text[] AS list, $1::text[]::text AS text',
            values: [list],
          });
          expect(rows).toEqual([{ list, text: expect.any(String) }]);
          expect(readTextList(rows[0].text)).toEqual(list);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is written so that it is read the same, and what cannot be stored is replaced', async () => {
    const lists = fc.array(fc.array(fc.option(written), { maxLength: 8 }), { minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(lists, async (given) => {
        for (const list of given) {
          const { rows } = await database.pool.query('SELECT $1::text[] AS list', [writeTextList(list)]);
          expect(rows).toEqual([{ list: list.map((one) => (one === null ? null : storableText(one))) }]);
        }
      }),
      { numRuns: 20 },
    );
    const { rows } = await database.pool.query('SELECT $1::integer[] AS numbers, $2::boolean[] AS truths', [
      writeTextList([1, null, -2]),
      writeTextList([true, null, false]),
    ]);
    expect(rows).toEqual([{ numbers: [1, null, -2], truths: [true, null, false] }]);
  });

  it('of ids keeps every digit', async () => {
    const ids = ['1', '9223372036854775807', '-5', null];
    const { rows } = await database.pool.query('SELECT $1::bigint[] AS ids', [ids]);
    expect(rows).toEqual([{ ids }]);
  });

  it('of several dimensions, or with bounds of its own, is left to the driver', async () => {
    const { rows } = await database.pool.query(
      `SELECT ARRAY[['a', 'b'], ['c', 'd,"']] AS square, '[5:6]={x,y}'::text[] AS late`,
    );
    expect(rows).toEqual([
      {
        square: [
          ['a', 'b'],
          ['c', 'd,"'],
        ],
        late: ['x', 'y'],
      },
    ]);
  });
});
