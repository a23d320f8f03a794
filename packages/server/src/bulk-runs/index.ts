/** Bulk runs: many problems run at once by a person, and what came of each. They are made in ../problems/runs.ts. */
import { PiculusError } from '@piculus/protocol';
import { BULK_RESULTS, type BulkRun, type BulkRunItem } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { afterId, pageOf } from '../base/paging.ts';
import { type Caller, reach, type Scope } from '../base/access.ts';
import type { BulkRuns, Context } from '../base/services.ts';
import {
  bulkRunById,
  type BulkRunItemRow,
  type BulkRunRow,
  listBulkRunItems,
  listBulkRuns,
  type Viewer,
} from '../store/bulk-run-lists.ts';
import { lockSystems } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import { dropRunRequests, markCancelled, systemsOfBulkRun } from '../store/run-requests.ts';
import { oneOf } from '../store/words.ts';
import { announceDropped } from './drops.ts';
import { reasonOf } from './words.ts';

export function createBulkRuns(context: Context): BulkRuns {
  const { db } = context;
  const existing = async (id: string, caller: Caller): Promise<BulkRunRow> => {
    const row = await bulkRunById(db, viewerOf(caller), id);
    if (row === null) throw new PiculusError('not-found');
    return row;
  };
  return {
    list: async ({ limit, after, requestedBy }, caller) => {
      const viewer = viewerOf(caller);
      const page = { requestedBy, before: afterId(after), limit: limit + 1 };
      const rows = await listBulkRuns(db, viewer, page);
      return pageOf(
        rows.map((row) => asBulkRun(row, viewer)),
        limit,
      );
    },
    get: async (id, caller) => asBulkRun(await existing(id, caller), viewerOf(caller)),
    items: async (id, { limit, after, result }, caller) => {
      await existing(id, caller);
      const page = { bulkRunId: id, results: distinct(result), before: afterId(after), limit: limit + 1 };
      const { items, next } = pageOf(await listBulkRunItems(db, caller.scope('view'), page), limit);
      return { items: items.map(asItem), next };
    },
    cancel: async (id, caller, reason) => {
      await existing(id, caller);
      await cancel(context, id, caller, reason);
      return asBulkRun(await existing(id, caller), viewerOf(caller));
    },
  };
}

const viewerOf = ({ actor, scope }: Caller): Viewer => ({ actor, scope: scope('view') });

/** A result that is named twice would give its items twice. */
const distinct = <T>(values: readonly T[] | undefined): T[] | undefined =>
  values === undefined ? undefined : [...new Set(values)];

/**
 * Drops what waits in the systems where the caller may run. Again, it drops nothing more and tells nothing more;
 * where all was answered it is refused.
 */
async function cancel(context: Context, id: string, caller: Caller, reason: string): Promise<void> {
  if (reason.trim() === '') throw new PiculusError('reason-required');
  const { actor } = caller;
  const scope = reach(caller, 'execute');
  const dropped = await committed(context, 'act', async (tx) => {
    const at = context.clock.now();
    if ((await bulkRunById(tx, { actor, scope }, id)) === null)
      throw new PiculusError('not-allowed', 'this needs the permission to execute');
    const systems = await systemsOfBulkRun(tx, id, scope);
    if (systems.length === 0) throw new PiculusError('wrong-state', 'nothing of it waits any more');
    await lockSystems(tx, systems);
    const told = { actor, reason };
    const done = await dropRunRequests(
      tx,
      { bulkRunId: id, scope },
      { cause: 'run-cancelled', note: reason, at, told },
    );
    const marked = await markCancelled(tx, id, scope);
    if (done.problems.length + marked > 0) {
      const detail = { dropped: done.problems.length, withClients: marked };
      await writeAudit(tx, { at, actor, act: 'cancel-bulk-run', target: `bulk-run:${id}`, reason, detail });
    }
    return done;
  });
  announceDropped(context, dropped);
}

function asBulkRun(row: BulkRunRow, { scope }: Viewer): BulkRun {
  const { requestedAt, finishedAt, results, filter, ...same } = row;
  const counts: BulkRun['results'] = {};
  for (const [result, problems] of Object.entries(results)) counts[oneOf(BULK_RESULTS, result)] = problems;
  return {
    ...same,
    requestedAt: requestedAt.toISOString(),
    results: counts,
    filter: filter === null ? null : limited(filter, scope),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}

/** The systems that somebody filtered by may be more than another person may know of. */
function limited(filter: Record<string, unknown>, scope: Scope): Record<string, unknown> {
  const { sysCode } = filter;
  if (scope === 'all' || !Array.isArray(sysCode)) return filter;
  return { ...filter, sysCode: sysCode.filter((code) => scope.has(code)) };
}

function asItem({ id, result: word, code, note, ...same }: BulkRunItemRow): BulkRunItem {
  const result = oneOf(BULK_RESULTS, word);
  return { ...same, problemId: id, result, reason: reasonOf({ result, code, note }) };
}
