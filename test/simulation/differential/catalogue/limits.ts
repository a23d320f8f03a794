/** Calls on limits, halts and the books that they are judged by. */
import fc from 'fast-check';
import * as draw from '../draw.ts';
import { type Operation, operation, stores as s } from '../operations.ts';

const breaker = fc.constantFrom(null, {
  reportTimes: 3,
  reportMin: 10,
  failurePercent: null,
  failureMin: 5,
  contradictionsMax: 0,
});
const place = { sysCode: draw.realSystem, fixCode: draw.maybe(draw.fixCode) };

export const limitOperations: readonly Operation[] = [
  operation('limits.readLimits', {}, (tx) => s.limits.readLimits(tx)),
  operation(
    'limits.limitsOver',
    { sysCode: draw.sysCode, fixCode: draw.fixCode },
    (tx, { sysCode, fixCode }) => s.limits.limitsOver(tx, sysCode, fixCode),
  ),
  operation(
    'limits.saveLimits',
    {
      sysCode: draw.sysCode,
      fixCode: draw.maybe(draw.fixCode),
      settings: fc.record({
        executionsPerHour: fc.constantFrom(null, 1, 50, 0),
        amountsPerHour: fc.uniqueArray(
          fc.record({ currency: draw.currency, amountMinor: fc.constantFrom('1', '300', '500000') }),
          { selector: ({ currency }) => currency },
        ),
        breaker,
        canary: fc.constantFrom(0, 1, 2),
      }),
      version: fc.constantFrom(1, 2),
      changedAt: draw.at,
      changedBy: draw.person,
    },
    (tx, row) => s.limits.saveLimits(tx, row),
    { weight: 4 },
  ),
  operation('limits.limitables', { scope: draw.scope }, (tx, { scope }) => s.limits.limitables(tx, scope)),
  operation(
    'limits.countCanaries',
    { solutionId: draw.id, version: fc.constantFrom(1, 2), executions: draw.few },
    (tx, canary) => s.limits.countCanaries(tx, canary),
  ),
  operation(
    'halts.insertHalt',
    {
      kind: fc.constantFrom('switch' as const, 'breaker' as const, 'limit' as const),
      sysCode: fc.constantFrom(null, 'A', 'A', 'B', 'Z'),
      fixCode: draw.maybe(draw.fixCode),
      includeManual: fc.constantFrom(false, false, true),
      cause: fc.constant('person' as const),
      figures: fc.constantFrom({}, { failed: 3, of: '9' }),
      reason: draw.text,
      since: draw.at,
      by: draw.person,
    },
    (tx, halt) => s.halts.insertHalt(tx, halt),
    { weight: 4 },
  ),
  operation(
    'halts.endHalt',
    { id: draw.id, at: draw.at, by: draw.person, reason: draw.text },
    (tx, { id, ...end }) => s.halts.endHalt(tx, id, end),
    { weight: 4 },
  ),
  operation('halts.readHalt', { id: draw.id, scope: draw.scope }, (tx, { id, scope }) =>
    s.halts.readHalt(tx, id, scope),
  ),
  operation(
    'halts.listHalts',
    { scope: draw.scope, open: draw.maybe(fc.boolean()), before: draw.maybe(draw.id), limit: draw.limit },
    (tx, page) => s.halts.listHalts(tx, page),
  ),
  operation('halts.openHalts', {}, (tx) => s.halts.openHalts(tx)),
  operation('halts.haltedLeases', {}, (tx) => s.halts.haltedLeases(tx, 100), { unordered: true, weight: 3 }),
  operation(
    'unattended-counts.countUnattended',
    {
      sysCode: draw.realSystem,
      fixCode: draw.fixCode,
      at: draw.at,
      items: fc.array(fc.record({ currency: draw.currency, amountMinor: draw.amount }), { maxLength: 3 }),
    },
    (tx, handed) => s['unattended-counts'].countUnattended(tx, handed),
    { weight: 4 },
  ),
  operation(
    'unattended-counts.uncountUnattended',
    { sysCode: draw.realSystem, fixCode: draw.fixCode, leasedAt: draw.at, ids: draw.ids },
    (tx, { ids, ...lease }) => s['unattended-counts'].uncountUnattended(tx, lease, ids),
    { weight: 3 },
  ),
  operation('unattended-counts.unattendedOfHour', { ...place, now: draw.at }, (tx, { now, ...place }) =>
    s['unattended-counts'].unattendedOfHour(tx, place, now),
  ),
  operation('unattended-counts.unattendedOfAll', { now: draw.at }, (tx, { now }) =>
    s['unattended-counts'].unattendedOfAll(tx, now),
  ),
  operation('report-counts.contradictedByCollect', { id: draw.id }, (tx, { id }) =>
    s['report-counts'].contradictedByCollect(tx, id),
  ),
  operation(
    'report-counts.readBreakerFigures',
    { ...place, now: draw.at, since: draw.maybe(draw.at) },
    (tx, { now, since, ...place }) => s['report-counts'].readBreakerFigures(tx, place, now, since),
    { weight: 3 },
  ),
  operation('report-counts.breakerEndedAt', place, (tx, place) =>
    s['report-counts'].breakerEndedAt(tx, place),
  ),
];

const old = { before: draw.at };
/** Of what is deleted by the row, all that is old goes at once: which ones a smaller limit takes, nobody promises. */
const ALL = 1000;
const rare = { weight: 1 };
export const retentionOperations: readonly Operation[] = [
  operation(
    'unattended-counts.deleteOldUnattendedCounts',
    old,
    (tx, { before }) => s['unattended-counts'].deleteOldUnattendedCounts(tx, before, ALL),
    rare,
  ),
  operation(
    'report-counts.deleteOldReportCounts',
    old,
    (tx, { before }) => s['report-counts'].deleteOldReportCounts(tx, before, ALL),
    rare,
  ),
  operation(
    'execution-counts.deleteOldExecutionCounts',
    old,
    (tx, { before }) => s['execution-counts'].deleteOldExecutionCounts(tx, before, ALL),
    rare,
  ),
  operation(
    'problem-ages.deleteEmptyAges',
    old,
    (tx, { before }) => s['problem-ages'].deleteEmptyAges(tx, before, ALL),
    rare,
  ),
  operation(
    'retention.deleteIdempotencyKeys',
    old,
    (tx, { before }) => s.retention.deleteIdempotencyKeys(tx, before, ALL),
    rare,
  ),
  operation(
    'retention.deleteClosedLeases',
    old,
    (tx, { before }) => s.retention.deleteClosedLeases(tx, before, ALL),
    rare,
  ),
  operation(
    'retention.deleteGoneClients',
    old,
    (tx, { before }) => s.retention.deleteGoneClients(tx, before, ALL),
    rare,
  ),
  operation(
    'retention.markSilentClients',
    old,
    (tx, { before }) => s.retention.markSilentClients(tx, before),
    rare,
  ),
  operation(
    'approvals.deleteOldAloneAmounts',
    old,
    (tx, { before }) => s.approvals.deleteOldAloneAmounts(tx, before, ALL),
    rare,
  ),
  operation(
    'idempotency.takeKey',
    {
      actor: draw.person,
      key: fc.constantFrom('k1', 'k2'),
      requestHash: fc.constantFrom(1, 2).map((byte) => Buffer.alloc(32, byte)),
      nodeId: draw.nodeId,
      at: draw.at,
      abandonedBefore: draw.at,
      goneBefore: draw.at,
    },
    (tx, request) => s.idempotency.takeKey(tx, request),
    { weight: 3 },
  ),
  operation(
    'idempotency.recordAnswer',
    {
      actor: draw.person,
      key: fc.constantFrom('k1', 'k2'),
      nodeId: draw.nodeId,
      at: draw.at,
      status: fc.constant(200),
      body: fc.constantFrom(null, { b: 1, a: [2.5] }),
    },
    (tx, { status, body, ...taken }) => s.idempotency.recordAnswer(tx, taken, { status, body }),
  ),
  operation(
    'idempotency.releaseKey',
    { actor: draw.person, key: fc.constantFrom('k1', 'k2'), nodeId: draw.nodeId, at: draw.at },
    (tx, taken) => s.idempotency.releaseKey(tx, taken),
  ),
  operation('ping.pingDatabase', {}, (tx) => s.ping.pingDatabase(tx), { weight: 1 }),
];
