/** Small tables, and statements over them that meet each other in every way that the store's statements do. */
import fc from 'fast-check';

export const SCHEMA = `
  CREATE SCHEMA IF NOT EXISTS piculus;
  CREATE TABLE piculus.pairs (
    k integer PRIMARY KEY,
    u text UNIQUE,
    v integer NOT NULL CHECK (v < 50),
    ended boolean NOT NULL DEFAULT false
  );
  CREATE UNIQUE INDEX pairs_open ON piculus.pairs (v) WHERE ended;
  CREATE TABLE piculus.parts (
    id integer PRIMARY KEY,
    pair integer NOT NULL REFERENCES piculus.pairs
  );
  INSERT INTO piculus.pairs (k, u, v) VALUES (1, 'a', 1), (2, 'b', 2);
  INSERT INTO piculus.parts (id, pair) VALUES (1, 1);
`;

export const SESSIONS = ['a', 'b', 'c'] as const;
export type SessionName = (typeof SESSIONS)[number];
export interface Step {
  readonly session: SessionName;
  readonly sql: string;
}

const key = fc.integer({ min: 1, max: 4 });
const word = fc.constantFrom('a', 'b', 'x');
/**
 * KEY SHARE is taken by references. Asked for by itself behind a change and a lock of the same transaction, PostgreSQL
 * hands out the version of before, which nobody here does.
 */
const lock = fc.constantFrom('FOR UPDATE', 'FOR NO KEY UPDATE', 'FOR SHARE');
const P = 'piculus.pairs';

const reading = fc.oneof(
  fc.constant(`SELECT k, u, v, ended FROM ${P} ORDER BY k`),
  fc.constant('SELECT id, pair FROM piculus.parts ORDER BY id'),
  fc.tuple(key, lock).map(([k, how]) => `SELECT k, v FROM ${P} WHERE k = ${k} ${how}`),
  fc.tuple(key, lock).map(([v, how]) => `SELECT k, v FROM ${P} WHERE v <= ${v} ORDER BY k ${how}`),
  lock.map((how) => `SELECT k, v FROM ${P} ORDER BY k LIMIT 1 ${how} SKIP LOCKED`),
  fc.constant(`SELECT k, v FROM ${P} WHERE NOT ended ORDER BY k LIMIT 1 FOR UPDATE`),
  fc.constantFrom(1, 2).map((number) => `SELECT pg_advisory_xact_lock(${number})`),
);

const writing = fc.oneof(
  key.map((k) => `UPDATE ${P} SET v = v + 1 WHERE k = ${k} RETURNING k, v`),
  fc.tuple(key, key).map(([k, v]) => `UPDATE ${P} SET v = v + 10 WHERE k = ${k} AND v = ${v} RETURNING k, v`),
  fc.tuple(key, word).map(([k, u]) => `UPDATE ${P} SET u = '${u}' WHERE k = ${k} RETURNING k, u`),
  key.map((k) => `UPDATE ${P} SET ended = true, v = 9 WHERE k = ${k} AND NOT ended RETURNING k`),
  key.map(
    (k) =>
      `UPDATE ${P} SET ended = true WHERE k = ${k} AND NOT EXISTS (SELECT FROM piculus.parts p WHERE p.pair = ${k}) RETURNING k`,
  ),
  fc
    .tuple(key, key)
    .map(
      ([k, of]) =>
        `UPDATE ${P} SET v = pairs.v + other.v FROM (SELECT v FROM ${P} WHERE k = ${of}) AS other WHERE k = ${k} RETURNING k, pairs.v`,
    ),
  fc.tuple(key, word).map(([k, u]) => `INSERT INTO ${P} (k, u, v) VALUES (${k}, '${u}${k}', ${k})`),
  fc.tuple(key, word).map(([k, u]) => `INSERT INTO ${P} (k, u, v) VALUES (${k}, '${u}', 0)`),
  fc
    .tuple(key, word)
    .map(
      ([k, u]) => `INSERT INTO ${P} (k, u, v) VALUES (${k}, '${u}', 5) ON CONFLICT DO NOTHING RETURNING k`,
    ),
  fc
    .tuple(key, word)
    .map(
      ([k, u]) =>
        `INSERT INTO ${P} (k, u, v) VALUES (${k}, '${u}', 3) ON CONFLICT (u) DO UPDATE SET v = pairs.v + excluded.v RETURNING k, v`,
    ),
  key.map(
    (k) =>
      `INSERT INTO ${P} (k, v) VALUES (${k}, 7) ON CONFLICT (k) DO UPDATE SET v = excluded.v WHERE pairs.v < 7 RETURNING k, v`,
  ),
  key.map((k) => `DELETE FROM ${P} WHERE k = ${k} RETURNING k, v`),
  fc.tuple(key, key).map(([id, pair]) => `INSERT INTO piculus.parts (id, pair) VALUES (${id}, ${pair})`),
  key.map((pair) => `DELETE FROM piculus.parts WHERE pair = ${pair} RETURNING id`),
  key.map(
    (k) =>
      `WITH gone AS (DELETE FROM piculus.parts WHERE pair = ${k} RETURNING pair) UPDATE ${P} SET v = 0 WHERE k IN (SELECT pair FROM gone) RETURNING k`,
  ),
);

/** What a session is told next; what it cannot do at that moment is left out when the sequence is run. */
export const step: fc.Arbitrary<Step> = fc.record({
  // Of three, two may wait for the same one, and which of them is first then nobody promises.
  session: fc.constantFrom('a', 'b'),
  sql: fc.oneof(
    { weight: 4, arbitrary: reading },
    { weight: 8, arbitrary: writing },
    { weight: 3, arbitrary: fc.constant('BEGIN') },
    { weight: 3, arbitrary: fc.constant('COMMIT') },
    { weight: 1, arbitrary: fc.constant('ROLLBACK') },
  ),
});
