/**
 * What answers of a lease change, whoever gives them: the client with its results, or the rescuer with
 * `unknown`. Called with the lease locked; executions are appended and each problem is touched once.
 */
import {
  commandKey,
  type Effect,
  type Facts,
  type Outcome,
  PiculusError,
  type StoredProblemState,
} from '@piculus/protocol';
import { writeAudits } from '../audit/audit.ts';
import { afterOutcome, isOpen } from '../problems/rules.ts';
import type { AuditRow } from '../store/audit.ts';
import type { Tx } from '../store/database.ts';
import {
  type ExecutionBatch,
  insertExecutions,
  type NewExecution,
  toldEffects,
} from '../store/executions.ts';
import type { LeaseRow } from '../store/leases.ts';
import { countCanaries } from '../store/limits.ts';
import { applyCountDeltas, CountDeltas } from '../store/problem-counts.ts';
import { type MovedProblem, moveProblems, type ProblemRow, problemsByIds } from '../store/problems.ts';
import { answerRunRequests } from '../store/run-requests.ts';
import { lowerTickFloor } from '../store/ticks.ts';

/** One answer, as a client's result or the rescuer gives it. */
export interface Answer {
  readonly problemId: string;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly alarm?: string | undefined;
  readonly effects: readonly Effect[];
  readonly replayed: boolean;
  readonly verified: boolean;
  readonly facts: Facts | null;
  readonly startedAt: Date | null;
}

export interface Answered {
  readonly executionIds: readonly string[];
  /** Bulk runs whose results changed. */
  readonly bulkRunIds: readonly string[];
}

export interface AnswerBatch {
  readonly lease: LeaseRow;
  /** As they are under the lease's lock, by id: nobody else moves them. */
  readonly problems: ReadonlyMap<string, ProblemRow>;
  readonly answers: readonly Answer[];
  readonly notYetMaxMs: number;
  readonly at: Date;
  /**
   * Whether clicks that came to `unknown` go to another client as long as a retry is left: nobody has answered the
   * person who clicked.
   */
  readonly clicksGoOn?: boolean;
}

export async function problemsOf(
  tx: Tx,
  answers: readonly Pick<Answer, 'problemId'>[],
): Promise<ReadonlyMap<string, ProblemRow>> {
  const ids = answers.map(({ problemId }) => problemId);
  return new Map((await problemsByIds(tx, ids)).map((row) => [row.id, row]));
}

export async function storeAnswers(tx: Tx, batch: AnswerBatch): Promise<Answered> {
  const { problems: rows } = batch;
  const told = await toldEffects(
    tx,
    batch.answers
      .filter(({ problemId, effects }) => effects.length > 0 && (rows.get(problemId)?.attempts ?? 0) > 0)
      .map(({ problemId }) => problemId),
  );
  const about = batchOf(batch);
  const executions: NewExecution[] = [];
  const moves: MovedProblem[] = [];
  const goingOn = new Set<string>();
  const deltas = new CountDeltas();
  for (const answer of batch.answers) {
    const row = rows.get(answer.problemId);
    if (row === undefined) continue;
    const move = moved(row, answer, batch);
    const execution = asExecution(row, answer, batch, move.state, told);
    executions.push(execution);
    moves.push(move);
    if (batch.clicksGoOn === true && answer.outcome === 'unknown' && move.retriesUsed > row.retriesUsed)
      goingOn.add(row.id);
    deltas.move(row, move);
    deltas.executed(about, execution);
    if (answer.outcome === 'fixed' && !answer.verified) deltas.contradicted({ ...row, at: batch.at });
  }
  const answered = batch.answers
    .filter(({ problemId }) => rows.has(problemId))
    .map(({ problemId, outcome, reason }) => ({
      problemId,
      outcome,
      reason,
      goesOn: goingOn.has(problemId),
    }));
  const [executionIds, movedCount, bulkRunIds] = await Promise.all([
    insertExecutions(tx, about, executions),
    moveProblems(tx, batch.at, moves),
    answerRunRequests(tx, answered, batch.at),
  ]);
  // Nobody but the holder of the lease moves them; should that ever fail, the answer is taken anew, not half.
  if (movedCount !== moves.length) throw new PiculusError('internal', 'a problem was moved beside its lease');
  // Bulk runs before counts, as everybody takes them.
  await Promise.all([
    lowerFloor(tx, batch.lease, rows, moves),
    writeAudits(tx, alarms(batch)),
    countCanaries(tx, canariesOf(batch)),
    applyCountDeltas(tx, deltas),
  ]);
  return { executionIds, bulkRunIds };
}

function moved(row: ProblemRow, answer: Answer, { lease, notYetMaxMs, at }: AnswerBatch): MovedProblem {
  // The lease keeps everybody from ending it meanwhile; should that ever fail, the end stands and is told.
  const next = isOpen(row.state)
    ? afterOutcome(row, {
        outcome: answer.outcome,
        didIt: answer.effects.length > 0,
        verified: answer.verified,
        maxRetries: lease.maxRetries,
        notYetMaxMs,
        at,
      })
    : row;
  return {
    id: row.id,
    from: row.state,
    state: next.state,
    stateChangedAt: next.stateChangedAt,
    notYetSince: next.notYetSince,
    attempts: next.attempts,
    retriesUsed: next.retriesUsed,
    reopenCount: next.reopenCount,
    reopened: next.reopened,
    outcome: answer.outcome,
    reason: answer.reason,
  };
}

function batchOf({ lease, at }: AnswerBatch): ExecutionBatch {
  const { sysCode, fixCode, trigger, solutionVersion, clientId } = lease;
  return {
    sysCode,
    fixCode,
    trigger,
    solutionVersion,
    leaseId: lease.id,
    clientId,
    dispatchedAt: lease.leasedAt,
    // Our own clock: ids and times of executions grow together, whatever the clients' clocks say.
    finishedAt: at,
  };
}

function asExecution(
  row: ProblemRow,
  answer: Answer,
  { lease, at }: AnswerBatch,
  stateAfter: StoredProblemState,
  told: ReadonlySet<string>,
): NewExecution {
  const fresh = answer.effects.filter(({ key }) => !told.has(`${row.id} ${key}`));
  return {
    problemId: row.id,
    businessKey: row.businessKey,
    attempt: row.attempts + 1,
    commandKey: commandKey(row),
    outcome: answer.outcome,
    stateBefore: row.state,
    stateAfter,
    reason: answer.reason,
    effects: answer.effects,
    movedMinor: fresh.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n).toString(),
    replayed: answer.replayed,
    verified: answer.verified,
    facts: answer.facts,
    startedAt: within(answer.startedAt, lease.leasedAt, at),
  };
}

function within(time: Date | null, from: Date, to: Date): Date | null {
  if (time === null) return null;
  return new Date(Math.min(Math.max(time.getTime(), from.getTime()), to.getTime()));
}

/** A problem that a click took from behind the floor may wait for ticks again. */
async function lowerFloor(
  tx: Tx,
  lease: LeaseRow,
  rows: ReadonlyMap<string, ProblemRow>,
  moves: readonly MovedProblem[],
): Promise<void> {
  if (lease.trigger === 'tick') return;
  const waiting = moves
    .filter(({ id, state }) => state === 'pending' && rows.get(id)?.handling === 'fix')
    .map(({ id }) => BigInt(id));
  const [first, ...others] = waiting;
  if (first === undefined) return;
  let lowest = first;
  for (const id of others) if (id < lowest) lowest = id;
  await lowerTickFloor(tx, lease.sysCode, lease.fixCode, lowest.toString());
}

/** A canary is a click whose repair was verified, or that found everything right. */
function canariesOf({ lease, answers }: AnswerBatch): Parameters<typeof countCanaries>[1] {
  const good = answers.filter(
    ({ outcome, verified }) => outcome === 'already-right' || (outcome === 'fixed' && verified),
  );
  const executions = lease.trigger === 'tick' ? 0 : good.length;
  return { solutionId: lease.solutionId, version: lease.solutionVersion, executions };
}

function alarms({ lease, answers, at }: AnswerBatch): AuditRow[] {
  return answers.flatMap(({ problemId, alarm, reason }) =>
    alarm === undefined
      ? []
      : {
          at,
          actor: 'policy:alarm',
          act: 'alarm',
          sysCode: lease.sysCode,
          problemId,
          reason,
          detail: { code: alarm, leaseId: lease.id, clientId: lease.clientId },
        },
  );
}
