/** Bulk runs: many problems run at once by a person, and what came of each. They are made in ../problems/runs.ts. */
import { PiculusError } from '@piculus/protocol';
import { BULK_RESULTS, type BulkRun, type BulkRunItem } from '@piculus/protocol/http';
import { writeAudit } from '../audit/audit.ts';
import { afterId, pageOf } from '../base/paging.ts';
import type { Actor, BulkRuns, Context } from '../base/services.ts';
import {
  bulkRunById,
  type BulkRunItemRow,
  type BulkRunRow,
  listBulkRunItems,
  listBulkRuns,
} from '../store/bulk-run-lists.ts';
import { lockSystems } from '../store/locks.ts';
import { transaction } from '../store/pool.ts';
import { dropRunRequests, systemsOfBulkRun } from '../store/run-requests.ts';
import { oneOf } from '../store/words.ts';
import { announceDropped } from './drops.ts';
import { reasonOf } from './words.ts';

export function createBulkRuns(context: Context): BulkRuns {
  const { db } = context;
  const existing = async (id: string): Promise<BulkRunRow> => {
    const row = await bulkRunById(db, id);
    if (row === null) throw new PiculusError('not-found');
    return row;
  };
  return {
    list: async ({ limit, after, requestedBy }) => {
      const rows = await listBulkRuns(db, { requestedBy, before: afterId(after), limit: limit + 1 });
      return pageOf(rows.map(asBulkRun), limit);
    },
    get: async (id) => asBulkRun(await existing(id)),
    items: async (id, { limit, after, result }) => {
      await existing(id);
      const page = { bulkRunId: id, results: distinct(result), before: afterId(after), limit: limit + 1 };
      const { items, next } = pageOf(await listBulkRunItems(db, page), limit);
      return { items: items.map(asItem), next };
    },
    cancel: async (id, { actor }, reason) => {
      await existing(id);
      await cancel(context, id, actor, reason);
      return asBulkRun(await existing(id));
    },
  };
}

/** A result that is named twice would give its items twice. */
const distinct = <T>(values: readonly T[] | undefined): T[] | undefined =>
  values === undefined ? undefined : [...new Set(values)];

/** Again, it drops nothing more and tells nothing more; where all was answered it is refused. */
async function cancel(context: Context, id: string, actor: Actor, reason: string): Promise<void> {
  if (reason.trim() === '') throw new PiculusError('reason-required');
  const dropped = await transaction(context.db, async (tx) => {
    const at = context.clock.now();
    const systems = await systemsOfBulkRun(tx, id);
    if (systems.length === 0) throw new PiculusError('wrong-state', 'nothing of it waits any more');
    await lockSystems(tx, systems);
    const told = { actor, reason };
    const done = await dropRunRequests(
      tx,
      { bulkRunId: id },
      { cause: 'run-cancelled', note: reason, at, told },
    );
    if (done.problems.length > 0) {
      const detail = { dropped: done.problems.length };
      await writeAudit(tx, { at, actor, act: 'cancel-bulk-run', target: `bulk-run:${id}`, reason, detail });
    }
    return done;
  });
  announceDropped(context, dropped);
}

function asBulkRun(row: BulkRunRow): BulkRun {
  const { requestedAt, finishedAt, results, ...same } = row;
  const counts: BulkRun['results'] = {};
  for (const [result, problems] of Object.entries(results)) counts[oneOf(BULK_RESULTS, result)] = problems;
  return {
    ...same,
    requestedAt: requestedAt.toISOString(),
    results: counts,
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}

function asItem({ id, result: word, code, note, ...same }: BulkRunItemRow): BulkRunItem {
  const result = oneOf(BULK_RESULTS, word);
  return { ...same, problemId: id, result, reason: reasonOf({ result, code, note }) };
}
