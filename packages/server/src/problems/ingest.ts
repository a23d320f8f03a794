/**
 * Stores what a collector found: a batch at a time, in the caller's transaction. New problems are inserted,
 * known ones are seen again, and what had ended is opened again where the rules say so.
 */
import { PiculusError, type ProblemReport } from '@piculus/protocol';
import type { Tx } from '../store/database.ts';
import { executingIds } from '../store/leases.ts';
import { lockSystem } from '../store/locks.ts';
import { applyCountDeltas, CountDeltas, type Counted } from '../store/problem-counts.ts';
import {
  insertProblems,
  type InsertedProblem,
  type ProblemRow,
  problemsByKeys,
  type SeenProblem,
  updateSeen,
} from '../store/problems.ts';
import { findReport, insertReport, type ReportChange } from '../store/reports.ts';
import { lowerTickFloor } from '../store/ticks.ts';
import { storableText } from '../store/json.ts';
import { afterReport, firstReported, type Reported } from './rules.ts';

export interface ReportBatch {
  readonly sysCode: string;
  readonly commandId: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly clientId: string;
  readonly at: Date;
  readonly problems: readonly ProblemReport[];
}

export interface Ingested {
  readonly inserted: number;
  readonly seenAgain: number;
  readonly reopened: number;
  /** Problems that are new or whose state changed; empty for a repeat. */
  readonly ids: readonly string[];
}

/** A repeat of (command, epoch, sequence) changes nothing and answers the counts of the first time. */
export async function ingestReport(tx: Tx, batch: ReportBatch): Promise<Ingested> {
  await lockSystem(tx, batch.sysCode);
  const repeated = await findReport(tx, batch);
  if (repeated !== null) return { ...repeated, ids: [] };

  const reports = lastOfEach(batch.problems);
  // The leases are read before the problems: a result that commits in between has moved its problem by then,
  // and the stale lease only makes it "seen".
  const executing = await executingIds(tx, batch.sysCode);
  const known = new Map<string, ProblemRow>();
  for (const row of await problemsByKeys(tx, batch.sysCode, reports)) known.set(keyOf(row), row);

  const work = sortOut(batch, reports, known, executing);
  const inserted = await insertProblems(tx, { ...batch, problems: work.fresh });
  countInserted(work, batch, inserted);
  await updateSeen(tx, { ...batch, problems: work.seen });
  for (const [fixCode, id] of work.floors) await lowerTickFloor(tx, batch.sysCode, fixCode, id);
  const counts = {
    inserted: inserted.length,
    seenAgain: work.seen.length - work.reopened,
    reopened: work.reopened,
  };
  await insertReport(tx, { ...batch, ...counts, changes: work.changes });
  await applyCountDeltas(tx, work.deltas);
  return {
    ...counts,
    ids: [...inserted.map(({ id }) => id), ...work.changes.map(({ problemId }) => problemId)],
  };
}

const keyOf = (one: { fixCode: string; businessKey: string }): string => `${one.fixCode}\n${one.businessKey}`;

/** A batch that names a problem twice means its last word; keys are compared as they are stored. */
function lastOfEach(problems: readonly ProblemReport[]): ProblemReport[] {
  const byKey = new Map<string, ProblemReport>();
  for (const problem of problems) {
    const report = { ...problem, businessKey: storableText(problem.businessKey) };
    byKey.set(keyOf(report), report);
  }
  return [...byKey.values()];
}

interface Work {
  readonly fresh: { report: ProblemReport; state: ProblemRow['state'] }[];
  readonly seen: SeenProblem[];
  readonly changes: ReportChange[];
  readonly deltas: CountDeltas;
  /** The lowest id that waits for a tick again, by fix code. */
  readonly floors: Map<string, string>;
  reopened: number;
}

function sortOut(
  batch: ReportBatch,
  reports: readonly ProblemReport[],
  known: ReadonlyMap<string, ProblemRow>,
  executing: ReadonlySet<string>,
): Work {
  const work: Work = {
    fresh: [],
    seen: [],
    changes: [],
    deltas: new CountDeltas(),
    floors: new Map(),
    reopened: 0,
  };
  for (const report of reports) {
    const row = known.get(keyOf(report));
    if (row === undefined) {
      const { state } = firstReported(report.handling, batch.at);
      work.fresh.push({ report, state });
      continue;
    }
    const answer = afterReport(row, {
      handling: report.handling,
      observedAt: oldestObservation(report),
      executing: executing.has(row.id),
      at: batch.at,
    });
    takeSeen(work, { batch, report, row, answer });
  }
  return work;
}

interface Sighting {
  readonly batch: ReportBatch;
  readonly report: ProblemReport;
  readonly row: ProblemRow;
  readonly answer: Reported;
}

function takeSeen(work: Work, { batch, report, row, answer: { effect, next } }: Sighting): void {
  work.seen.push({
    id: row.id,
    countSeen: row.lastCommandId !== batch.commandId,
    seenSinceClosed: next.seenSinceClosed,
    refresh:
      effect === 'seen'
        ? null
        : {
            report,
            state: next.state,
            stateChangedAt: next.stateChangedAt,
            reopen: effect === 'reopened' ? { reopened: next.reopened, reopenCount: next.reopenCount } : null,
          },
  });
  if (effect === 'seen') return;
  const after = counted(report, { ...row, state: next.state, reopened: next.reopened });
  // Most of what is seen again is told with newer facts and nothing else.
  if (COUNTED_UNDER.some((field) => row[field] !== after[field])) {
    work.deltas.remove(row);
    work.deltas.add(after);
  }
  if (effect === 'reopened') {
    work.reopened += 1;
    work.deltas.reported({ sysCode: batch.sysCode, fixCode: row.fixCode, at: batch.at });
  }
  if (next.state !== row.state) work.changes.push({ problemId: row.id, from: row.state, to: next.state });
  if (next.state === 'pending' && !next.reopened) {
    const lowest = work.floors.get(row.fixCode);
    if (lowest === undefined || BigInt(row.id) < BigInt(lowest)) work.floors.set(row.fixCode, row.id);
  }
}

/** New problems are counted once their ids are known. */
function countInserted(work: Work, { sysCode, at }: ReportBatch, inserted: readonly InsertedProblem[]): void {
  const ids = new Map(inserted.map((one) => [keyOf(one), one.id]));
  for (const { report, state } of work.fresh) {
    const id = ids.get(keyOf(report));
    if (id === undefined) throw new PiculusError('internal', 'a problem that was inserted has no id');
    work.deltas.add(counted(report, { id, sysCode, state, reopened: false, firstSeenAt: at }));
    work.deltas.reported({ sysCode, fixCode: report.fixCode, at });
  }
}

/** What of a problem a report can change and is counted. */
const COUNTED_UNDER = ['scenario', 'state', 'reopened', 'outOfPocket', 'currency', 'amountMinor'] as const;

type Kept = Pick<Counted, 'id' | 'sysCode' | 'state' | 'reopened' | 'firstSeenAt'>;
const counted = (report: ProblemReport, kept: Kept): Counted => ({
  fixCode: report.fixCode,
  scenario: report.scenario,
  outOfPocket: report.outOfPocket,
  currency: report.currency,
  amountMinor: report.amountMinor,
  id: kept.id,
  sysCode: kept.sysCode,
  state: kept.state,
  reopened: kept.reopened,
  firstSeenAt: kept.firstSeenAt,
});

/** The facts are as old as the oldest of the three sides. */
function oldestObservation({ facts }: ProblemReport): Date {
  return new Date(
    Math.min(...[facts.order, facts.ledger, facts.bank].map((side) => Date.parse(side.observedAt))),
  );
}
