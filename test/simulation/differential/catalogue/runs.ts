/** Calls on leases, claims, ticks, executions, clicks and bulk runs. */
import type { ProblemFilter } from '@piculus/protocol/http';
import fc from 'fast-check';
import { storableText } from '../../../../packages/server/src/store/json.ts';
import * as draw from '../draw.ts';
import { type Operation, operation, stores as s } from '../operations.ts';

const items = fc.uniqueArray(
  fc.record({ id: draw.id, key: draw.businessKey, hash: fc.constantFrom('h1', 'h2') }),
  { maxLength: 3, selector: ({ id }) => id },
);
const lease = fc.record({
  id: draw.leaseId,
  sysCode: draw.realSystem,
  fixCode: draw.fixCode,
  items,
  bound: fc.boolean(),
  trigger: draw.trigger,
  clientId: draw.clientId,
  epoch: fc.constantFrom(1, 2),
  connection: draw.connection,
  leasedAt: draw.at,
});

const solution = fc.record({
  id: fc.constantFrom('1', '2', '3'),
  fixCode: draw.fixCode,
  version: fc.constant(1),
  maxRetries: fc.constant(3),
  level: fc.constant('normal' as const),
  clicked: fc.constant(true),
  tickAt: draw.maybe(draw.at),
  tickCursor: fc.constantFrom('0', '0', '2'),
});

const executionBatch = fc.record({
  sysCode: draw.realSystem,
  fixCode: draw.fixCode,
  trigger: draw.trigger,
  solutionVersion: fc.constantFrom(1, 2),
  leaseId: draw.leaseId,
  clientId: draw.clientId,
  dispatchedAt: draw.at,
  finishedAt: draw.at,
});

const execution = fc.record({
  problemId: draw.id,
  businessKey: draw.businessKey,
  attempt: fc.constantFrom(1, 2),
  commandKey: fc.constant('cmd/A/repairDeposit/R1/0'),
  outcome: draw.outcome,
  stateBefore: draw.state,
  stateAfter: draw.state,
  reason: draw.text,
  effects: draw.effects,
  movedMinor: draw.amount,
  replayed: fc.boolean(),
  verified: fc.boolean(),
  facts: draw.maybe(draw.facts),
  startedAt: draw.maybe(draw.at),
});

const click = {
  trigger: fc.constantFrom('click' as const, 'bulk' as const),
  actor: draw.person,
  reason: draw.maybe(draw.text),
  at: draw.at,
  bulkRunId: draw.maybe(fc.constantFrom('1', '2')),
  approvalId: fc.constantFrom(null, null, null, null, '1'),
};
const held = fc.record({
  id: draw.leaseId,
  epoch: fc.constantFrom(1, 2),
  connection: draw.connection,
});
const cause = fc.constantFrom('solution-deleted', 'cancelled');

export const runOperations: readonly Operation[] = [
  operation(
    'leases.insertLease',
    { lease },
    (tx, { lease: { items, bound, ...rest } }) =>
      s.leases.insertLease(tx, {
        ...rest,
        solutionId: '1',
        solutionVersion: 1,
        maxRetries: 3,
        nodeId: 'n1',
        problemIds: items.map(({ id }) => id),
        businessKeys: items.map(({ key }) => key),
        evidenceHashes: bound ? items.map(({ hash }) => hash) : null,
        expiresAt: new Date(rest.leasedAt.getTime() + 300_000),
      }),
    { weight: 6 },
  ),
  operation('leases.executingIds', { sysCode: draw.sysCode }, (tx, { sysCode }) =>
    s.leases.executingIds(tx, sysCode),
  ),
  operation('leases.systemOfLease', { id: draw.leaseId }, (tx, { id }) => s.leases.systemOfLease(tx, id)),
  operation('leases.lockLease', { id: draw.leaseId }, (tx, { id }) => s.leases.lockLease(tx, id)),
  operation('leases.lockExpiredLease', { id: draw.leaseId, now: draw.at }, (tx, { id, now }) =>
    s.leases.lockExpiredLease(tx, id, now),
  ),
  operation(
    'leases.expiredLeaseIds',
    { now: draw.at },
    (tx, { now }) => s.leases.expiredLeaseIds(tx, now, 100),
    {
      unordered: true,
    },
  ),
  operation(
    'leases.answerLease',
    { held, answeredIds: draw.ids, closedAt: draw.maybe(draw.at), raised: fc.boolean() },
    (tx, { held: of, ...answer }) => s.leases.answerLease(tx, of, answer),
    { weight: 3 },
  ),
  operation('leases.deleteLease', { held }, (tx, { held: of }) => s.leases.deleteLease(tx, of), {
    weight: 1,
  }),
  operation(
    'leases.renewLeases',
    {
      clientId: draw.clientId,
      connection: draw.connection,
      ids: fc.uniqueArray(draw.leaseId),
      expiresAt: draw.at,
    },
    (tx, { ids, expiresAt, ...by }) => s.leases.renewLeases(tx, by, ids, expiresAt),
    { unordered: true },
  ),
  operation('leases.openLeases', { scope: draw.scope }, (tx, { scope }) =>
    s.leases.openLeases(tx, scope, 100),
  ),
  operation(
    'claims.clickedCandidates',
    { sysCode: draw.sysCode, solution, limit: draw.limit, at: draw.at },
    (tx, about) => s.claims.clickedCandidates(tx, about),
    { weight: 5 },
  ),
  operation(
    'claims.tickCandidates',
    { sysCode: draw.sysCode, solution, limit: draw.limit },
    (tx, { sysCode, solution, limit }) => s.claims.tickCandidates(tx, sysCode, solution, limit),
    { weight: 5 },
  ),
  operation('ticks.solutionTicks', {}, (tx) => s.ticks.solutionTicks(tx)),
  operation(
    'ticks.openTick',
    { solutionId: draw.id, from: draw.at, to: draw.at },
    (tx, tick) => s.ticks.openTick(tx, tick),
    { weight: 6 },
  ),
  operation('ticks.beginTicks', { id: draw.id, at: draw.at }, (tx, { id, at }) =>
    s.ticks.beginTicks(tx, id, at),
  ),
  operation('ticks.endTick', { id: draw.id }, (tx, { id }) => s.ticks.endTick(tx, id)),
  operation(
    'ticks.moveTickCursor',
    { id: draw.id, cursor: draw.id, done: fc.boolean() },
    (tx, { id, cursor, done }) => s.ticks.moveTickCursor(tx, id, cursor, done),
  ),
  operation('ticks.rewindTick', { id: draw.id, first: draw.id }, (tx, { id, first }) =>
    s.ticks.rewindTick(tx, id, first),
  ),
  operation(
    'ticks.lowerTickFloor',
    { sysCode: draw.sysCode, fixCode: draw.fixCode, id: draw.id },
    (tx, { sysCode, fixCode, id }) => s.ticks.lowerTickFloor(tx, sysCode, fixCode, id),
  ),
  operation('ticks.systemsWithWork', {}, (tx) => s.ticks.systemsWithWork(tx), { unordered: true }),
  operation('ticks.dueSolutions', { sysCode: draw.sysCode, fixCodes: draw.fixCodes }, (tx, args) =>
    s.ticks.dueSolutions(tx, args.sysCode, args.fixCodes),
  ),
  operation(
    'executions.insertExecutions',
    { batch: executionBatch, executions: fc.array(execution, { maxLength: 3 }) },
    (tx, { batch, executions }) => s.executions.insertExecutions(tx, batch, executions),
    { weight: 5 },
  ),
  operation('executions.toldEffects', { ids: draw.ids }, (tx, { ids }) => s.executions.toldEffects(tx, ids)),
  operation(
    'executions.listExecutions',
    {
      problemId: fc.option(draw.id, { nil: undefined }),
      businessKey: fc.option(draw.businessKey, { nil: undefined }),
      outcome: fc.option(fc.array(draw.outcome), { nil: undefined, freq: 1 }),
      scope: draw.scope,
      before: draw.maybe(draw.id),
      limit: draw.limit,
    },
    (tx, { scope, before, limit, ...filter }) =>
      s.executions.listExecutions(tx, filter, scope, before, limit),
  ),
  operation(
    'run-requests.insertRunRequests',
    {
      ...click,
      requests: fc.uniqueArray(
        fc.record({ problemId: draw.id, sysCode: draw.realSystem, fixCode: draw.fixCode }),
        { minLength: 1, maxLength: 3, selector: ({ problemId }) => problemId },
      ),
    },
    (tx, { requests, ...click }) => {
      const { at, actor, reason } = click;
      const told = { at, actor, act: 'run', reason, detail: { trigger: click.trigger } };
      return s['run-requests'].insertRunRequests(tx, click, requests, told);
    },
    { weight: 6 },
  ),
  operation(
    'run-requests.answerRunRequests',
    {
      answered: fc.uniqueArray(
        fc.record({
          problemId: draw.id,
          outcome: draw.outcome,
          reason: draw.text,
          goesOn: fc.boolean(),
        }),
        { maxLength: 3, selector: ({ problemId }) => problemId },
      ),
      at: draw.at,
    },
    (tx, { answered, at }) => s['run-requests'].answerRunRequests(tx, answered, at),
    { weight: 3 },
  ),
  operation(
    'run-requests.dropRunRequests',
    {
      which: fc.oneof(
        fc.record({ sysCode: draw.realSystem, fixCode: draw.fixCode }),
        fc.record({ problemId: draw.id }),
        fc.record({ problemIds: draw.ids }),
        fc.record({ bulkRunId: fc.constantFrom('1', '2'), scope: draw.scope }),
        fc.record({ cancelled: draw.ids }),
      ),
      cause,
      note: draw.maybe(draw.text),
      at: draw.at,
      told: draw.maybe(fc.record({ actor: draw.person, reason: draw.text })),
    },
    async (tx, { which, ...drop }) => {
      const { problems, bulkRunIds } = await s['run-requests'].dropRunRequests(tx, which, drop);
      return { problems: new Set(problems), bulkRunIds: new Set(bulkRunIds) };
    },
    { weight: 3 },
  ),
  operation(
    'run-requests.markCancelled',
    { id: fc.constantFrom('1', '2'), scope: draw.scope },
    (tx, { id, scope }) => s['run-requests'].markCancelled(tx, id, scope),
    { weight: 2 },
  ),
  operation(
    'run-requests.systemsOfBulkRun',
    { id: fc.constantFrom('1', '2'), scope: draw.scope },
    (tx, { id, scope }) => s['run-requests'].systemsOfBulkRun(tx, id, scope),
    { unordered: true },
  ),
  operation('run-requests.canBeRun', { sysCode: draw.sysCode, fixCode: draw.fixCode }, (tx, args) =>
    s['run-requests'].canBeRun(tx, args.sysCode, args.fixCode),
  ),
  operation(
    'bulk-runs.insertBulkRun',
    {
      actor: draw.person,
      at: draw.at,
      reason: draw.maybe(draw.text),
      filter: fc.constantFrom<ProblemFilter | null>(null, { sysCode: ['A'] }),
    },
    (tx, run) => s['bulk-runs'].insertBulkRun(tx, run),
  ),
  operation(
    'bulk-runs.insertBulkItems',
    {
      bulkRunId: fc.constantFrom('1', '2'),
      items: fc.uniqueArray(
        fc.record({ problemId: draw.id, refused: fc.constantFrom(null, null, 'wrong-state' as const) }),
        { maxLength: 4, selector: ({ problemId }) => problemId },
      ),
    },
    (tx, { bulkRunId, items }) => s['bulk-runs'].insertBulkItems(tx, bulkRunId, items),
    { weight: 3 },
  ),
  operation(
    'bulk-runs.insertMatching',
    {
      bulkRunId: fc.constantFrom('1', '2'),
      filter: fc.constantFrom<ProblemFilter>({}, { sysCode: ['A'] }, { state: ['exhausted' as const] }),
      scope: draw.scope,
      actor: draw.person,
      reason: draw.text.map(storableText),
      at: draw.at,
      runnable: draw.scope,
      approvalId: fc.constantFrom(null, null, null, '1'),
    },
    (tx, { bulkRunId, ...click }) => s['bulk-runs'].insertMatching(tx, bulkRunId, click),
    { unordered: true, weight: 3 },
  ),
  operation('bulk-runs.sumUpBulkRun', { id: fc.constantFrom('1', '2'), at: draw.at }, (tx, { id, at }) =>
    s['bulk-runs'].sumUpBulkRun(tx, id, at),
  ),
  operation(
    'bulk-runs.settleBulkItems',
    {
      items: fc.uniqueArray(
        fc.record({
          bulkRunId: fc.constantFrom('1', '2'),
          problemId: draw.id,
          result: draw.outcome,
          note: draw.text,
        }),
        { maxLength: 4, selector: ({ bulkRunId, problemId }) => `${bulkRunId} ${problemId}` },
      ),
      at: draw.at,
    },
    (tx, { items, at }) => s['bulk-runs'].settleBulkItems(tx, items, at),
    { weight: 3 },
  ),
  operation('bulk-runs.finishBulkRuns', { ids: draw.ids, at: draw.at }, (tx, { ids, at }) =>
    s['bulk-runs'].finishBulkRuns(tx, ids, at),
  ),
  operation(
    'confirmations.confirmCovered',
    {
      sysCode: draw.sysCode,
      commandId: draw.id,
      windowFrom: draw.at,
      windowTo: draw.at,
      statementReachesTo: draw.at,
      at: draw.at,
    },
    (tx, coverage) => s.confirmations.confirmCovered(tx, coverage),
    { unordered: true, weight: 4 },
  ),
];
