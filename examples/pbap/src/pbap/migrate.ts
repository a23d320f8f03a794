import type pg from 'pg';
import { migrate } from '../shared/migrate.ts';

/** Creates PBAP's schema, or accepts it where it is there. @throws ForeignSchemaError for anything else. */
export function migratePbap(pool: pg.Pool): Promise<'created' | 'present'> {
  return migrate(pool, {
    schema: 'pbap',
    product: 'piculus-example-pbap',
    version: 1,
    sqlFile: new URL('../../sql/pbap.sql', import.meta.url),
  });
}
