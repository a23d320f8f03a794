import { commandKey, ERROR_CODES, PiculusError } from '@piculus/protocol';
import type { HandlerParts, RouteHandlers } from './types.ts';

type Names =
  | 'startCollection'
  | 'listCollections'
  | 'getCollection'
  | 'cancelCollection'
  | 'listProblems'
  | 'countProblems'
  | 'getProblem'
  | 'listProblemMessages'
  | 'previewProblem'
  | 'runProblem'
  | 'runProblems'
  | 'runMatchingProblems'
  | 'closeProblem'
  | 'reopenProblem'
  | 'listBulkRuns'
  | 'getBulkRun'
  | 'listBulkRunItems'
  | 'cancelBulkRun'
  | 'listExecutions'
  | 'listLeases';

/** Collections, problems, bulk runs, executions. */
export function workHandlers({ services, gateway }: HandlerParts): RouteHandlers<Names> {
  const { collections, problems, bulkRuns, executions, messages } = services;
  return {
    startCollection: ({ body, user }) => collections.start(body, user.username, 'click'),
    listCollections: ({ query }) => collections.list(query),
    getCollection: ({ params }) => collections.get(params.id),
    cancelCollection: async ({ params, user }) => {
      const { collection, running } = await collections.cancel(params.id, user.username);
      for (const { clientId, commandId } of running) gateway.cancelCollect(clientId, commandId);
      return collection;
    },
    listProblems: ({ query }) => problems.list(query),
    countProblems: ({ query }) => problems.count(query),
    getProblem: ({ params }) => problems.get(params.id),
    listProblemMessages: async ({ params }) => ({ items: await messages.forProblem(params.id) }),
    previewProblem: async ({ params }) => {
      const problem = await problems.get(params.id);
      const { sysCode, fixCode, businessKey, scenario, amountMinor, currency } = problem;
      // As the command would carry them, so that the journal and the plan answer as they would to it.
      const question = { commandKey: commandKey(problem), amountMinor, currency };
      const result = await gateway.preview(sysCode, { fixCode, businessKey, scenario, ...question });
      const { verdict, reason, steps, facts } = result;
      return { verdict, scenario: result.scenario, reason, steps, facts };
    },
    runProblem: async ({ params, body, user }) => {
      const { refused } = await problems.run([params.id], user.username, body.reason);
      const [refusal] = refused;
      if (refusal !== undefined) throw refusedAs(refusal);
      return { accepted: 1 };
    },
    runProblems: ({ body, user }) => problems.runBulk(body.ids, user.username, body.reason),
    runMatchingProblems: ({ body, user }) => problems.runMatching(body, user.username),
    closeProblem: ({ params, body, user }) => problems.close(params.id, user.username, body.reason),
    reopenProblem: ({ params, body, user }) => problems.reopen(params.id, user.username, body.reason),
    listBulkRuns: ({ query }) => bulkRuns.list(query),
    getBulkRun: ({ params }) => bulkRuns.get(params.id),
    listBulkRunItems: ({ params, query }) => bulkRuns.items(params.id, query),
    cancelBulkRun: ({ params, body, user }) => bulkRuns.cancel(params.id, user.username, body.reason),
    listExecutions: ({ query }) => executions.list(query),
    listLeases: async () => ({ items: await executions.running() }),
  };
}

function refusedAs(refusal: { code: string; reason: string }): PiculusError {
  const code = ERROR_CODES.find((candidate) => candidate === refusal.code) ?? 'wrong-state';
  return new PiculusError(code, refusal.reason);
}
