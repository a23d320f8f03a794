/** The same PBAP, bank and repairs on an embedded database, which is one session behind a socket. */
import { postgresJournal } from '@piculus/client';
import { conformanceChecks } from '@piculus/repairs/conformance';
import { describe, it } from 'vitest';
import { createEmbeddedTestDatabase } from '../../../../test/support/database.ts';
import { migrateBank } from '../../src/bank/migrate.ts';
import { migratePbap } from '../../src/pbap/migrate.ts';
import { createPool } from '../../src/shared/database.ts';
import { openWorld } from './world.ts';

async function freshDatabase() {
  const database = await createEmbeddedTestDatabase();
  const pool = createPool({ url: database.url, name: 'template' });
  await migratePbap(pool);
  await migrateBank(pool);
  await postgresJournal({ pool }).migrate();
  await pool.end();
  return database;
}

// A few promises are enough here: the statements are the same, only who executes them differs.
const WANTED = ['duplicates at once', 'the normal path'];

describe('on an embedded database', () => {
  const checks = conformanceChecks(() => openWorld({ clone: freshDatabase }), {
    applies: (given) => given.name === 'C2 never sent, staged',
  });
  for (const { name, run } of checks) {
    if (WANTED.some((word) => name.includes(word))) it(name, run, 240_000);
  }
});
