/**
 * What people do with one problem: close, reopen. Each is one transaction under the lock of its system, so that
 * no claim takes the problem in between, with its audit row inside. Running is in ./runs.ts.
 */
import { PiculusError } from '@piculus/protocol';
import { type Approved, requireSecond } from '../approvals/gate.ts';
import { writeAudits } from '../audit/audit.ts';
import { type Caller, requireThere } from '../base/access.ts';
import { afterwards, type Done } from '../base/done.ts';
import type { Context } from '../base/services.ts';
import { announceBulkRuns } from '../bulk-runs/announce.ts';
import { announceProblems } from '../executions/announce.ts';
import type { Tx } from '../store/database.ts';
import { lockSystemsOf } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import { applyCountDeltas, CountDeltas } from '../store/problem-counts.ts';
import { listedByIds } from '../store/problem-lists.ts';
import { moveProblems, problemsByIds } from '../store/problems.ts';
import { dropRunRequests } from '../store/run-requests.ts';
import { type ActAnswer, afterClose, afterReopen, type ProblemCore } from './rules.ts';

export async function closeProblem(
  context: Context,
  id: string,
  caller: Caller,
  reason: string,
): Promise<void> {
  const about = { id, caller, reason, name: 'close', rule: afterClose, approved: null } as const;
  afterwards(await committed(context, 'act', (tx) => act(tx, context, about)));
}

export async function reopenProblem(
  context: Context,
  id: string,
  caller: Caller,
  reason: string,
): Promise<void> {
  afterwards(
    await committed(context, 'act', (tx) => reopenProblemIn(tx, context, { id, caller, reason }, null)),
  );
}

export function reopenProblemIn(
  tx: Tx,
  context: Context,
  about: Pick<Act, 'id' | 'caller' | 'reason'>,
  approved: Approved | null,
): Promise<Done<void>> {
  const rule: Act['rule'] = (row, _executing, at) => afterReopen(row, at);
  return act(tx, context, { ...about, name: 'reopen', rule, approved });
}

interface Act {
  readonly id: string;
  readonly caller: Caller;
  readonly reason: string;
  readonly name: 'close' | 'reopen';
  readonly rule: (row: ProblemCore, executing: boolean, at: Date) => ActAnswer;
  readonly approved: Approved | null;
}

async function act(
  tx: Tx,
  context: Context,
  { id, caller, reason, name, rule, approved }: Act,
): Promise<Done<void>> {
  if (reason.trim() === '') throw new PiculusError('reason-required');
  const { actor } = caller;
  const view = caller.scope('view');
  const at = context.clock.now();
  await lockSystemsOf(tx, [id], view);
  // The lease is looked at before the problem: results do not take the system's lock, and one that commits
  // in between would leave a problem that is no longer executing with the state of before.
  const [listed] = await listedByIds(tx, [id], view, at);
  const [row] = await problemsByIds(tx, [id]);
  if (row === undefined || listed === undefined) throw new PiculusError('not-found');
  requireThere(caller, 'execute', row.sysCode);
  const answer = rule(row, listed.executing, at);
  if ('refused' in answer) throw new PiculusError(answer.refused);
  if (name === 'reopen' && row.state === 'fixed') await requireSecond(tx, 'reopen-fixed', approved);
  const { next } = answer;
  const moves = [{ ...next, id, from: row.state, outcome: null, reason: null }];
  if ((await moveProblems(tx, at, moves)) === 0) throw new PiculusError('wrong-state');
  const cause = name === 'close' ? 'problem-closed' : 'problem-reopened';
  const dropped = await dropRunRequests(tx, { problemId: id }, { cause, note: reason, at, told: null });
  const detail = { from: row.state, to: next.state };
  const states = { before: { state: row.state }, after: { state: next.state } };
  const told = { sysCode: row.sysCode, problemId: id, reason, detail, ...states };
  await writeAudits(tx, [{ at, actor, act: name, ...told }]);
  const deltas = new CountDeltas();
  deltas.remove(row);
  deltas.add({ ...row, state: next.state, reopened: next.reopened });
  await applyCountDeltas(tx, deltas);
  return {
    answer: undefined,
    announce: () => {
      announceBulkRuns(context, dropped.bulkRunIds, [row.sysCode]);
      announceProblems(context, row.sysCode, [id]);
    },
  };
}
