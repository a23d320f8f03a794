/** How the random steps find the database: systems, solutions, clients and problems that are there already. */
import fc from 'fast-check';
import { CAREFUL_RULES } from '../../../packages/server/src/approvals/rules.ts';
import * as draw from './draw.ts';
import { BEGINNING } from './engines.ts';
import { type Call, callOf, type Step, stores as s } from './operations.ts';

const commit = (...calls: Call[]): Step => ({ calls, end: 'commit' });

function system(sysCode: string): Step {
  return commit(
    callOf(
      'systems.insertSystem',
      {
        sysCode,
        name: `System ${sysCode}`,
        collectCron: null,
        collectTimeZone: 'UTC',
        collectWindowMs: 3_600_000,
        createdAt: draw.minutes(-3000),
      },
      (tx, system) => s.systems.insertSystem(tx, system),
    ),
  );
}

function solution(place: { sysCode: string; fixCode: string; id: string; executionMode: string }): Step {
  const { sysCode, fixCode, id, executionMode } = place;
  const version = {
    id,
    version: 1,
    max_retries: 3,
    retry_cron: '0 */5 * * * ?',
    time_zone: 'UTC',
    execution_mode: executionMode,
    status: 'enabled',
    level: 'normal',
    description: '',
    changed_at: draw.minutes(-2000),
    changed_by: 'operator',
  };
  return commit(
    callOf('solutions.insertSolution', { sysCode, fixCode, at: BEGINNING }, (tx, given) =>
      s.solutions.insertSolution(tx, given),
    ),
    callOf('solutions.insertVersion', version, (tx, given) => s.solutions.insertVersion(tx, given)),
  );
}

const client = (clientId: string, sysCode: string): Step =>
  commit(
    callOf(
      'clients.upsertClient',
      {
        clientId,
        sysCode,
        hello: { fixes: [...draw.FIXES], collectors: [...draw.FIXES] },
        nodeId: 'n1',
        connection: '1',
        at: BEGINNING,
      },
      (tx, given) => s.clients.upsertClient(tx, given),
    ),
  );

const collection: Step = commit(
  callOf(
    'collections.insertCollection',
    {
      trigger: 'cron' as const,
      requestedBy: 'cron',
      windowFrom: draw.minutes(-1500),
      windowTo: draw.minutes(70),
      createdAt: BEGINNING,
    },
    (tx, given) => s.collections.insertCollection(tx, given),
  ),
  callOf(
    'collect-commands.insertCommands',
    {
      commands: draw.SYSTEMS.map((sysCode) => ({
        sysCode,
        windowFrom: draw.minutes(-1500),
        windowTo: draw.minutes(70),
      })),
    },
    (tx, { commands }) =>
      s['collect-commands'].insertCommands(tx, '1', { fixCodes: [], createdAt: BEGINNING }, commands),
  ),
);

/** A careful policy asks for a second person so often that little else would be seen. */
const asConfigured: Step = commit(
  callOf('approvals.savePolicy', { mode: 'as-configured' as const }, (tx, { mode }) =>
    s.approvals.savePolicy(
      tx,
      {
        version: 2,
        mode,
        singlePerson: false,
        rules: CAREFUL_RULES,
        changedAt: BEGINNING,
        changedBy: 'operator',
        reason: 'a test',
      },
      null,
      [],
    ),
  ),
);

const problems = fc
  .record({ sysCode: draw.realSystem, reports: draw.reports, at: draw.at })
  .map(({ sysCode, reports, at }) =>
    commit(
      callOf('problems.insertProblems', { sysCode, at, reports }, (tx, given) =>
        s.problems.insertProblems(tx, {
          sysCode: given.sysCode,
          commandId: '1',
          at: given.at,
          problems: given.reports.map((report) => ({ report, state: 'pending' as const })),
        }),
      ),
    ),
  );

/** The steps that every sequence begins with. */
export const beginnings: fc.Arbitrary<readonly Step[]> = fc
  .record({
    policy: fc.constantFrom([asConfigured], [asConfigured], []),
    problems: fc.array(problems, { minLength: 1, maxLength: 2 }),
    executionMode: fc.constantFrom('automatic', 'automatic', 'manual'),
  })
  .map(({ policy, problems, executionMode }) => [
    ...draw.SYSTEMS.map(system),
    ...policy,
    solution({ sysCode: 'A', fixCode: 'repairDeposit', id: '1', executionMode }),
    solution({ sysCode: 'A', fixCode: 'repairPayment', id: '2', executionMode: 'manual' }),
    client('c1', 'A'),
    client('c2', 'B'),
    collection,
    ...problems,
  ]);
