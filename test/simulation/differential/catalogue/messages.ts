/** Calls on the message log. */
import fc from 'fast-check';
import * as draw from '../draw.ts';
import { type Operation, operation, stores as s } from '../operations.ts';

const time = draw.at.map((when) => when.toISOString());
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(of, { nil: undefined, freq: 1 });
const message = fc.record({
  at: time,
  message_id: fc.constantFrom('m1', 'm2'),
  direction: fc.constantFrom('in', 'in', 'out', 'aside'),
  type: fc.constantFrom('fix', 'result'),
  sys_code: draw.maybe(draw.sysCode),
  client_id: draw.maybe(draw.clientId),
  state: fc.constantFrom('sent', 'accepted'),
  error_code: fc.constant(null),
  collection_id: draw.maybe(draw.id),
  lease_id: draw.maybe(draw.leaseId),
  size_bytes: fc.constantFrom(0, 700),
  latency_ms: draw.maybe(fc.constantFrom(0.5, 12)),
  payload: draw.maybe(fc.constantFrom({ items: [1, 2.5, { deep: null }] }, [], 'text')),
});

export const messageOperations: readonly Operation[] = [
  operation('messages.insertMessages', { rows: fc.array(message, { maxLength: 2 }) }, (tx, { rows }) =>
    s.messages.insertMessages(tx, rows),
  ),
  operation(
    'messages.settleMessages',
    {
      rows: fc.array(
        fc.record({
          id: draw.id,
          at: time,
          state: fc.constantFrom('acknowledged', 'lost'),
          latency_ms: draw.maybe(fc.constant(3)),
          error_code: fc.constant(null),
        }),
        { maxLength: 1 },
      ),
    },
    (tx, { rows }) => s.messages.settleMessages(tx, rows),
  ),
  operation(
    'messages.selectMessages',
    {
      scope: draw.scope,
      direction: optional(fc.constant('in')),
      type: optional(fc.constant(['fix'])),
      latencyMsFrom: optional(fc.constant(1)),
      from: optional(time),
      beforeId: optional(draw.id),
      limit: draw.limit,
    },
    (tx, filter) => s.messages.selectMessages(tx, filter),
  ),
  operation(
    'messages.selectMessagesOfProblem',
    { id: draw.id, scope: draw.scope, limit: fc.constant(100) },
    (tx, { id, scope, limit }) => s.messages.selectMessagesOfProblem(tx, id, scope, limit),
  ),
];
