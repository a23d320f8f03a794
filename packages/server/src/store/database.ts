/** The connection to the database and the row types of its tables. SQL is written in this folder only. */
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import type pg from 'pg';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;
/** Either the database or a transaction: what a query function takes. */
export type Executor = Database | Transaction<Tables>;

export function openDatabase(pool: pg.Pool): Database {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema('piculus');
}
