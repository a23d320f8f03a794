/** Calls on systems, their keys, their solutions and their clients. */
import fc from 'fast-check';
import * as draw from '../draw.ts';
import { type Operation, operation, stores as s } from '../operations.ts';

const keyHash = fc.constantFrom(1, 2, 3).map((byte) => Buffer.alloc(32, byte));
const cron = fc.constantFrom('0 0 * * * ?', '0 */5 * * * ?');

const version = fc.record({
  id: fc.constantFrom('1', '2', '3'),
  version: fc.integer({ min: 0, max: 4 }),
  max_retries: fc.constantFrom(0, 3, 100),
  retry_cron: cron,
  time_zone: fc.constant('UTC'),
  execution_mode: fc.constantFrom('automatic', 'manual', 'never'),
  status: fc.constantFrom('enabled', 'enabled', 'disabled'),
  level: fc.constantFrom('unimportant', 'normal', 'important', 'very-important'),
  description: fc.constant(''),
  changed_at: draw.at,
  changed_by: draw.person,
});

export const systemOperations: readonly Operation[] = [
  operation(
    'systems.insertSystem',
    {
      sysCode: fc.constantFrom('A', 'C', 'not a code'),
      name: draw.person,
      collectCron: draw.maybe(cron),
      collectTimeZone: fc.constant('UTC'),
      collectWindowMs: fc.constantFrom(0, 3_600_000),
      createdAt: draw.at,
    },
    (tx, system) => s.systems.insertSystem(tx, system),
    { weight: 1 },
  ),
  operation('systems.lockSystem', { sysCode: draw.sysCode }, (tx, { sysCode }) =>
    s.systems.lockSystem(tx, sysCode),
  ),
  operation(
    'systems.updateSystem',
    {
      sys_code: draw.realSystem,
      name: draw.person,
      enabled: fc.boolean(),
      collect_cron: draw.maybe(cron),
      collect_time_zone: fc.constant('Asia/Shanghai'),
      collect_window_ms: fc.constantFrom('0', '60000'),
      collect_tick_at: draw.maybe(draw.at),
      created_at: draw.at,
    },
    (tx, system) => s.systems.updateSystem(tx, system),
    { weight: 1 },
  ),
  operation(
    'systems.readSystems',
    { codes: fc.option(fc.array(draw.sysCode), { nil: undefined }) },
    (tx, { codes }) => s.systems.readSystems(tx, codes),
  ),
  operation(
    'systems.readSystemOverviews',
    { freshSince: draw.at, scope: draw.scope, sysCode: fc.option(draw.sysCode, { nil: undefined }) },
    (tx, { freshSince, scope, sysCode }) => s.systems.readSystemOverviews(tx, freshSince, scope, sysCode),
  ),
  operation(
    'systems.advanceCollectTick',
    { sysCode: draw.sysCode, from: draw.maybe(draw.at), to: draw.at },
    (tx, { sysCode, from, to }) => s.systems.advanceCollectTick(tx, sysCode, from, to),
  ),
  operation(
    'systems.insertSystemKey',
    { sysCode: draw.sysCode, hash: keyHash, prefix: fc.constant('pk_'), createdAt: draw.at },
    (tx, key) => s.systems.insertSystemKey(tx, key),
  ),
  operation('systems.readSystemKeys', { sysCode: draw.sysCode }, (tx, { sysCode }) =>
    s.systems.readSystemKeys(tx, sysCode),
  ),
  operation(
    'systems.revokeSystemKey',
    { sysCode: draw.sysCode, id: draw.id, at: draw.at },
    (tx, { sysCode, id, at }) => s.systems.revokeSystemKey(tx, sysCode, id, at),
    { weight: 1 },
  ),
  operation('systems.readUsableKey', { hash: keyHash }, (tx, { hash }) => s.systems.readUsableKey(tx, hash)),
  operation('systems.readProvableKeys', { sysCode: draw.sysCode }, (tx, { sysCode }) =>
    s.systems.readProvableKeys(tx, sysCode),
  ),
  operation('systems.touchSystemKey', { id: draw.id, at: draw.at }, (tx, { id, at }) =>
    s.systems.touchSystemKey(tx, id, at),
  ),
  operation('locks.lockSystem', { sysCode: draw.sysCode }, (tx, { sysCode }) =>
    s.locks.lockSystem(tx, sysCode),
  ),
  operation('locks.lockSystems', { codes: draw.maybe(fc.array(draw.sysCode)) }, (tx, { codes }) =>
    s.locks.lockSystems(tx, codes),
  ),
  operation('locks.lockSystemsOf', { ids: draw.ids, scope: draw.scope }, (tx, { ids, scope }) =>
    s.locks.lockSystemsOf(tx, ids, scope),
  ),
  operation(
    'solutions.readSolutions',
    { sysCode: fc.option(draw.sysCode, { nil: undefined }), scope: draw.scope },
    (tx, filter) => s.solutions.readSolutions(tx, filter),
  ),
  operation('solutions.lockSolution', { id: draw.id }, (tx, { id }) => s.solutions.lockSolution(tx, id)),
  operation(
    'solutions.insertSolution',
    { sysCode: draw.sysCode, fixCode: draw.fixCode, at: draw.at },
    (tx, solution) => s.solutions.insertSolution(tx, solution),
  ),
  operation('solutions.insertVersion', { version }, (tx, { version }) =>
    s.solutions.insertVersion(tx, version),
  ),
  operation(
    'solutions.setVersion',
    { id: draw.id, version: fc.integer({ min: 0, max: 3 }), from: draw.maybe(draw.at) },
    (tx, { id, version, from }) => s.solutions.setVersion(tx, id, version, from),
    { weight: 1 },
  ),
  operation(
    'solutions.markSolutionDeleted',
    { id: draw.id, at: draw.at },
    (tx, { id, at }) => s.solutions.markSolutionDeleted(tx, id, at),
    { weight: 1 },
  ),
  operation('solutions.readVersions', { id: draw.id, scope: draw.scope }, (tx, { id, scope }) =>
    s.solutions.readVersions(tx, id, scope),
  ),
  operation('solutions.readVersionsOfFix', { sysCode: draw.sysCode, fixCode: draw.fixCode }, (tx, args) =>
    s.solutions.readVersionsOfFix(tx, args.sysCode, args.fixCode),
  ),
  operation(
    'clients.upsertClient',
    {
      clientId: draw.clientId,
      sysCode: draw.sysCode,
      hello: draw.fixCodes.map((fixes) => ({ fixes, collectors: fixes, version: '1' })),
      nodeId: draw.nodeId,
      connection: draw.number,
      at: draw.at,
    },
    (tx, client) => s.clients.upsertClient(tx, client),
  ),
  operation(
    'clients.markHeartbeat',
    {
      clientId: draw.clientId,
      connection: draw.connection,
      at: draw.at,
      lagMs: fc.constantFrom(0, 1.25),
    },
    (tx, { at, lagMs, ...by }) => s.clients.markHeartbeat(tx, by, at, lagMs),
  ),
  operation('clients.markAnswered', { clientId: draw.clientId, at: draw.at }, (tx, { clientId, at }) =>
    s.clients.markAnswered(tx, clientId, at),
  ),
  operation(
    'clients.markDisconnected',
    { clientId: draw.clientId, connection: draw.connection, nodeId: draw.nodeId, at: draw.at },
    (tx, { nodeId, at, ...by }) => s.clients.markDisconnected(tx, by, nodeId, at),
  ),
  operation(
    'clients.readClients',
    {
      sysCode: fc.option(draw.sysCode, { nil: undefined }),
      freshSince: fc.option(draw.at, { nil: undefined }),
      scope: draw.scope,
    },
    (tx, filter) => s.clients.readClients(tx, filter),
  ),
  operation(
    'clients.readAnnouncedFixes',
    { sysCode: fc.option(draw.sysCode, { nil: undefined }) },
    (tx, { sysCode }) => s.clients.readAnnouncedFixes(tx, sysCode),
    { unordered: true },
  ),
  operation('clients.readPlacesUsed', {}, (tx) => s.clients.readPlacesUsed(tx), { unordered: true }),
];
