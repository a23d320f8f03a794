/** Results of a client, guarded by its lease. A repeat changes nothing; a late answer is refused. */
import { type ClientMessageBody, commandKey, type FixResult, PiculusError } from '@piculus/protocol';
import type { Context, Session } from '../base/services.ts';
import { requireNotNewer } from '../store/fencing.ts';
import { answerLease, type LeaseRow, lockLease } from '../store/leases.ts';
import { committed } from '../store/pool.ts';
import type { ProblemRow } from '../store/problems.ts';
import { type Answer, problemsOf, storeAnswers } from './answers.ts';
import { announce } from './announce.ts';
import { countAnswers } from './figures.ts';
import type { ExecutionOptions } from './options.ts';

export async function record(
  context: Context,
  options: ExecutionOptions,
  session: Session,
  body: ClientMessageBody<'fix-results'>,
): Promise<void> {
  const done = await committed(context, 'result', async (tx) => {
    // Sent together, done in this order: the problems are read once the lease is held.
    const [lease, problems] = await Promise.all([lockLease(tx, body.leaseId), problemsOf(tx, body.results)]);
    const results = openResults(lease, session, body);
    if (lease === null || results.length === 0) return null;
    refuseOtherKeys(problems, results);
    const at = context.clock.now();
    const answers = results.map(asAnswer);
    const answeredIds = answers.map(({ problemId }) => problemId);
    const all = lease.answeredIds.length + answeredIds.length === lease.problemIds.length;
    const held = { id: lease.id, epoch: lease.epoch, connection: session.connection ?? null };
    const [stored] = await Promise.all([
      storeAnswers(tx, { lease, problems, answers, notYetMaxMs: options.notYetMaxMs, at }),
      answerLease(tx, held, { answeredIds, closedAt: all ? at : null }),
    ]);
    const alarms = answers.filter(({ alarm }) => alarm !== undefined);
    return { lease, answers, problemIds: answeredIds, stored, alarms };
  });
  if (done === null) return;
  countAnswers(context, done.lease, done.answers);
  for (const { problemId, alarm, reason } of done.alarms) {
    context.log.error({ problemId, alarm, reason, clientId: session.clientId }, 'a client raised an alarm');
  }
  announce(context, session.sysCode, done.problemIds, done.stored);
}

/** @returns the results that are not stored yet: none where the message is a repeat. */
function openResults(
  lease: LeaseRow | null,
  session: Session,
  { epoch, results }: ClientMessageBody<'fix-results'>,
): FixResult[] {
  if (lease === null || lease.sysCode !== session.sysCode) throw new PiculusError('unknown-command');
  if (lease.clientId !== session.clientId) throw new PiculusError('stale-lease');
  requireNotNewer(lease.connection, session.connection ?? null);
  const named = new Map(lease.problemIds.map((id, index) => [id, lease.evidenceHashes?.[index]]));
  const answered = new Set(lease.answeredIds);
  const open = new Map<string, FixResult>();
  for (const result of results) {
    if (!named.has(result.problemId)) {
      throw new PiculusError('unknown-command', `the lease does not name problem ${result.problemId}`);
    }
    refuseOtherEvidence(result, named.get(result.problemId));
    if (!answered.has(result.problemId)) open.set(result.problemId, result);
  }
  if (open.size > 0 && (lease.closedAt !== null || lease.epoch !== epoch))
    throw new PiculusError('stale-lease');
  return [...open.values()];
}

/** The command went out for this evidence; an answer to another one is not an answer to it. */
function refuseOtherEvidence({ problemId, evidenceHash }: FixResult, sentFor: string | undefined): void {
  if (sentFor === undefined || evidenceHash === sentFor) return;
  throw new PiculusError('evidence-mismatch', `other evidence than was sent for problem ${problemId}`);
}

/** An answer to another command than the one that was sent would be booked under the wrong key. */
function refuseOtherKeys(problems: ReadonlyMap<string, ProblemRow>, results: readonly FixResult[]): void {
  for (const { problemId, commandKey: given } of results) {
    const row = problems.get(problemId);
    if (row === undefined || commandKey(row) !== given) {
      throw new PiculusError('unknown-command', `another command key than was sent for problem ${problemId}`);
    }
  }
}

/** Each by its name: spreading one object into another costs ten times as much, and this is done for every result. */
function asAnswer(result: FixResult): Answer {
  return {
    problemId: result.problemId,
    outcome: result.outcome,
    reason: result.reason,
    alarm: result.alarm,
    effects: result.effects,
    replayed: result.replayed,
    verified: result.verified,
    facts: result.facts,
    startedAt: new Date(result.startedAt),
  };
}
