/** Calls on nodes, their duties, what they tell each other, and the numbers of connections. */
import fc from 'fast-check';
import * as draw from '../draw.ts';
import { type Operation, operation, stores as s } from '../operations.ts';

/** The database's own clock judges these, so they are long past or far from it. */
const ms = fc.constantFrom(3_600_000, -3_600_000);
const sign = {
  nodeId: draw.nodeId,
  state: fc.constantFrom('working' as const, 'draining' as const),
  version: fc.constant('1.0.0'),
  host: fc.constant('h'),
  pid: fc.constantFrom(1, 2),
  address: fc.constant('127.0.0.1:1'),
  clients: draw.few,
  secretPrint: fc.constant('print'),
  signingKey: draw.maybe(fc.constant('key')),
  auditKey: fc.constant('key'),
};

export const nodeOperations: readonly Operation[] = [
  operation('nodes.beat', { ...sign, gapMs: ms }, (tx, { gapMs, ...sign }) => s.nodes.beat(tx, sign, gapMs), {
    weight: 4,
  }),
  operation(
    'nodes.readNodes',
    {},
    async (tx) =>
      (await s.nodes.readNodes(tx)).map(({ node_id, state, clients }) => ({ node_id, state, clients })),
    { unordered: true },
  ),
  operation('nodes.deleteGoneNodes', { ms }, (tx, { ms }) => s.nodes.deleteGoneNodes(tx, ms), { weight: 1 }),
  operation('nodes.readEndedKeys', { ids: draw.ids }, (tx, { ids }) => s.nodes.readEndedKeys(tx, ids), {
    unordered: true,
  }),
  operation(
    'duties.takeDuties',
    { nodeId: draw.nodeId, names: fc.uniqueArray(fc.constantFrom('chain', 'cleaner')), ms },
    (tx, taker) => s.duties.takeDuties(tx, taker),
    { weight: 4 },
  ),
  operation('duties.freeDuties', { nodeId: draw.nodeId }, (tx, { nodeId }) =>
    s.duties.freeDuties(tx, nodeId),
  ),
  operation(
    'node-messages.insertMail',
    {
      from: draw.nodeId,
      to: draw.maybe(draw.nodeId),
      kind: fc.constantFrom('live', 'tell'),
      body: fc.constantFrom('', 'body').map((text) => Buffer.from(text)),
    },
    (tx, mail) => s['node-messages'].insertMail(tx, mail),
    { weight: 3 },
  ),
  operation('node-messages.readMailHead', {}, (tx) => s['node-messages'].readMailHead(tx)),
  operation(
    'node-messages.readMail',
    {
      nodeIds: fc.array(draw.nodeId, { minLength: 1, maxLength: 2 }),
      after: fc.constantFrom('0', '0', '2'),
      seen: draw.ids,
      limit: draw.limit,
    },
    // Its age is a matter of the moment.
    async (tx, asked) => (await s['node-messages'].readMail(tx, asked)).map(({ age_ms: _, ...row }) => row),
    { weight: 3 },
  ),
  operation('node-messages.readSettledMail', { ms }, (tx, { ms }) =>
    s['node-messages'].readSettledMail(tx, ms),
  ),
  operation(
    'node-messages.deleteOldMail',
    { ms },
    (tx, { ms }) => s['node-messages'].deleteOldMail(tx, ms, 1000),
    {
      weight: 1,
    },
  ),
  operation('fencing.nextConnection', {}, (tx) => s.fencing.nextConnection(tx)),
  operation(
    'fencing.requireNewest',
    { clientId: draw.clientId, given: fc.constantFrom(null, '1', '2', '9') },
    (tx, { clientId, given }) => s.fencing.requireNewest(tx, clientId, given),
  ),
];
