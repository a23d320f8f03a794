/**
 * What people do with problems: run, close, reopen. Each is one transaction under the locks of the systems it
 * touches, so that no claim takes a problem in between, with its audit rows inside.
 */
import { ERRORS, type ErrorCode, PiculusError, type Trigger } from '@piculus/protocol';
import type { ProblemFilter, RouteBody, RouteResponse } from '@piculus/protocol/http';
import { writeAudits } from '../audit/audit.ts';
import type { Actor, Context } from '../base/services.ts';
import { announceProblems } from '../executions/announce.ts';
import type { Tx } from '../store/database.ts';
import { storableText } from '../store/json.ts';
import { lockSystems } from '../store/locks.ts';
import { transaction } from '../store/pool.ts';
import { applyCountDeltas, CountDeltas } from '../store/problem-counts.ts';
import { countProblems, listedByIds, type ListedProblem, requestMatching } from '../store/problem-lists.ts';
import { moveProblems, problemsByIds } from '../store/problems.ts';
import { deleteRunRequests, insertRunRequests } from '../store/run-requests.ts';
import { type ActAnswer, afterClose, afterReopen, type ProblemCore, refusesRun } from './rules.ts';
import { solutionOf } from './views.ts';

export interface Click {
  readonly ids: readonly string[];
  readonly actor: Actor;
  readonly reason: string | undefined;
  readonly trigger: Exclude<Trigger, 'tick'>;
}

type Refusal = RouteResponse<'runProblems'>['refused'][number];
const refusal = (id: string, code: ErrorCode): Refusal => ({ id, code, reason: ERRORS[code].meaning.en });

/** Each problem by itself: those that cannot run are answered with their reason, the others are requested. */
export async function runProblems(context: Context, click: Click): Promise<RouteResponse<'runProblems'>> {
  const ids = [...new Set(click.ids)];
  const done = await transaction(context.db, async (tx) => {
    const at = context.clock.now();
    await lockSystemsOf(tx, ids);
    const rows = new Map((await listedByIds(tx, ids, at)).map((row) => [row.id, row]));
    const refused: Refusal[] = [];
    const accepted: ListedProblem[] = [];
    for (const id of ids) {
      const row = rows.get(id);
      const reasonGiven = (click.reason ?? '').trim() !== '';
      const code =
        row === undefined
          ? 'not-found'
          : refusesRun(row, { executing: row.executing, solution: solutionOf(row), reasonGiven });
      if (code !== null) refused.push(refusal(id, code));
      else if (row !== undefined) accepted.push(row);
    }
    await requestRuns(tx, click, accepted, at);
    return { refused, accepted };
  });
  announceBySystem(context, done.accepted);
  if (done.accepted.length > 0) context.wake.notify('dispatch');
  return { accepted: done.accepted.length, refused: done.refused };
}

async function requestRuns(
  tx: Tx,
  click: Click,
  accepted: readonly ListedProblem[],
  at: Date,
): Promise<void> {
  const { actor, trigger } = click;
  const reason = click.reason ?? null;
  const requests = accepted.map(({ id, sysCode, fixCode }) => ({ problemId: id, sysCode, fixCode }));
  // A second click on the same problem adds nothing, so it is no act of its own either.
  const made = await insertRunRequests(tx, { trigger, actor, reason, at }, requests);
  await writeAudits(
    tx,
    requests
      .filter(({ problemId }) => made.has(problemId))
      .map(({ problemId, sysCode }) => ({
        at,
        actor,
        act: 'run',
        sysCode,
        problemId,
        reason,
        detail: { trigger },
      })),
  );
}

/** Refused unless the count is still the one that the person saw. */
export async function runMatching(
  context: Context,
  { filter, expectedCount, reason }: RouteBody<'runMatchingProblems'>,
  actor: Actor,
): Promise<RouteResponse<'runMatchingProblems'>> {
  refuseEmpty(filter);
  const made = await transaction(context.db, async (tx) => {
    const at = context.clock.now();
    await lockSystems(tx, filter.sysCode ?? null);
    const { problems } = await countProblems(tx, filter, at);
    if (problems !== expectedCount) {
      throw new PiculusError('wrong-state', `${problems} problems match now, not ${expectedCount}`);
    }
    return requestMatching(tx, { filter, actor, reason: storableText(reason), at });
  });
  announceBySystem(context, made);
  if (made.length > 0) context.wake.notify('dispatch');
  return { accepted: made.length, skipped: expectedCount - made.length };
}

function refuseEmpty(filter: ProblemFilter): void {
  if (Object.values(filter).some((value) => value !== undefined)) return;
  const reason = {
    en: 'name at least one field; everything at once is not run',
    zh: '至少填写一个筛选条件，不允许全部执行',
  };
  throw new PiculusError('invalid-field', undefined, [{ field: 'filter', reason }]);
}

export function closeProblem(context: Context, id: string, actor: Actor, reason: string): Promise<void> {
  return act(context, { id, actor, reason, name: 'close', rule: afterClose });
}

export function reopenProblem(context: Context, id: string, actor: Actor, reason: string): Promise<void> {
  return act(context, {
    id,
    actor,
    reason,
    name: 'reopen',
    rule: (row, _executing, at) => afterReopen(row, at),
  });
}

interface Act {
  readonly id: string;
  readonly actor: Actor;
  readonly reason: string;
  readonly name: 'close' | 'reopen';
  readonly rule: (row: ProblemCore, executing: boolean, at: Date) => ActAnswer;
}

async function act(context: Context, { id, actor, reason, name, rule }: Act): Promise<void> {
  if (reason.trim() === '') throw new PiculusError('reason-required');
  const sysCode = await transaction(context.db, async (tx) => {
    const at = context.clock.now();
    await lockSystemsOf(tx, [id]);
    // The lease is looked at before the problem: results do not take the system's lock, and one that commits
    // in between would leave a problem that is no longer executing with the state of before.
    const [listed] = await listedByIds(tx, [id], at);
    const [row] = await problemsByIds(tx, [id]);
    if (row === undefined || listed === undefined) throw new PiculusError('not-found');
    const answer = rule(row, listed.executing, at);
    if ('refused' in answer) throw new PiculusError(answer.refused);
    const { next } = answer;
    const moves = [{ ...next, id, from: row.state, outcome: null, reason: null }];
    if ((await moveProblems(tx, at, moves)) === 0) throw new PiculusError('wrong-state');
    await deleteRunRequests(tx, [id]);
    const detail = { from: row.state, to: next.state };
    await writeAudits(tx, [{ at, actor, act: name, sysCode: row.sysCode, problemId: id, reason, detail }]);
    const deltas = new CountDeltas();
    deltas.remove(row);
    deltas.add({ ...row, state: next.state });
    await applyCountDeltas(tx, deltas);
    return row.sysCode;
  });
  announceProblems(context, sysCode, [id]);
}

async function lockSystemsOf(tx: Tx, ids: readonly string[]): Promise<void> {
  const sysCodes = [...new Set((await problemsByIds(tx, ids)).map(({ sysCode }) => sysCode))];
  if (sysCodes.length > 0) await lockSystems(tx, sysCodes);
}

function announceBySystem(context: Context, rows: readonly { sysCode: string; id: string }[]): void {
  const bySystem = new Map<string, string[]>();
  for (const { sysCode, id } of rows) {
    const ids = bySystem.get(sysCode);
    if (ids === undefined) bySystem.set(sysCode, [id]);
    else ids.push(id);
  }
  for (const [sysCode, ids] of bySystem) announceProblems(context, sysCode, ids);
}
