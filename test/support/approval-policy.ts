/** Lets the solutions' execution modes alone decide, for tests that are about other things than approvals. */
import { CAREFUL_RULES } from '../../packages/server/src/approvals/rules.ts';
import { installed } from '../../packages/server/src/approvals/policy.ts';
import { lockPolicy, type PolicyRow, savePolicy } from '../../packages/server/src/store/approvals.ts';
import { type Database, openDatabase } from '../../packages/server/src/store/database.ts';
import { migrate } from '../../packages/server/src/store/migrate.ts';
import { openPool, transaction } from '../../packages/server/src/store/pool.ts';

/** Where the database is migrated. */
export async function choosePolicy(
  db: Database,
  choice: Partial<Pick<PolicyRow, 'mode' | 'singlePerson' | 'rules'>>,
): Promise<void> {
  await transaction(db, async (tx) => {
    const { version } = await lockPolicy(tx, 'change');
    const row: PolicyRow = {
      mode: 'careful',
      singlePerson: false,
      rules: CAREFUL_RULES,
      ...choice,
      version: version + 1,
      changedAt: new Date(),
      changedBy: 'policy:test',
      reason: 'test',
    };
    await savePolicy(tx, row, ...installed(row));
  });
}

/** Migrates a new database before its server does, as an installation from before there were approvals. */
export async function prepareAsConfigured(url: string): Promise<void> {
  const db = openDatabase(openPool({ url, connectionsMax: 1 }));
  try {
    await migrate(db);
    await choosePolicy(db, { mode: 'as-configured' });
  } finally {
    await db.destroy();
  }
}
