/** Executions: leases for clients, their results, and the lists of both. */
import { commandKey } from '@piculus/protocol';
import type { Execution, Lease } from '@piculus/protocol/http';
import type { Scope } from '../base/access.ts';
import type { Context, Executions } from '../base/services.ts';
import { afterId, pageOf } from '../base/paging.ts';
import { asProblem, nextTicksFrom } from '../problems/views.ts';
import { type ExecutionRow, listExecutions } from '../store/executions.ts';
import { type LeaseRow, openLeases, renewLeases } from '../store/leases.ts';
import { listedByIds } from '../store/problem-lists.ts';
import { claim } from './claim.ts';
import { measuredClaim } from './figures.ts';
import { giveBack, takeBack } from './give-back.ts';
import { EXECUTION_DEFAULTS, type ExecutionOptions } from './options.ts';
import { record } from './record.ts';
import { rescueExpired } from './rescue.ts';

const LEASES_SHOWN_MAX = 1_000;
const LEASE_ITEMS_SHOWN_MAX = 100;

export interface ExecutionsRoom extends Executions {
  /** Ends expired leases. @returns how many. */
  rescueExpired(): Promise<number>;
}

export function createExecutions(context: Context, given: Partial<ExecutionOptions> = {}): ExecutionsRoom {
  const options: ExecutionOptions = { ...EXECUTION_DEFAULTS, ...given };
  const { db, clock } = context;
  return {
    claim: (session, max, isDue = false) =>
      measuredClaim(context, session.sysCode, () => claim(context, options, session, { max, isDue })),
    record: (session, body) => record(context, options, session, body),
    rescueExpired: () => rescueExpired(context, options),
    giveBack: (leaseId, session) => giveBack(context, leaseId, session?.connection ?? null),
    takeBack: (session, body) => takeBack(context, session, body),
    renew: async (clientId, leaseIds, connection = null) => {
      if (leaseIds.length === 0) return new Set();
      const expiresAt = new Date(clock.now().getTime() + options.leaseMs);
      return new Set(await renewLeases(db, { clientId, connection }, leaseIds, expiresAt));
    },
    running: async (caller) => (await openLeases(db, caller.scope('view'), LEASES_SHOWN_MAX)).map(asLease),
    list: async ({ limit, after, ...filter }, caller) => {
      const scope = caller.scope('view');
      const rows = await listExecutions(db, filter, scope, afterId(after), limit + 1);
      const { items, next } = pageOf(rows, limit);
      return { items: await withNextTicks(context, items, scope), next };
    },
  };
}

function asLease(row: LeaseRow): Lease {
  const answered = new Set(row.answeredIds);
  const items = row.problemIds.slice(0, LEASE_ITEMS_SHOWN_MAX).map((problemId, index) => ({
    problemId,
    // The two arrays are written together, one entry per problem.
    businessKey: row.businessKeys[index] ?? '',
    answered: answered.has(problemId),
  }));
  return {
    id: row.id,
    sysCode: row.sysCode,
    fixCode: row.fixCode,
    clientId: row.clientId,
    trigger: row.trigger,
    problems: row.problemIds.length,
    answered: row.answeredIds.length,
    items,
    leasedAt: row.leasedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
  };
}

/** Tells of the latest try of each problem when it is tried again by itself. */
async function withNextTicks(
  { db, clock }: Context,
  rows: readonly ExecutionRow[],
  scope: Scope,
): Promise<Execution[]> {
  const ids = rows.filter(({ stateAfter }) => stateAfter === 'pending').map(({ problemId }) => problemId);
  const now = clock.now();
  const ticks = nextTicksFrom(now);
  const listed = ids.length === 0 ? [] : await listedByIds(db, [...new Set(ids)], scope, now);
  const problems = new Map(listed.map((row) => [row.id, row]));
  return rows.map((row) => {
    const problem = problems.get(row.problemId);
    // Attempts count from the last reopening, which makes another command key.
    const isLatest = problem?.attempts === row.attempt && commandKey(problem) === row.commandKey;
    const waits = problem !== undefined && isLatest && row.stateAfter === 'pending';
    return { ...asExecution(row), nextTickAt: waits ? asProblem(problem, ticks).nextTickAt : null };
  });
}

/** An execution as the API shows it. */
export function asExecution(row: ExecutionRow): Execution {
  const { leaseId: _lease, stateBefore: _before, ...shown } = row;
  return {
    ...shown,
    effects: [...row.effects],
    dispatchedAt: row.dispatchedAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt.toISOString(),
    nextTickAt: null,
  };
}
