/** Databases with both schemas and the journal, cloned from one template per test file: a clone takes a moment. */
import { randomBytes } from 'node:crypto';
import { postgresJournal } from '@piculus/client';
import pg from 'pg';
import { createTestDatabase } from '../../../../test/support/database.ts';
import { migrateBank } from '../../src/bank/migrate.ts';
import { migratePbap } from '../../src/pbap/migrate.ts';
import { createPool } from '../../src/shared/database.ts';

export interface Cloner {
  clone(): Promise<{ readonly url: string; drop(): Promise<void> }>;
  drop(): Promise<void>;
}

export async function createCloner(): Promise<Cloner> {
  const template = await createTestDatabase();
  const pool = createPool({ url: template.url, name: 'template' });
  await migratePbap(pool);
  await migrateBank(pool);
  await postgresJournal({ pool }).migrate();
  await pool.end();
  const home = new URL(template.url);
  const templateName = home.pathname.slice(1);
  home.pathname = '/postgres';
  // One connection, which those who clone at once take in turns.
  const administrator = new pg.Pool({ connectionString: home.href, max: 1 });
  return {
    clone: async () => {
      const name = `piculus_test_${randomBytes(8).toString('hex')}`;
      await administrator.query(`create database ${name} template ${templateName}`);
      const url = new URL(template.url);
      url.pathname = `/${name}`;
      return {
        url: url.href,
        drop: async () => {
          await administrator.query(`drop database if exists ${name} with (force)`);
        },
      };
    },
    drop: async () => {
      await administrator.end();
      await template.drop();
    },
  };
}
