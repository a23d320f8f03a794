/** Problems: lists, one in detail, and what people do with them. */
import { PiculusError } from '@piculus/protocol';
import type { Problem, ProblemDetail } from '@piculus/protocol/http';
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
import { runBulk, runMatching, runProblems } from './runs.ts';
import { asProblem, historyOf, nextTicksFrom, sentenceOf } from './views.ts';

/** Executions, acts and reports shown with one problem; the latest. */
const DETAIL_ROWS_MAX = 200;

export function createProblems(context: Context): Problems {
  const { db, clock } = context;
  return {
    list: async ({ limit, after, ...filter }) => {
      const now = clock.now();
      const rows = await listProblems(db, { filter, before: afterId(after), limit: limit + 1, now });
      const ticks = nextTicksFrom(now);
      const { items, next } = pageOf(rows, limit);
      return { items: items.map((row) => asProblem(row, ticks)), next };
    },
    count: (filter) => countProblems(db, filter, clock.now()),
    get: (id) => detail(context, id),
    run: (ids, { actor }, reason) => runProblems(context, { ids, actor, reason }),
    runBulk: (ids, { actor }, reason) => runBulk(context, { ids, actor, reason }),
    runMatching: (input, { actor }) => runMatching(context, input, actor),
    close: async (id, { actor }, reason) => {
      await closeProblem(context, id, actor, reason);
      return one(context, id);
    },
    reopen: async (id, { actor }, reason) => {
      await reopenProblem(context, id, actor, reason);
      return one(context, id);
    },
    export: (filter, { actor }) => exportProblems(context, filter, actor),
  };
}

async function listed({ db, clock }: Context, id: string): Promise<ListedProblem> {
  const [row] = await listedByIds(db, [id], clock.now());
  if (row === undefined) throw new PiculusError('not-found');
  return row;
}

async function one(context: Context, id: string): Promise<Problem> {
  return asProblem(await listed(context, id), nextTicksFrom(context.clock.now()));
}

async function detail(context: Context, id: string): Promise<ProblemDetail> {
  const { db } = context;
  const row = await listed(context, id);
  const facts = await factsOf(db, id);
  if (facts === null) throw new PiculusError('not-found');
  const executions = (await listExecutions(db, { problemId: id }, null, DETAIL_ROWS_MAX)).reverse();
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
