/**
 * What people let run: one problem by a click, many as a bulk run. Each is one transaction under the locks of the
 * systems it touches, so that no claim takes a problem in between, with its audit rows inside. A bulk run keeps
 * every problem that it was asked for, also what was refused; a click on one problem makes none.
 */
import { ERRORS, type ErrorCode, PiculusError } from '@piculus/protocol';
import type { ProblemFilter, RouteBody, RouteResponse } from '@piculus/protocol/http';
import type { Approved } from '../approvals/gate.ts';
import { asActed, writeAudit } from '../audit/audit.ts';
import { type Caller, inScope, reach, type Scope } from '../base/access.ts';
import { afterwards, type Done } from '../base/done.ts';
import type { Actor, Context, RunAnswer } from '../base/services.ts';
import { announceBulkRuns } from '../bulk-runs/announce.ts';
import { announceBySystem } from '../executions/announce.ts';
import {
  insertBulkItems,
  insertBulkRun,
  insertMatching,
  type NewBulkItem,
  sumUpBulkRun,
} from '../store/bulk-runs.ts';
import type { Tx } from '../store/database.ts';
import { storableText } from '../store/json.ts';
import { lockSystems, lockSystemsOf } from '../store/locks.ts';
import { committed } from '../store/pool.ts';
import type { ScopedFilter } from '../store/problem-filters.ts';
import { countProblems, runnableByIds, type RunnableProblem } from '../store/problem-lists.ts';
import { insertRunRequests, type RunClick } from '../store/run-requests.ts';
import { refusesRun } from './rules.ts';
import { solutionOf } from './views.ts';

export interface Click {
  readonly ids: readonly string[];
  readonly caller: Caller;
  readonly reason: string | undefined;
}

export interface Sorted {
  readonly accepted: readonly RunnableProblem[];
  readonly refused: readonly { readonly id: string; readonly code: ErrorCode }[];
}

/** Each problem by itself: those that cannot run are answered with their reason, the others are requested. */
export async function runProblems(context: Context, click: Click): Promise<RunAnswer> {
  return afterwards(await committed(context, 'click', (tx) => runProblemsIn(tx, context, click, null)));
}

export async function runProblemsIn(
  tx: Tx,
  context: Context,
  click: Click,
  approved: Approved | null,
): Promise<Done<RunAnswer>> {
  const at = context.clock.now();
  const sorted = await sortOut(tx, click, 'click');
  const about = { ...clickOf(click, at, approved), trigger: 'click', bulkRunId: null } as const;
  await requestRuns(tx, about, sorted.accepted);
  return { answer: answerOf(sorted), announce: () => announceRuns(context, sorted.accepted, null) };
}

/** As many clicks at once, kept as one bulk run. */
export async function runBulk(context: Context, click: Click): Promise<RouteResponse<'runProblems'>> {
  return afterwards(await committed(context, 'click', (tx) => runBulkIn(tx, context, click, null)));
}

export async function runBulkIn(
  tx: Tx,
  context: Context,
  click: Click,
  approved: Approved | null,
): Promise<Done<RouteResponse<'runProblems'>>> {
  const at = context.clock.now();
  const sorted = await sortOut(tx, click, 'bulk');
  const reason = click.reason ?? null;
  const { actor } = click.caller;
  const bulkRunId = await insertBulkRun(tx, { actor, at, reason, filter: null });
  await insertBulkItems(tx, bulkRunId, itemsOf(sorted));
  await requestRuns(tx, { ...clickOf(click, at, approved), trigger: 'bulk', bulkRunId }, sorted.accepted);
  await sumUpBulkRun(tx, bulkRunId, at);
  await auditBulkRun(tx, { actor, at, reason, id: bulkRunId, accepted: sorted.accepted.length });
  return {
    answer: { bulkRunId, ...answerOf(sorted) },
    announce: () => announceRuns(context, sorted.accepted, bulkRunId),
  };
}

/** What is not found has nothing to show in the run, and may be there for others to see; the answer tells it. */
const itemsOf = ({ accepted, refused }: Sorted): NewBulkItem[] => [
  ...accepted.map(({ id }) => ({ problemId: id, refused: null })),
  ...refused
    .filter(({ code }) => code !== 'not-found')
    .map(({ id, code }) => ({ problemId: id, refused: code })),
];

/** Call once the answer is to be acted on: it locks the systems of what it names. */
export async function sortOut(tx: Tx, click: Click, trigger: 'click' | 'bulk'): Promise<Sorted> {
  const ids = [...new Set(click.ids)];
  const view = click.caller.scope('view');
  const execute = click.caller.scope('execute');
  // Sent together, done in this order: the problems are read once the locks are held.
  const [, listed] = await Promise.all([lockSystemsOf(tx, ids, view), runnableByIds(tx, ids, view)]);
  const rows = new Map(listed.map((row) => [row.id, row]));
  const reasonGiven = (click.reason ?? '').trim() !== '';
  const accepted: RunnableProblem[] = [];
  const refused: { id: string; code: ErrorCode }[] = [];
  for (const id of ids) {
    const row = rows.get(id);
    if (row === undefined) {
      refused.push({ id, code: 'not-found' });
      continue;
    }
    const code = inScope(execute, row.sysCode) ? refusal(row, reasonGiven, trigger) : 'not-allowed';
    if (code === null) accepted.push(row);
    else refused.push({ id, code });
  }
  return { accepted, refused };
}

/**
 * A second click on a problem that waits already changes nothing and is no fault. In a bulk run it is refused: an
 * answer belongs to one run only, so the second run would wait for an answer that it never gets.
 */
function refusal(row: RunnableProblem, reasonGiven: boolean, trigger: 'click' | 'bulk'): ErrorCode | null {
  const question = { executing: row.executing, solution: solutionOf(row), reasonGiven };
  const code = refusesRun(row, question);
  return code === null && trigger === 'bulk' && row.requested ? 'already-requested' : code;
}

const clickOf = ({ caller, reason }: Click, at: Date, approved: Approved | null) => ({
  actor: caller.actor,
  reason: reason ?? null,
  at,
  approvalId: approved?.id ?? null,
});

async function requestRuns(tx: Tx, click: RunClick, accepted: readonly RunnableProblem[]): Promise<void> {
  const { at, actor, reason, trigger, bulkRunId } = click;
  const requests = accepted.map(({ id, sysCode, fixCode }) => ({ problemId: id, sysCode, fixCode }));
  const detail = bulkRunId === null ? { trigger } : { trigger, bulkRunId };
  await insertRunRequests(tx, click, requests, asActed({ at, actor, act: 'run', reason, detail }));
}

const answerOf = ({ accepted, refused }: Sorted): RunAnswer => ({
  accepted: accepted.length,
  refused: refused.map(({ id, code }) => ({ id, code, reason: ERRORS[code].meaning.en })),
});

/** All that match, kept as one bulk run. Refused unless the count is still the one that the person saw. */
export async function runMatching(
  context: Context,
  input: RouteBody<'runMatchingProblems'>,
  caller: Caller,
): Promise<RouteResponse<'runMatchingProblems'>> {
  return afterwards(
    await committed(context, 'click', (tx) => runMatchingIn(tx, context, input, caller, null)),
  );
}

export async function runMatchingIn(
  tx: Tx,
  context: Context,
  { filter, expectedCount, reason }: RouteBody<'runMatchingProblems'>,
  caller: Caller,
  approved: Approved | null,
): Promise<Done<RouteResponse<'runMatchingProblems'>>> {
  const { actor } = caller;
  const at = context.clock.now();
  const { search, runnable } = await lockMatching(tx, { filter, expectedCount }, caller, at);
  const bulkRunId = await insertBulkRun(tx, { actor, at, reason, filter });
  const made = await insertMatching(tx, bulkRunId, {
    ...search,
    runnable,
    actor,
    reason: storableText(reason),
    at,
    approvalId: approved?.id ?? null,
  });
  const problems = await sumUpBulkRun(tx, bulkRunId, at);
  // Answers of clients need no lock of ours, so one may have come between the two questions.
  refuseOtherCount(problems, expectedCount);
  await auditBulkRun(tx, { actor, at, reason, id: bulkRunId, accepted: made.length });
  return {
    answer: { bulkRunId, accepted: made.length, skipped: problems - made.length },
    announce: () => announceRuns(context, made, bulkRunId),
  };
}

/**
 * Locks the systems of what matches, so that it stays as it is.
 * @throws PiculusError `wrong-state` where another number matches; asked before anything is written, because the
 * count has mostly changed where it has changed at all.
 */
export async function lockMatching(
  tx: Tx,
  { filter, expectedCount }: Omit<RouteBody<'runMatchingProblems'>, 'reason'>,
  caller: Caller,
  at: Date,
): Promise<{ search: ScopedFilter; runnable: Scope }> {
  refuseEmpty(filter);
  const search = { filter, scope: caller.scope('view') };
  const runnable = reach(caller, 'execute');
  await lockSystems(tx, systemsToLock(filter, runnable));
  refuseOtherCount((await countProblems(tx, search, at)).problems, expectedCount);
  return { search, runnable };
}

/** Null: all of them. Nothing is requested, and so nothing is held up, where the caller may not run anything. */
function systemsToLock({ sysCode }: ProblemFilter, runnable: Scope): readonly string[] | null {
  if (runnable === 'all') return sysCode ?? null;
  return (sysCode ?? [...runnable]).filter((code) => runnable.has(code));
}

function refuseOtherCount(problems: number, expected: number): void {
  if (problems === expected) return;
  throw new PiculusError('wrong-state', `${problems} problems match now, not ${expected}`);
}

function refuseEmpty(filter: ProblemFilter): void {
  if (Object.values(filter).some((value) => value !== undefined)) return;
  const reason = {
    en: 'name at least one field; everything at once is not run',
    zh: '至少填写一个筛选条件，不允许全部执行',
  };
  throw new PiculusError('invalid-field', undefined, [{ field: 'filter', reason }]);
}

async function auditBulkRun(
  tx: Tx,
  run: { actor: Actor; at: Date; reason: string | null; id: string; accepted: number },
): Promise<void> {
  const { actor, at, reason, accepted } = run;
  const target = `bulk-run:${run.id}`;
  await writeAudit(tx, { at, actor, act: 'bulk-run', target, reason, detail: { accepted } });
}

function announceRuns(
  context: Context,
  rows: readonly { sysCode: string; id: string }[],
  bulkRunId: string | null,
): void {
  announceBySystem(context, rows);
  if (bulkRunId !== null)
    announceBulkRuns(context, [bulkRunId], [...new Set(rows.map(({ sysCode }) => sysCode))]);
  if (rows.length > 0) context.wake.notify('dispatch');
}
