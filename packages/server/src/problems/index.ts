/** Problems: lists, one in detail, and what people do with them. */
import { PiculusError } from '@piculus/protocol';
import type { Problem, ProblemDetail } from '@piculus/protocol/http';
import type { Scope } from '../base/access.ts';
import { afterId, pageOf } from '../base/paging.ts';
import type { Context, Problems } from '../base/services.ts';
import { asExecution } from '../executions/index.ts';
import { actsOnProblem } from '../store/audit.ts';
import { listExecutions } from '../store/executions.ts';
import {
  countProblems,
  factsOf,
  listedByIds,
  listProblems,
  type ListedProblem,
} from '../store/problem-lists.ts';
import { reportsThatChanged } from '../store/reports.ts';
import { closeProblem, reopenProblem } from './acts.ts';
import { exportProblems } from './export.ts';
import { recordReveal } from './reveal.ts';
import { runBulk, runMatching, runProblems } from './runs.ts';
import { asProblem, historyOf, nextTicksFrom, sentenceOf } from './views.ts';

/** Executions, acts and reports shown with one problem; the latest. */
const DETAIL_ROWS_MAX = 200;

export function createProblems(context: Context): Problems {
  const { db, clock } = context;
  return {
    list: async ({ limit, after, ...filter }, caller) => {
      const now = clock.now();
      const scope = caller.scope('view');
      const rows = await listProblems(db, { filter, scope, before: afterId(after), limit: limit + 1, now });
      const ticks = nextTicksFrom(now);
      const { items, next } = pageOf(rows, limit);
      return { items: items.map((row) => asProblem(row, ticks)), next };
    },
    count: (filter, caller) => countProblems(db, { filter, scope: caller.scope('view') }, clock.now()),
    get: (id, caller) => detail(context, id, caller.scope('view')),
    run: (ids, caller, reason) => runProblems(context, { ids, caller, reason }),
    runBulk: (ids, caller, reason) => runBulk(context, { ids, caller, reason }),
    runMatching: (input, caller) => runMatching(context, input, caller),
    close: async (id, caller, reason) => {
      await closeProblem(context, id, caller, reason);
      return one(context, id, caller.scope('view'));
    },
    reopen: async (id, caller, reason) => {
      await reopenProblem(context, id, caller, reason);
      return one(context, id, caller.scope('view'));
    },
    reveal: (id, { fields, reason }, caller) => recordReveal(context, { id, caller, fields, reason }),
    export: (filter, caller) => exportProblems(context, filter, caller),
  };
}

async function listed({ db, clock }: Context, id: string, scope: Scope): Promise<ListedProblem> {
  const [row] = await listedByIds(db, [id], scope, clock.now());
  if (row === undefined) throw new PiculusError('not-found');
  return row;
}

async function one(context: Context, id: string, scope: Scope): Promise<Problem> {
  return asProblem(await listed(context, id, scope), nextTicksFrom(context.clock.now()));
}

async function detail(context: Context, id: string, scope: Scope): Promise<ProblemDetail> {
  const { db } = context;
  const row = await listed(context, id, scope);
  const facts = await factsOf(db, id);
  if (facts === null) throw new PiculusError('not-found');
  const executions = (await listExecutions(db, { problemId: id }, scope, null, DETAIL_ROWS_MAX)).reverse();
  const acts = await actsOnProblem(db, id, DETAIL_ROWS_MAX);
  const reports = await reportsThatChanged(db, id, DETAIL_ROWS_MAX);
  return {
    ...asProblem(row, nextTicksFrom(context.clock.now())),
    ...facts,
    sentence: sentenceOf(row.scenario),
    executions: executions.map(asExecution),
    history: historyOf(row, reports, executions, acts),
  };
}
