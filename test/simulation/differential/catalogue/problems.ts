/** Calls on problems, the books that are kept beside them, and the lists of them. */
import { problemFilterSchema } from '@piculus/protocol/http';
import fc from 'fast-check';
import { CountDeltas } from '../../../../packages/server/src/store/problem-counts.ts';
import * as draw from '../draw.ts';
import { type Operation, operation, stores as s } from '../operations.ts';

const moved = fc.record({
  id: draw.id,
  from: draw.state,
  state: draw.state,
  stateChangedAt: draw.at,
  notYetSince: draw.maybe(draw.at),
  attempts: draw.few,
  retriesUsed: fc.constantFrom(0, 1, 2, -1),
  reopenCount: draw.few,
  reopened: fc.constantFrom(false, false, false, true),
  outcome: draw.maybe(draw.outcome),
  reason: draw.maybe(draw.text),
});
/** As the rules make them: nothing that the table refuses. */
const soundMove = moved.map((move) => ({
  ...move,
  retriesUsed: Math.abs(move.retriesUsed),
  reopened: move.reopened && (move.state === 'pending' || move.state === 'needs-human'),
  notYetSince: move.state === 'pending' || move.state === 'needs-human' ? move.notYetSince : null,
}));
const byId = { selector: ({ id }: { readonly id: string }) => id, maxLength: 3 };

const seen = fc.record({
  id: draw.id,
  countSeen: fc.boolean(),
  seenSinceClosed: fc.constantFrom(false, false, false, true),
  refresh: draw.maybe(
    fc.record({
      report: draw.report,
      state: draw.state,
      stateChangedAt: draw.at,
      reopen: draw.maybe(fc.record({ reopened: fc.boolean(), reopenCount: draw.few })),
    }),
  ),
});

const counted = fc.record({
  id: draw.id,
  sysCode: draw.realSystem,
  fixCode: draw.fixCode,
  scenario: fc.constantFrom('C1', 'C2'),
  state: draw.state,
  reopened: fc.boolean(),
  outOfPocket: fc.constant('customer'),
  currency: draw.currency,
  amountMinor: draw.amount,
  firstSeenAt: draw.at,
});
const change = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), row: counted }),
  fc.record({ kind: fc.constant('remove' as const), row: counted }),
  fc.record({
    kind: fc.constant('executed' as const),
    row: fc.record({
      sysCode: draw.realSystem,
      fixCode: draw.fixCode,
      attempt: fc.constantFrom(1, 2),
      outcome: draw.outcome,
      stateAfter: draw.state,
      finishedAt: draw.at,
    }),
  }),
  fc.record({
    kind: fc.constantFrom('reported' as const, 'contradicted' as const),
    row: fc.record({ sysCode: draw.realSystem, fixCode: draw.fixCode, at: draw.at }),
  }),
);

const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(of, { nil: undefined, freq: 1 });
const time = draw.at.map((when) => when.toISOString());
const filter = fc
  .record({
    state: optional(
      fc.uniqueArray(fc.constantFrom('executing', 'pending', 'exhausted', 'needs-human', 'fixed'), {
        minLength: 1,
      }),
    ),
    waitsForPerson: optional(fc.boolean()),
    waitReason: optional(
      fc.uniqueArray(
        fc.constantFrom('no-solution', 'manual', 'paused', 'scheduled', 'no-client', 'approval'),
        {
          minLength: 1,
        },
      ),
    ),
    sysCode: optional(fc.uniqueArray(draw.realSystem, { minLength: 1 })),
    fixCode: optional(fc.uniqueArray(draw.fixCode, { minLength: 1 })),
    currency: optional(fc.uniqueArray(draw.currency, { minLength: 1 })),
    businessKey: optional(draw.businessKey),
    amountMinorFrom: optional(fc.constant('250')),
    occurredTo: optional(time),
    reopened: optional(fc.boolean()),
    confirmed: optional(fc.boolean()),
    seenCountFrom: optional(fc.constantFrom(1, 2)),
  })
  // At most a few conditions at once, or nothing would ever match.
  .chain((all) =>
    fc
      .subarray(Object.entries(all), { maxLength: 3 })
      .map((kept): Record<string, unknown> => Object.fromEntries(kept)),
  )
  .map((given) => problemFilterSchema.parse(given));

export const problemOperations: readonly Operation[] = [
  operation('problems.problemsByIds', { ids: draw.ids }, (tx, { ids }) => s.problems.problemsByIds(tx, ids)),
  operation(
    'problems.problemsByKeys',
    {
      sysCode: draw.sysCode,
      keys: fc.uniqueArray(fc.record({ fixCode: draw.fixCode, businessKey: draw.businessKey }), {
        maxLength: 4,
        selector: JSON.stringify,
      }),
    },
    (tx, { sysCode, keys }) => s.problems.problemsByKeys(tx, sysCode, keys),
    { unordered: true },
  ),
  operation(
    'problems.insertProblems',
    { sysCode: draw.sysCode, commandId: draw.id, at: draw.at, problems: draw.reports, state: draw.state },
    (tx, { sysCode, commandId, at, problems, state }) =>
      s.problems.insertProblems(tx, {
        sysCode,
        commandId,
        at,
        problems: problems.map((report) => ({ report, state })),
      }),
    { weight: 5 },
  ),
  operation(
    'problems.updateSeen',
    { commandId: draw.id, at: draw.at, problems: fc.uniqueArray(seen, byId) },
    (tx, batch) => s.problems.updateSeen(tx, batch),
    { weight: 5 },
  ),
  operation(
    'problems.moveProblems',
    { at: draw.at, moves: fc.uniqueArray(fc.oneof(soundMove, soundMove, moved), byId) },
    (tx, { at, moves }) => s.problems.moveProblems(tx, at, moves),
    { weight: 6 },
  ),
  operation(
    'problem-counts.applyCountDeltas',
    { changes: fc.array(change, { minLength: 1, maxLength: 5 }) },
    (tx, { changes }) => {
      const deltas = new CountDeltas();
      for (const one of changes) {
        if (one.kind === 'executed') deltas.executed(one.row, one.row);
        else if (one.kind === 'add' || one.kind === 'remove') deltas[one.kind](one.row);
        else deltas[one.kind](one.row);
      }
      return s['problem-counts'].applyCountDeltas(tx, deltas);
    },
    { weight: 5 },
  ),
  operation(
    'problem-ages.readProblemAges',
    { scope: draw.scope, edges: fc.constantFrom([60], [30, 5, -70], []) },
    (tx, { scope, edges }) => s['problem-ages'].readProblemAges(tx, scope, edges.map(draw.minutes)),
  ),
  operation(
    'execution-counts.readExecutionHours',
    { scope: draw.scope, from: draw.at },
    (tx, { scope, from }) => s['execution-counts'].readExecutionHours(tx, scope, from),
  ),
  operation('execution-counts.readOutcomes', { scope: draw.scope, from: draw.at }, (tx, { scope, from }) =>
    s['execution-counts'].readOutcomes(tx, scope, from),
  ),
  operation(
    'problem-lists.listProblems',
    { filter, scope: draw.scope, before: draw.maybe(draw.id), limit: draw.limit, now: draw.at },
    (tx, page) => s['problem-lists'].listProblems(tx, page),
    { weight: 4 },
  ),
  operation(
    'problem-lists.listedByIds',
    { ids: draw.ids, scope: draw.scope, now: draw.at },
    (tx, { ids, scope, now }) => s['problem-lists'].listedByIds(tx, ids, scope, now),
  ),
  operation('problem-lists.runnableByIds', { ids: draw.ids, scope: draw.scope }, (tx, { ids, scope }) =>
    s['problem-lists'].runnableByIds(tx, ids, scope),
  ),
  operation('problem-lists.hasProblem', { id: draw.id, scope: draw.scope }, (tx, { id, scope }) =>
    s['problem-lists'].hasProblem(tx, id, scope),
  ),
  operation('problem-lists.factsOf', { id: draw.id }, (tx, { id }) => s['problem-lists'].factsOf(tx, id)),
  operation(
    'problem-lists.countProblems',
    { filter, scope: draw.scope, now: draw.at },
    (tx, { now, ...search }) => s['problem-lists'].countProblems(tx, search, now),
  ),
];
