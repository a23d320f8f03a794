/**
 * Retention. Only what is safe to forget goes: message logs, answered Idempotency-Keys, closed leases and clients
 * that went long ago. Problems, executions, acts and versions of solutions stay for ever.
 */
import type { Context, Loop } from '../base/services.ts';
import { deleteOldAloneAmounts } from '../store/approvals.ts';
import { deleteOldExecutionCounts } from '../store/execution-counts.ts';
import { deleteEmptyAges } from '../store/problem-ages.ts';
import { deleteOldReportCounts } from '../store/report-counts.ts';
import * as store from '../store/retention.ts';
import { deleteOldFailures, deleteQuietSessions } from '../store/sign-ins.ts';
import { deleteOldUnattendedCounts } from '../store/unattended-counts.ts';
import { FRESH_MS } from '../systems/index.ts';
import { createLoop } from './loop.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface RetentionOptions {
  readonly pollMs: number;
  readonly messageDays: number;
  readonly idempotencyKeyMs: number;
  readonly leaseMs: number;
  readonly clientMs: number;
  /** The counts of executions by time; the executions themselves stay. */
  readonly executionCountMs: number;
  /** Rows of one delete, so that no statement holds anybody up for long. */
  readonly batchRows: number;
  /** Deletes of one kind in one round; the rest waits for the next. */
  readonly batchesPerRound: number;
  readonly partitionDaysAhead: number;
}

export const RETENTION: RetentionOptions = {
  pollMs: 10 * 60_000,
  messageDays: 14,
  idempotencyKeyMs: DAY_MS,
  leaseMs: 7 * DAY_MS,
  clientMs: 30 * DAY_MS,
  executionCountMs: 30 * DAY_MS,
  batchRows: 1_000,
  batchesPerRound: 50,
  partitionDaysAhead: 3,
};

/** The first round begins with the loop, so that today's partition of messages is there early. */
export function createCleaner(
  context: Context,
  change: Partial<RetentionOptions> = {},
  onDuty: () => boolean = () => true,
): Loop {
  const options = { ...RETENTION, ...change };
  return createLoop({
    ...context,
    name: 'cleaner',
    wakeReason: null,
    pollMs: options.pollMs,
    onDuty,
    work: () => clean(context, options),
  });
}

async function clean(context: Context, options: RetentionOptions): Promise<void> {
  const { db, clock, log } = context;
  const now = clock.now();
  const ago = (ms: number): Date => new Date(now.getTime() - ms);
  const made = await store.createMessagePartitions(db, now, options.partitionDaysAhead);
  const messagesBefore = ago(options.messageDays * DAY_MS);
  const dropped = await store.dropMessagePartitions(db, messagesBefore);
  const silent = await store.markSilentClients(db, ago(FRESH_MS));
  const deletions: readonly (readonly [name: string, run: store.Deletion, before: Date])[] = [
    ['messages', store.deleteDefaultMessages, messagesBefore],
    ['idempotencyKeys', store.deleteIdempotencyKeys, ago(options.idempotencyKeyMs)],
    ['leases', store.deleteClosedLeases, ago(options.leaseMs)],
    ['clients', store.deleteGoneClients, ago(options.clientMs)],
    ['problemAges', deleteEmptyAges, ago(HOUR_MS)],
    ['executionCounts', deleteOldExecutionCounts, ago(options.executionCountMs)],
    ['reportCounts', deleteOldReportCounts, ago(options.executionCountMs)],
    ['signInFailures', deleteOldFailures, ago(DAY_MS)],
    ['sessions', deleteQuietSessions, ago(DAY_MS)],
    ['unattendedCounts', deleteOldUnattendedCounts, ago(DAY_MS)],
    // The limit of a day looks back 24 hours.
    ['aloneAmounts', deleteOldAloneAmounts, ago(2 * DAY_MS)],
  ];
  const deleted: Record<string, number> = {};
  for (const [name, run, before] of deletions) {
    deleted[name] = await inBatches((limit) => run(db, before, limit), options);
  }
  log.debug({ made, dropped, silent, deleted }, 'cleaned');
}

async function inBatches(
  run: (limit: number) => Promise<number>,
  { batchRows, batchesPerRound }: RetentionOptions,
): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < batchesPerRound; batch += 1) {
    const count = await run(batchRows);
    total += count;
    if (count < batchRows) break;
  }
  return total;
}
