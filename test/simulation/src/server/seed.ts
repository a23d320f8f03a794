/** What an installation has configured before a run begins: one system, a solution for each fix, no second person. */
import { CAREFUL_RULES } from '@server/approvals/rules.js';
import { installed } from '@server/approvals/policy.js';
import { lockPolicy, savePolicy } from '@server/store/approvals.js';
import { transaction } from '@server/store/pool.js';
import { insertSolution, insertVersion } from '@server/store/solutions.js';
import { insertSystem } from '@server/store/systems.js';
import type { Tables } from '@server/store/tables.js';
import type { Engine } from '../store/index.ts';

export interface Installation {
  readonly sysCode: string;
  readonly fixCodes: readonly string[];
  readonly at: Date;
  readonly maxRetries: number;
}

export async function install(engine: Engine, given: Installation): Promise<void> {
  const { sysCode, fixCodes, at, maxRetries } = given;
  // Before the run there is nobody to wait for.
  const { db } = engine.connect<Tables>({ name: 'installation', turn: () => Promise.resolve() });
  await transaction(db, async (tx) => {
    await insertSystem(tx, {
      sysCode,
      name: sysCode,
      collectCron: '0/25 * * * * ?',
      collectTimeZone: 'UTC',
      collectWindowMs: 3_600_000,
      createdAt: at,
    });
    for (const fixCode of fixCodes) {
      const id = await insertSolution(tx, { sysCode, fixCode, at });
      if (id === null) throw new Error(`the solution of ${fixCode} is there already`);
      await insertVersion(tx, {
        id,
        version: 1,
        max_retries: maxRetries,
        retry_cron: '0/10 * * * * ?',
        time_zone: 'UTC',
        execution_mode: 'automatic',
        status: 'enabled',
        level: 'normal',
        description: '',
        changed_at: at,
        changed_by: 'operator',
      });
    }
    const { version } = await lockPolicy(tx, 'change');
    const policy = {
      version: version + 1,
      mode: 'as-configured' as const,
      singlePerson: false,
      rules: CAREFUL_RULES,
      changedAt: at,
      changedBy: 'operator',
      reason: 'what the solutions say',
    };
    await savePolicy(tx, policy, ...installed(policy));
  });
}
