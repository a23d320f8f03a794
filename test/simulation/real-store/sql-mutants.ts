/** Guards of the database, each switched off on purpose: a changed statement, a dropped constraint or trigger. */

export interface SqlMutant {
  readonly name: string;
  readonly what: string;
  /** Each text must be found in some statement of a storm, or the mutant is stale. */
  readonly changes: readonly { readonly find: RegExp; readonly replace: string }[];
  readonly ddl: readonly string[];
  /** `caught`, or what is there as well. */
  readonly expect: 'caught' | { readonly coveredBy: string };
}

const LOCK_SYSTEM = {
  find: /(SELECT enabled FROM piculus\.systems WHERE sys_code = \$\d+) FOR NO KEY UPDATE/,
  replace: '$1',
};
const LOCK_LEASE = { find: /(FROM piculus\.leases l WHERE l\.id = \$\d+) FOR UPDATE$/, replace: '$1' };
const LEASE_STATEMENT = {
  find: /l\.id = (\$\d+) AND l\.closed_at IS NULL AND l\.epoch = (\$\d+)/,
  replace: 'l.id = $1 AND $2::integer IS NOT NULL',
};
const TICK = { find: /s\.tick_at = (\$\d+)::timestamptz/, replace: '$1::timestamptz IS NOT NULL' };
const LEASED = {
  find: /p\.business_key NOT IN \(SELECT leased\.business_key/,
  replace: 'true OR p.business_key NOT IN (SELECT leased.business_key',
};
const STATE = { find: /AND p\.state = given\.f/, replace: 'AND given.f IS NOT NULL' };
const NO_UNIQUE = 'ALTER TABLE piculus.executions DROP CONSTRAINT executions_problem_id_lease_id_key';
const NO_GUARD = 'DROP TRIGGER leases_guard ON piculus.leases';

const covered = (by: string): SqlMutant['expect'] => ({ coveredBy: by });

export const SQL_MUTANTS: readonly SqlMutant[] = [
  {
    name: 'lock-system',
    what: 'claims of one system do not take turns',
    changes: [LOCK_SYSTEM],
    ddl: [],
    expect: 'caught',
  },
  {
    name: 'not-leased',
    what: 'a claim does not look at open leases',
    changes: [LEASED],
    ddl: [],
    expect: 'caught',
  },
  {
    name: 'tick-guard',
    what: 'a tick is opened whatever tick was before',
    changes: [TICK],
    ddl: [],
    expect: 'caught',
  },
  {
    name: 'lock-lease',
    what: 'answers to one lease do not take turns',
    changes: [LOCK_LEASE],
    ddl: [],
    expect: 'caught',
  },
  {
    name: 'unique-execution',
    what: 'two executions of one problem under one lease',
    changes: [],
    ddl: [NO_UNIQUE],
    expect: covered('the lock of the lease'),
  },
  {
    name: 'lock-lease+unique-execution',
    what: 'both of them',
    changes: [LOCK_LEASE],
    ddl: [NO_UNIQUE],
    expect: 'caught',
  },
  {
    name: 'lease-trigger',
    what: 'the table lets closed leases be changed',
    changes: [],
    ddl: [NO_GUARD],
    expect: covered('the statement that answers'),
  },
  {
    name: 'lease-statement',
    what: 'an answer does not look whether the lease is still held',
    changes: [LEASE_STATEMENT],
    ddl: [],
    expect: covered('the lock of the lease and the trigger'),
  },
  {
    name: 'state-guard',
    what: 'a problem is moved whatever state it has',
    changes: [STATE],
    ddl: [],
    expect: covered('the lock of the lease'),
  },
];

/** @returns the statement as the mutant has it, and notes which changes were met. */
export function rewriter({ changes }: SqlMutant, met: Set<number>): ((sql: string) => string) | null {
  if (changes.length === 0) return null;
  return (sql) => {
    let text = sql;
    for (const [at, { find, replace }] of changes.entries()) {
      if (!find.test(text)) continue;
      met.add(at);
      text = text.replace(find, replace);
    }
    return text;
  };
}
