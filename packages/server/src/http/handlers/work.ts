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
  | 'revealProblem'
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
    startCollection: ({ body, caller }) => collections.start(body, caller, 'click'),
    listCollections: ({ query, caller }) => collections.list(query, caller),
    getCollection: ({ params, caller }) => collections.get(params.id, caller),
    cancelCollection: async ({ params, caller }) => {
      const { collection, running } = await collections.cancel(params.id, caller);
      for (const { clientId, commandId } of running) gateway.cancelCollect(clientId, commandId);
      return collection;
    },
    listProblems: ({ query, caller }) => problems.list(query, caller),
    countProblems: ({ query, caller }) => problems.count(query, caller),
    getProblem: ({ params, caller }) => problems.get(params.id, caller),
    listProblemMessages: async ({ params, caller }) => ({
      items: await messages.forProblem(params.id, caller),
    }),
    previewProblem: async ({ params, caller }) => {
      const problem = await problems.get(params.id, caller);
      const { sysCode, fixCode, businessKey, scenario, amountMinor, currency } = problem;
      // As the command would carry them, so that the journal and the plan answer as they would to it.
      const question = { commandKey: commandKey(problem), amountMinor, currency };
      const result = await gateway.preview(sysCode, { fixCode, businessKey, scenario, ...question });
      const { verdict, reason, steps, facts } = result;
      return { verdict, scenario: result.scenario, reason, steps, facts };
    },
    revealProblem: async ({ params, body, caller }) => {
      const { sysCode, ...about } = await problems.reveal(params.id, body, caller);
      const { values } = await gateway.reveal(sysCode, { ...about, fields: body.fields });
      return { values };
    },
    runProblem: async ({ params, body, caller }) => {
      const { refused } = await problems.run([params.id], caller, body.reason);
      const [refusal] = refused;
      if (refusal !== undefined) throw refusedAs(refusal);
      return { accepted: 1 };
    },
    runProblems: ({ body, caller }) => problems.runBulk(body.ids, caller, body.reason),
    runMatchingProblems: ({ body, caller }) => problems.runMatching(body, caller),
    closeProblem: ({ params, body, caller }) => problems.close(params.id, caller, body.reason),
    reopenProblem: ({ params, body, caller }) => problems.reopen(params.id, caller, body.reason),
    listBulkRuns: ({ query, caller }) => bulkRuns.list(query, caller),
    getBulkRun: ({ params, caller }) => bulkRuns.get(params.id, caller),
    listBulkRunItems: ({ params, query, caller }) => bulkRuns.items(params.id, query, caller),
    cancelBulkRun: ({ params, body, caller }) => bulkRuns.cancel(params.id, caller, body.reason),
    listExecutions: ({ query, caller }) => executions.list(query, caller),
    listLeases: async ({ caller }) => ({ items: await executions.running(caller) }),
  };
}

function refusedAs(refusal: { code: string; reason: string }): PiculusError {
  const code = ERROR_CODES.find((candidate) => candidate === refusal.code) ?? 'wrong-state';
  return new PiculusError(code, refusal.reason);
}
