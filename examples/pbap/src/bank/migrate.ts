import type pg from 'pg';
import { migrate } from '../shared/migrate.ts';

/** Creates the bank's schema, or accepts it where it is there. @throws ForeignSchemaError for anything else. */
export function migrateBank(pool: pg.Pool): Promise<'created' | 'present'> {
  return migrate(pool, {
    schema: 'bank',
    product: 'piculus-example-bank',
    version: 1,
    sqlFile: new URL('../../sql/bank.sql', import.meta.url),
  });
}
