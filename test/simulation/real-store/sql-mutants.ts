/** Guards of the database, each switched off on purpose: a changed statement, a dropped constraint or trigger. */
import { readFileSync } from 'node:fs';

export interface SqlMutant {
  readonly name: string;
  /** Where it is tried: claims, answers, ticks and clicks, or people who ask and agree. */
  readonly where?: 'storm' | 'desk';
  readonly what: string;
  /** Each text must be found in some statement of a storm, or the mutant is stale. */
  readonly changes: readonly { readonly find: RegExp; readonly replace: string }[];
  readonly ddl: readonly string[];
  /** The SQLSTATE by which the guard that is left refuses an act, which then is no finding. */
  readonly refusedBy?: string;
  /** The first of the simulated database that catches it, where that is not among the first. */
  readonly seed?: number;
  /** `caught`, or what is there as well. */
  readonly expect: 'caught' | { readonly coveredBy: string };
}

const LOCK_SYSTEM = {
  find: /(SELECT enabled FROM piculus\.systems WHERE sys_code = \$\d+) FOR NO KEY UPDATE/,
  replace: '$1',
};
const LOCK_LEASE = { find: /(FROM piculus\.leases l WHERE l\.id = \$\d+) FOR UPDATE$/, replace: '$1' };
/** As if it were still the first one, and open. */
const CLOSED_LOOK = {
  find: /l\.epoch(, l\.connection[\s\S]*)l\.closed_at AS "closedAt"(\s+FROM piculus\.leases l WHERE l\.id = \$\d+ FOR UPDATE)$/,
  replace: '1 AS epoch$1NULL::timestamptz AS "closedAt"$2',
};
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

const NO_GATE = 'DROP TRIGGER run_requests_gate ON piculus.run_requests';
const NO_KEEPER = 'DROP TRIGGER approvals_kept ON piculus.approvals';
const LOCK_APPROVAL = {
  find: /(FROM piculus\.approvals a WHERE a\.id = \$\d+::bigint) FOR UPDATE$/,
  replace: '$1',
};
const STILL_OPEN = {
  find: /(UPDATE piculus\.approvals SET state = [\s\S]*WHERE id = \$\d+::bigint) AND state = 'open'/,
  replace: '$1',
};

const VOID_CLICKS = {
  find: /(CASE WHEN r\.approval_id IS NULL[\s\S]*? END) AS "isVoid"/,
  replace: '(false AND $1) AS "isVoid"',
};

/** The gate as it is installed, without the lock by which one person's clicks take turns. */
function gateWithoutTurns(): readonly string[] {
  const migration = new URL('../../../packages/server/migrations/0015_approvals.sql', import.meta.url);
  const text = readFileSync(migration, 'utf8');
  const gate = /CREATE FUNCTION piculus\.gate_run_requests\(\)[\s\S]*?END \$\$;/.exec(text)?.[0] ?? '';
  const trigger = /CREATE TRIGGER run_requests_gate [\s\S]*?;/.exec(text)?.[0] ?? '';
  const without = gate.replace(/PERFORM pg_advisory_xact_lock\(.*\);\n/, '');
  if (without === gate || trigger === '') throw new Error('the gate of runs is not what it was');
  const named = (sql: string): string => sql.replaceAll('gate_run_requests', 'gate_without_turns');
  return [NO_GATE, named(without), named(trigger)];
}

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
    name: 'closed-look',
    what: 'an answer does not see that its lease was closed',
    changes: [CLOSED_LOOK],
    ddl: [],
    refusedBy: '23505',
    expect: covered('the statement that answers, the trigger, and the unique key'),
  },
  {
    name: 'closed-look+lease-statement+lease-trigger+unique-execution',
    what: 'all four of them',
    changes: [CLOSED_LOOK, LEASE_STATEMENT],
    ddl: [NO_UNIQUE, NO_GUARD],
    expect: 'caught',
  },
  {
    name: 'closed-look+lease-statement+lease-trigger',
    what: 'all but the unique key',
    changes: [CLOSED_LOOK, LEASE_STATEMENT],
    ddl: [NO_GUARD],
    refusedBy: '23505',
    expect: covered('the unique key'),
  },
  {
    name: 'closed-look+lease-statement+unique-execution',
    what: 'all but the trigger',
    changes: [CLOSED_LOOK, LEASE_STATEMENT],
    ddl: [NO_UNIQUE],
    expect: covered('the trigger'),
  },
  {
    name: 'closed-look+lease-trigger+unique-execution',
    what: 'all but the statement that answers',
    changes: [CLOSED_LOOK],
    ddl: [NO_UNIQUE, NO_GUARD],
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
  {
    name: 'ready-at',
    what: 'a tick takes what became ready only after it',
    changes: [
      { find: / AND p\.ready_at <= (\$\d+)::timestamptz/, replace: ' AND $1::timestamptz IS NOT NULL' },
    ],
    ddl: [],
    expect: covered('the cursor of a tick'),
  },
  {
    name: 'run-gate',
    where: 'desk',
    what: 'the table takes every click, whoever has to agree',
    changes: [],
    ddl: [NO_GATE],
    expect: 'caught',
  },
  {
    name: 'gate-turns',
    where: 'desk',
    what: "one person's clicks at two nodes do not take turns",
    changes: [],
    ddl: gateWithoutTurns(),
    expect: 'caught',
  },
  {
    name: 'void-clicks',
    where: 'desk',
    what: 'a claim does not look whether what was agreed to is still so',
    changes: [VOID_CLICKS],
    ddl: [],
    expect: 'caught',
  },
  {
    name: 'lock-approval',
    where: 'desk',
    what: 'two who decide about one request do not take turns',
    changes: [LOCK_APPROVAL],
    ddl: [],
    expect: covered('the statement that decides, and the trigger'),
  },
  {
    name: 'still-open',
    where: 'desk',
    what: 'a decision does not look whether the request is still open',
    changes: [STILL_OPEN],
    ddl: [],
    expect: covered('the lock of the request, and the trigger'),
  },
  {
    name: 'lock-approval+still-open',
    where: 'desk',
    what: 'both of them',
    changes: [LOCK_APPROVAL, STILL_OPEN],
    ddl: [],
    refusedBy: '23514',
    expect: covered('the trigger that keeps decisions'),
  },
  {
    name: 'lock-approval+still-open+approvals-kept',
    where: 'desk',
    what: 'all three of them',
    changes: [LOCK_APPROVAL, STILL_OPEN],
    ddl: [NO_KEEPER],
    expect: 'caught',
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
