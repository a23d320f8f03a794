/** The connection to the database and the row types of its tables. SQL is written in this folder only. */
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import type pg from 'pg';
import { type DatabaseWatch, guardPool } from './availability.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;
/** Either the database or a transaction: what a query function takes. */
export type Executor = Database | Transaction<Tables>;
export type { Transaction } from 'kysely';
export type Tx = Transaction<Tables>;

/** Every query through it throws a PiculusError `database-away` where the database cannot be reached. */
export function openDatabase(pool: pg.Pool, watch?: DatabaseWatch): Database {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guardPool(pool, watch) }) }).withSchema(
    'piculus',
  );
}
