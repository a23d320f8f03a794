/**
 * What people do and what seldom happens by itself, as a table: where the server dies while it does it, and how often
 * it was done, by the tables and by the acts that were written down. Each line is one transaction.
 */
import { ACCESS } from './acts-of-access.ts';
import { HALTS } from './acts-of-halts.ts';
import { type Act, manual, newCode, reason, resumeAll, setLimits, timePasses } from './act.ts';
import { openDatabase } from '../../packages/server/src/store/database.ts';
import { openPool } from '../../packages/server/src/store/pool.ts';
import { choosePolicy } from '../support/approval-policy.ts';
import { CLICKED, SYSTEM, TICKED, type World } from './world.ts';

/** A problem that nobody has done anything with. */
async function untouched({ piculus }: World, size: 'small' | 'large', fixCode = CLICKED): Promise<string> {
  const { rows } = await piculus.query<{ id: string }>(
    `SELECT p.id FROM piculus.problems p
     WHERE p.state = 'pending' AND NOT p.reopened AND p.fix_code = $1 AND (p.amount_minor > 500000) = $2
       AND NOT EXISTS (SELECT FROM piculus.run_requests r WHERE r.problem_id = p.id)
       AND NOT EXISTS (SELECT FROM piculus.approval_problems a WHERE a.problem_id = p.id)
     ORDER BY p.id LIMIT 1`,
    [fixCode, size === 'large'],
  );
  const id = rows[0]?.id;
  if (id === undefined) throw new Error(`there is no ${size} problem left`);
  return id;
}

async function asked(world: World): Promise<{ id: string; hash: string }> {
  const problemId = await untouched(world, 'large');
  return world.requester.createApproval({ body: { command: { kind: 'run', problemId }, ...reason } });
}

async function policyOf(world: World, mode: 'careful' | 'as-configured'): Promise<void> {
  const db = openDatabase(openPool({ url: world.databaseUrl, connectionsMax: 1 }));
  await choosePolicy(db, { mode }).finally(() => db.destroy());
}

const stateOfApprovals = (state: string): string =>
  `SELECT count(*) FROM piculus.approvals WHERE state = '${state}'`;

/** Where two people have to agree to large amounts. */
const ASKED: readonly Act[] = [
  {
    name: 'a second person is asked',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.approvals',
    act: 'request-approval',
    async prepare(world) {
      const problemId = await untouched(world, 'large');
      const command = { kind: 'run', problemId } as const;
      return () => world.requester.createApproval({ body: { command, ...reason } });
    },
  },
  {
    name: 'a request is rejected',
    commit: 'act',
    done: stateOfApprovals('rejected'),
    act: 'reject-approval',
    async prepare(world) {
      const { id } = await asked(world);
      return () => world.approver.reject({ params: { id }, body: reason });
    },
  },
  {
    name: 'a request is taken back',
    commit: 'act',
    done: stateOfApprovals('withdrawn'),
    act: 'withdraw-approval',
    async prepare(world) {
      const { id } = await asked(world);
      return () => world.requester.withdrawApproval({ params: { id }, body: reason });
    },
  },
  {
    name: 'a request becomes void',
    commit: 'approval void',
    done: stateOfApprovals('void'),
    act: 'approval-void',
    async prepare(world) {
      const { id, hash } = await asked(world);
      await policyOf(world, 'careful');
      return () => world.approver.approve({ params: { id }, body: { hash, ...reason } });
    },
  },
  {
    name: 'a request expires',
    commit: 'approval expired',
    done: stateOfApprovals('expired'),
    act: 'approval-expired',
    byItself: 'at the start',
    async prepare(world) {
      const { id } = await asked(world);
      return () =>
        timePasses(
          world,
          `UPDATE piculus.approvals SET requested_at = now() - interval '2 days', expires_at = now() - interval '1 day' WHERE id = ${id}`,
        );
    },
  },
];

const OF_PROBLEMS: readonly Act[] = [
  {
    name: 'a problem is closed',
    commit: 'act',
    done: `SELECT count(*) FROM piculus.problems WHERE state = 'closed'`,
    act: 'close',
    async prepare(world) {
      const id = await untouched(world, 'small', TICKED);
      return () => world.requester.closeProblem({ params: { id }, body: reason });
    },
  },
  {
    name: 'a problem is opened again',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.problems WHERE reopened',
    act: 'reopen',
    async prepare(world) {
      const id = await untouched(world, 'small', TICKED);
      await world.requester.closeProblem({ params: { id }, body: reason });
      return () => world.requester.reopenProblem({ params: { id }, body: reason });
    },
  },
  {
    name: 'a bulk run is cancelled',
    commit: 'act',
    done: `SELECT count(DISTINCT bulk_run_id) FROM piculus.bulk_run_items WHERE code = 'run-cancelled'`,
    act: 'cancel-bulk-run',
    async prepare(world) {
      const ids = [await untouched(world, 'small')];
      const { bulkRunId: id } = await world.requester.runProblems({ body: { ids, ...reason } });
      return () => world.requester.cancelBulkRun({ params: { id }, body: reason });
    },
  },
];

const OF_SETTINGS: readonly Act[] = [
  {
    name: 'repair is stopped',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.halts',
    act: 'stop',
    async prepare(world) {
      await resumeAll(world);
      return () => world.requester.stop({ body: { sysCode: SYSTEM, ...reason } });
    },
  },
  {
    name: 'repair goes on',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.halts WHERE ended_at IS NOT NULL',
    act: 'resume',
    async prepare(world) {
      await resumeAll(world);
      const { id } = await world.requester.stop({ body: { sysCode: SYSTEM, ...reason } });
      return () => world.requester.resume({ params: { id }, body: reason });
    },
  },
  {
    name: 'limits are set',
    commit: 'act',
    done: 'SELECT coalesce(sum(version), 0) FROM piculus.limits',
    act: 'set-limits',
    async prepare(world) {
      const { rows } = await world.piculus.query<{ versions: string }>(
        'SELECT coalesce(sum(version), 0) AS versions FROM piculus.limits',
      );
      return () => setLimits(world, { executionsPerHour: 100 - Number(rows[0]?.versions) });
    },
  },
  {
    name: 'the policy is changed',
    commit: 'act',
    done: 'SELECT max(version) FROM piculus.approval_policies',
    act: 'change-approval-policy',
    async prepare(world) {
      await policyOf(world, 'as-configured');
      const { version, mode, singlePerson, rules } = await world.requester.getApprovalPolicy();
      const body = { version, mode, singlePerson, rules, ...reason };
      return () => world.requester.setApprovalPolicy({ body });
    },
  },
  {
    name: 'a solution is made',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.solutions',
    act: 'create-solution',
    async prepare({ requester }) {
      const fixCode = newCode();
      return () => requester.createSolution({ body: { ...manual, fixCode } });
    },
  },
  {
    name: 'a solution is changed',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.solution_versions',
    act: 'change-solution',
    async prepare({ requester }) {
      const { id } = await requester.createSolution({ body: { ...manual, fixCode: newCode() } });
      return () => requester.changeSolution({ params: { id }, body: { description: 'another' } });
    },
  },
  {
    name: 'a solution is removed',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.solutions WHERE deleted_at IS NOT NULL',
    act: 'delete-solution',
    async prepare({ requester }) {
      const { id } = await requester.createSolution({ body: { ...manual, fixCode: newCode() } });
      return () => requester.deleteSolution({ params: { id } });
    },
  },
  {
    name: 'solutions are imported',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.solutions',
    act: 'create-solution',
    async prepare({ requester }) {
      const items = [{ ...manual, fixCode: newCode() }];
      return () => requester.importSolutions({ body: { items } });
    },
  },
];

const OF_COLLECTS: readonly Act[] = [
  {
    name: 'a collect is asked for',
    commit: 'act',
    done: 'SELECT count(*) FROM piculus.collections',
    act: 'start-collection',
    prepare:
      async ({ requester }) =>
      () =>
        requester.startCollection({ body: { sysCodes: [SYSTEM] } }),
  },
  {
    name: 'a collect is cancelled',
    commit: 'act',
    done: `SELECT count(*) FROM piculus.collect_commands WHERE state = 'cancelled'`,
    act: 'cancel-collection',
    async prepare({ requester }) {
      const { id } = await requester.startCollection({ body: { sysCodes: [SYSTEM] } });
      return () => requester.cancelCollection({ params: { id } });
    },
  },
  {
    name: 'a collect is begun by its time',
    commit: 'collect start',
    done: 'SELECT count(*) FROM piculus.collections',
    act: 'start-collection',
    byItself: 'soon',
    prepare: async (world) => async () => {
      await timePasses(
        world,
        `UPDATE piculus.collect_commands SET state = 'cancelled', finished_at = now() WHERE finished_at IS NULL`,
      );
      await timePasses(
        world,
        `UPDATE piculus.systems SET collect_tick_at = date_trunc('day', now() - interval '2 years')`,
      );
    },
  },
  {
    name: 'a collect that nobody brings to an end fails',
    commit: 'collect rescue',
    done: `SELECT count(*) FROM piculus.collect_commands WHERE state = 'failed'`,
    act: null,
    byItself: 'soon',
    async prepare(world) {
      const { id } = await world.requester.startCollection({ body: { sysCodes: [SYSTEM] } });
      return () =>
        timePasses(world, `UPDATE piculus.collect_commands SET epoch = 20 WHERE collection_id = ${id}`);
    },
  },
];

const OF_TICKS: readonly Act[] = [
  {
    name: 'ticks of a solution begin',
    commit: 'ticks begin',
    done: 'SELECT count(*) FROM piculus.solutions WHERE tick_at IS NOT NULL',
    act: null,
    byItself: 'soon',
    prepare: async (world) => async () => {
      const body = { ...manual, executionMode: 'automatic', fixCode: newCode() } as const;
      const { id } = await world.requester.createSolution({ body });
      await timePasses(world, `UPDATE piculus.solutions SET tick_at = NULL WHERE id = ${id}`);
    },
  },
  {
    name: 'what is left of a tick is dropped',
    commit: 'ticks end',
    done: 'SELECT count(*) FROM piculus.solutions WHERE tick_done',
    act: null,
    byItself: 'soon',
    prepare: async (world) => async () => {
      const { id } = await world.requester.createSolution({ body: { ...manual, fixCode: newCode() } });
      await timePasses(world, `UPDATE piculus.solutions SET tick_done = false WHERE id = ${id}`);
    },
  },
];

/** Those that need rules first: the last of the others does away with them. */
export const ACTS: readonly Act[] = [
  ...ASKED,
  ...OF_PROBLEMS,
  ...OF_COLLECTS,
  ...OF_SETTINGS,
  ...OF_TICKS,
  ...ACCESS,
  ...HALTS,
];
