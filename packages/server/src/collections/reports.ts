/** What a client tells of its collect command: problems, progress, the end. One transaction each. */
import { type ClientMessageBody, PiculusError, type ProblemReport } from '@piculus/protocol';
import type { Context, Session } from '../base/services.ts';
import { confirmFixed } from '../problems/confirm.ts';
import { ingestReport } from '../problems/ingest.ts';
import { readAnnouncedFixes } from '../store/clients.ts';
import * as commands from '../store/collect-commands.ts';
import { finishCollection } from '../store/collections.ts';
import type { Tx } from '../store/database.ts';
import { requireNotNewer } from '../store/fencing.ts';
import { committed } from '../store/pool.ts';
import { applyCountDeltas, CountDeltas } from '../store/problem-counts.ts';
import { contradictedByCollect } from '../store/report-counts.ts';
import type { LeaseOptions } from './commands.ts';
import { admit, chooseCollectors, endOf } from './rules.ts';

const ROW_ID = /^[1-9][0-9]{0,18}$/;
const ROW_ID_MAX = 2n ** 63n - 1n;

/** Ids on the wire are short texts; those that cannot be a row's are nobody's command. */
export function isRowId(text: string): boolean {
  return ROW_ID.test(text) && BigInt(text) <= ROW_ID_MAX;
}

/** The command's row, locked, for the client that may speak of it. */
async function admitted(tx: Tx, session: Session, body: { commandId: string; epoch: number }) {
  if (!isRowId(body.commandId)) throw new PiculusError('unknown-command');
  const row = await commands.lockCommand(tx, body.commandId);
  const found = admit(row, { sysCode: session.sysCode, clientId: session.clientId, epoch: body.epoch });
  requireNotNewer(found.row.connection, session.connection ?? null);
  return found;
}

export interface Stored {
  readonly collectionId: string;
  /** Problems that are new or changed. */
  readonly ids: readonly string[];
  /** How many of each kind; null for a repeat. */
  readonly counts: { readonly new: number; readonly again: number; readonly reopened: number } | null;
}

/**
 * Stores one batch of problems. A repeat is taken for stored, also after the end of the command.
 * @throws PiculusError `unknown-command`, `stale-lease`.
 */
export function storeReport(
  context: Context,
  session: Session,
  body: ClientMessageBody<'problems'>,
  { leaseMs }: LeaseOptions,
): Promise<Stored> {
  return committed(context, 'report', async (tx) => {
    const { row, ended } = await admitted(tx, session, body);
    const repeated = await commands.isReportStored(tx, row.id, row.epoch, body.sequence);
    if (repeated) return { collectionId: row.collection_id, ids: [], counts: null };
    // A cancelled or ended collect takes no more; its client stops when it reads this.
    if (ended) throw new PiculusError('stale-lease', 'this collect has ended');
    const at = context.clock.now();
    const problems: readonly ProblemReport[] = body.problems;
    const ingested = await ingestReport(tx, {
      sysCode: row.sys_code,
      commandId: row.id,
      epoch: row.epoch,
      sequence: body.sequence,
      clientId: session.clientId,
      at,
      problems,
    });
    await commands.addReport(tx, row.id, {
      epoch: row.epoch,
      connection: session.connection ?? null,
      sequence: body.sequence,
      problems: problems.length,
      inserted: ingested.inserted,
      leaseExpiresAt: new Date(at.getTime() + leaseMs),
    });
    const { ids, inserted, seenAgain, reopened } = ingested;
    return { collectionId: row.collection_id, ids, counts: { new: inserted, again: seenAgain, reopened } };
  });
}

/** @returns the collection's id. */
export function storeProgress(
  context: Context,
  session: Session,
  body: ClientMessageBody<'collect-progress'>,
  { leaseMs }: LeaseOptions,
): Promise<string> {
  return committed(context, 'collect progress', async (tx) => {
    const { row, ended } = await admitted(tx, session, body);
    if (ended) throw new PiculusError('stale-lease', 'this collect has ended');
    const leaseExpiresAt = new Date(context.clock.now().getTime() + leaseMs);
    await commands.setProgress(tx, row.id, {
      epoch: row.epoch,
      connection: session.connection ?? null,
      rowsScanned: body.rowsScanned,
      leaseExpiresAt,
    });
    return row.collection_id;
  });
}

/**
 * Ends the command honestly and confirms the fixes that it looked at again. A repeat changes nothing.
 * @returns the collection's id.
 */
export function storeDone(
  context: Context,
  session: Session,
  body: ClientMessageBody<'collect-done'>,
): Promise<string> {
  return committed(context, 'collect end', async (tx) => {
    const { row, ended } = await admitted(tx, session, body);
    if (ended) return row.collection_id;
    const at = context.clock.now();
    const arrived = await commands.reportsStored(tx, row.id, row.epoch);
    const { missing } = chooseCollectors(row.fix_codes, session.collectors);
    const end = endOf(body, { ...arrived, problemsReported: Number(row.problems_reported) }, missing);
    await commands.endCommand(tx, row.id, { ...end, at, rowsScanned: body.rowsScanned, feeds: body.feeds });
    if (end.state === 'complete') {
      await confirm(tx, session, row, body, at);
      await countContradictions(tx, row, at);
    }
    await finishCollection(tx, row.collection_id, at);
    return row.collection_id;
  });
}

/** What was fixed and is broken all the same counts against the fix, once a complete collect has said so. */
async function countContradictions(tx: Tx, row: commands.CommandRow, at: Date): Promise<void> {
  const deltas = new CountDeltas();
  for (const { fixCode, contradictions } of await contradictedByCollect(tx, row.id))
    deltas.contradicted({ sysCode: row.sys_code, fixCode, at }, contradictions);
  await applyCountDeltas(tx, deltas);
}

async function confirm(
  tx: Tx,
  session: Session,
  row: commands.CommandRow,
  body: ClientMessageBody<'collect-done'>,
  at: Date,
): Promise<void> {
  // Confirmation goes over all fixes of the system, so the collect must have looked for every kind of problem.
  if (row.fix_codes.length > 0) return;
  const announced = await readAnnouncedFixes(tx, row.sys_code);
  if (!announced.every(({ fix_code: fixCode }) => session.collectors.has(fixCode))) return;
  const reach = body.feeds.find((feed) => feed.side === 'bank')?.reachesTo ?? null;
  if (reach === null) return;
  await confirmFixed(tx, {
    sysCode: row.sys_code,
    commandId: row.id,
    windowFrom: row.window_from,
    windowTo: row.window_to,
    statementReachesTo: new Date(reach),
    at,
  });
}
