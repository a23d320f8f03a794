/** Calls on collections, collect commands, reports and acts. */
import fc from 'fast-check';
import * as draw from '../draw.ts';
import { type Operation, operation, stores as s } from '../operations.ts';

const commandId = fc.constantFrom('1', '2', '3');
const change = fc.record({ problemId: draw.id, from: draw.state, to: draw.state });
const optionalSystem = fc.option(draw.sysCode, { nil: undefined });

export const collectOperations: readonly Operation[] = [
  operation(
    'collections.insertCollection',
    {
      trigger: fc.constantFrom('click' as const, 'cron' as const),
      requestedBy: draw.person,
      windowFrom: draw.at,
      windowTo: draw.at,
      createdAt: draw.at,
    },
    (tx, collection) => s.collections.insertCollection(tx, collection),
  ),
  operation('collections.readCollection', { id: commandId, scope: draw.scope }, (tx, { id, scope }) =>
    s.collections.readCollection(tx, id, scope),
  ),
  operation(
    'collections.listCollections',
    {
      before: draw.maybe(draw.id),
      limit: draw.limit,
      sysCode: optionalSystem,
      states: fc.option(fc.array(fc.constantFrom('waiting', 'running', 'complete', 'cancelled')), {
        nil: undefined,
      }),
      scope: draw.scope,
    },
    (tx, filter) => s.collections.listCollections(tx, filter),
  ),
  operation('collections.finishCollection', { id: commandId, at: draw.at }, (tx, { id, at }) =>
    s.collections.finishCollection(tx, id, at),
  ),
  operation(
    'collect-commands.insertCommands',
    {
      collectionId: fc.constantFrom('1', '2'),
      fixCodes: draw.fixCodes,
      createdAt: draw.at,
      commands: fc.array(fc.record({ sysCode: draw.sysCode, windowFrom: draw.at, windowTo: draw.at }), {
        maxLength: 2,
      }),
    },
    (tx, { collectionId, commands, ...shared }) =>
      s['collect-commands'].insertCommands(tx, collectionId, shared, commands),
  ),
  operation('collect-commands.readCommands', { ids: draw.ids, scope: draw.scope }, (tx, { ids, scope }) =>
    s['collect-commands'].readCommands(tx, ids, scope),
  ),
  operation('collect-commands.readLastCommands', { scope: draw.scope }, (tx, { scope }) =>
    s['collect-commands'].readLastCommands(tx, scope),
  ),
  operation('collect-commands.lockCommand', { id: commandId }, (tx, { id }) =>
    s['collect-commands'].lockCommand(tx, id),
  ),
  operation(
    'collect-commands.lockClaimable',
    {
      sysCode: draw.sysCode,
      clientId: draw.clientId,
      collectors: draw.fixCodes,
      at: draw.at,
      epochsMax: fc.constantFrom(1, 3, 9),
    },
    (tx, claim) => s['collect-commands'].lockClaimable(tx, claim),
    { weight: 3 },
  ),
  operation(
    'collect-commands.systemsToServe',
    { at: draw.at },
    (tx, { at }) => s['collect-commands'].systemsToServe(tx, at),
    {
      unordered: true,
    },
  ),
  operation(
    'collect-commands.startCommand',
    {
      id: commandId,
      clientId: draw.clientId,
      clientVersion: fc.constant('1'),
      connection: draw.connection,
      at: draw.at,
      leaseExpiresAt: draw.at,
    },
    (tx, { id, ...to }) => s['collect-commands'].startCommand(tx, id, to),
    { weight: 4 },
  ),
  operation(
    'collect-commands.returnCommand',
    { id: commandId, epoch: fc.constantFrom(0, 1, 2) },
    (tx, { id, epoch }) => s['collect-commands'].returnCommand(tx, id, epoch),
  ),
  operation(
    'collect-commands.addReport',
    {
      id: commandId,
      epoch: fc.constantFrom(0, 1, 2),
      connection: draw.connection,
      sequence: draw.few,
      problems: draw.few,
      inserted: draw.few,
      leaseExpiresAt: draw.at,
    },
    (tx, { id, ...report }) => s['collect-commands'].addReport(tx, id, report),
  ),
  operation(
    'collect-commands.setProgress',
    {
      id: commandId,
      epoch: fc.constantFrom(0, 1, 2),
      connection: draw.connection,
      rowsScanned: draw.few,
      leaseExpiresAt: draw.at,
    },
    (tx, { id, ...progress }) => s['collect-commands'].setProgress(tx, id, progress),
  ),
  operation(
    'collect-commands.reportsStored',
    { id: commandId, epoch: fc.constantFrom(1, 2) },
    (tx, { id, epoch }) => s['collect-commands'].reportsStored(tx, id, epoch),
  ),
  operation(
    'collect-commands.isReportStored',
    { id: commandId, epoch: fc.constantFrom(1, 2), sequence: draw.few },
    (tx, { id, epoch, sequence }) => s['collect-commands'].isReportStored(tx, id, epoch, sequence),
  ),
  operation(
    'collect-commands.endCommand',
    {
      id: commandId,
      state: fc.constantFrom(
        'complete' as const,
        'incomplete' as const,
        'failed' as const,
        'cancelled' as const,
      ),
      reason: draw.maybe(fc.constantFrom('too-old')),
      at: draw.at,
      figures: fc.constantFrom({}, { rowsScanned: 4, feeds: [{ side: 'bank', note: 'half \ud800' }] }),
    },
    (tx, { id, figures, ...end }) => s['collect-commands'].endCommand(tx, id, { ...end, ...figures }),
  ),
  operation('collect-commands.lockOpenCommands', { id: commandId, scope: draw.scope }, (tx, { id, scope }) =>
    s['collect-commands'].lockOpenCommands(tx, id, scope),
  ),
  operation(
    'collect-commands.renewCommands',
    { clientId: draw.clientId, connection: draw.connection, ids: draw.ids, leaseExpiresAt: draw.at },
    (tx, { ids, leaseExpiresAt, ...by }) => s['collect-commands'].renewCommands(tx, by, ids, leaseExpiresAt),
  ),
  operation(
    'collect-commands.readAbandoned',
    { at: draw.at, since: draw.at, epochsMax: fc.constantFrom(1, 9) },
    (tx, { at, since, epochsMax }) => s['collect-commands'].readAbandoned(tx, at, since, epochsMax),
  ),
  operation('collect-commands.hasExpired', { at: draw.at }, (tx, { at }) =>
    s['collect-commands'].hasExpired(tx, at),
  ),
  operation('collect-commands.hasOpenCronCommand', { sysCode: draw.sysCode }, (tx, { sysCode }) =>
    s['collect-commands'].hasOpenCronCommand(tx, sysCode),
  ),
  operation(
    'reports.findReport',
    { commandId, epoch: fc.constantFrom(1, 2), sequence: draw.few },
    (tx, identity) => s.reports.findReport(tx, identity),
  ),
  operation(
    'reports.insertReport',
    {
      commandId,
      epoch: fc.constantFrom(1, 2),
      sequence: draw.few,
      clientId: draw.clientId,
      at: draw.at,
      inserted: draw.few,
      seenAgain: draw.few,
      reopened: draw.few,
      changes: fc.array(change, { maxLength: 3 }),
    },
    (tx, report) => s.reports.insertReport(tx, report),
    { weight: 4 },
  ),
  operation('reports.idsOfReportsThatChanged', { id: draw.id, limit: draw.limit }, (tx, { id, limit }) =>
    s.reports.idsOfReportsThatChanged(tx, id, limit),
  ),
  operation('reports.reportsThatChanged', { id: draw.id, limit: draw.limit }, (tx, { id, limit }) =>
    s.reports.reportsThatChanged(tx, id, limit),
  ),
  operation(
    'audit.insertAudit',
    {
      rows: fc.array(
        fc.record({
          at: draw.at,
          actor: draw.person,
          act: fc.constantFrom('run', 'close'),
          sysCode: draw.maybe(draw.sysCode),
          problemId: draw.maybe(draw.id),
          reason: draw.maybe(draw.text),
          before: draw.maybe(fc.constant({ state: 'pending' })),
          via: fc.constantFrom(null, 'session' as const, 'policy' as const),
        }),
        { maxLength: 2 },
      ),
    },
    (tx, { rows }) => s.audit.insertAudit(tx, rows),
  ),
  operation('audit.actsOnProblem', { id: draw.id, limit: draw.limit }, (tx, { id, limit }) =>
    s.audit.actsOnProblem(tx, id, limit),
  ),
];
