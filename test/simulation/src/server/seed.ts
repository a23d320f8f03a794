/** What an installation has configured before a run begins: one system, a solution for each fix, its rules. */
import { CAREFUL_RULES } from '@server/approvals/rules.js';
import { installed } from '@server/approvals/policy.js';
import { lockPolicy, savePolicy } from '@server/store/approvals.js';
import { transaction } from '@server/store/pool.js';
import { saveLimits } from '@server/store/limits.js';
import { insertSolution, insertVersion } from '@server/store/solutions.js';
import { insertSystem } from '@server/store/systems.js';
import type { Tables } from '@server/store/tables.js';
import type { Unattended } from '../invariants/rules.ts';
import type { RulesProfile } from '../profile.ts';
import type { Engine } from '../store/index.ts';

/** What ticks may run where the rules ask for people at all. */
export const UNATTENDED: Unattended = {
  C1: 'below-amount',
  C3: 'automatic',
  C4: 'below-amount',
  C5: 'automatic',
  C6: 'automatic',
  C7a: 'below-amount',
  C7b: 'below-amount',
  C8: 'automatic',
  C9: 'person',
  S1: 'automatic',
  S2: 'automatic',
};

/** Who asks, and who may agree; each of them may do everything, so that only the rules hold them. */
export const PEOPLE = ['operator', 'reviewer', 'second-reviewer'] as const;

export interface Installation {
  readonly sysCode: string;
  readonly fixCodes: readonly string[];
  readonly at: Date;
  readonly maxRetries: number;
  readonly rules: RulesProfile;
}

export async function install(engine: Engine, given: Installation): Promise<void> {
  const { sysCode, fixCodes, at, maxRetries, rules } = given;
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
      mode: rules.twoPeople ? ('own' as const) : ('as-configured' as const),
      singlePerson: false,
      rules: rules.twoPeople ? { ...CAREFUL_RULES, ...rulesOf(rules) } : CAREFUL_RULES,
      changedAt: at,
      changedBy: 'operator',
      reason: 'what the solutions say',
    };
    await savePolicy(tx, policy, ...installed(policy));
    const { executionsPerHour, amountPerHour } = rules;
    if (executionsPerHour === 0 && amountPerHour === 0) return;
    const settings = {
      executionsPerHour: executionsPerHour === 0 ? null : executionsPerHour,
      amountsPerHour: amountPerHour === 0 ? [] : upTo(amountPerHour),
      breaker: null,
      canary: 0,
    };
    await saveLimits(tx, {
      sysCode,
      fixCode: null,
      settings,
      version: 1,
      changedAt: at,
      changedBy: 'operator',
    });
  });
  for (const name of PEOPLE) {
    engine.exec('INSERT INTO piculus.users (id, name, email, username) VALUES ($1, $1, $1, $1)', [name]);
    engine.exec(
      "INSERT INTO piculus.grants (user_id, role, granted_by) VALUES ($1, 'administrator', 'operator')",
      [name],
    );
  }
}

const upTo = (amount: number) => [{ currency: 'CNY', amountMinor: String(amount) }];

function rulesOf({ tickMinor, aloneMinor, bulkProblems, bulkMinor, dayMinor }: RulesProfile) {
  return {
    unattended: UNATTENDED,
    unattendedUpTo: upTo(tickMinor),
    aloneUpTo: upTo(aloneMinor),
    bulkProblems,
    bulkUpTo: upTo(bulkMinor),
    perDayUpTo: upTo(dayMinor),
  };
}
