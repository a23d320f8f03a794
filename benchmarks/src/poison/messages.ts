/** What the clients of the poison cell say: good messages in a fixed mixture, and the ways to break one. */
import {
  type ClientMessageBody,
  type ClientMessageType,
  type ErrorCode,
  LIMITS,
  type ProblemReport,
  PROTOCOL_VERSION,
} from '@piculus/protocol';

export const FIX_CODE = 'interRechargeFixServiceImpl';

/** The collect that a client works on. */
export interface Command {
  readonly commandId: string;
  readonly epoch: number;
}

export function frameOf<T extends ClientMessageType>(
  id: string,
  type: T,
  body: ClientMessageBody<T>,
): string {
  return JSON.stringify({ v: PROTOCOL_VERSION, id, at: new Date().toISOString(), type, body });
}

export function problemOf(businessKey: string): ProblemReport {
  const at = new Date().toISOString();
  const side = (source: string, state: string) => ({
    state,
    source,
    observedAt: at,
    fields: { orderNo: businessKey, amountMinor: '70000', currency: 'CNY', channel: 'inter', updatedAt: at },
  });
  return {
    fixCode: FIX_CODE,
    businessKey,
    scenario: 'C5',
    handling: 'fix',
    amountMinor: '70000',
    currency: 'CNY',
    occurredAt: at,
    outOfPocket: 'customer',
    facts: {
      order: side('orders', 'PROCESSING'),
      ledger: side('postings', 'none'),
      bank: side('bank', 'PAID'),
    },
    contradictions: ['order.state', 'bank.state'],
  };
}

export interface BrokenKind {
  readonly what: string;
  /** What it has to be refused with. */
  readonly code: ErrorCode;
  frame(id: string, command: Command): string;
}

const heartbeat = { freePlaces: 4, leases: [], collectCommands: [], eventLoopLagMs: 0 };
const any = (id: string, type: string, body: unknown, change: object = {}): string =>
  JSON.stringify({ v: PROTOCOL_VERSION, id, at: new Date().toISOString(), type, body, ...change });

/** Each of them can be said on a connection that then goes on; what breaks the frames themselves is not among them. */
export const BROKEN: readonly BrokenKind[] = [
  {
    what: 'malformed JSON',
    code: 'broken-json',
    frame: (id) => frameOf(id, 'heartbeat', heartbeat).slice(0, -3),
  },
  { what: 'a list', code: 'invalid-field', frame: (id) => JSON.stringify([id]) },
  { what: 'unknown type', code: 'unknown-type', frame: (id) => any(id, 'toString', {}) },
  {
    what: 'unknown field',
    code: 'invalid-field',
    frame: (id) => any(id, 'heartbeat', { ...heartbeat, more: 1 }),
  },
  { what: 'missing field', code: 'invalid-field', frame: (id) => any(id, 'heartbeat', {}) },
  {
    what: 'number out of range',
    code: 'invalid-field',
    frame: (id) => any(id, 'heartbeat', { ...heartbeat, freePlaces: 1e308, eventLoopLagMs: -1 }),
  },
  {
    what: 'unknown word',
    code: 'invalid-field',
    frame: (id, command) =>
      any(id, 'problems', { ...command, sequence: 1, problems: [{ ...problemOf(id), handling: 'magic' }] }),
  },
  {
    what: 'oversized',
    code: 'too-large',
    frame: (id) => any(id, 'heartbeat', { ...heartbeat, text: 'x'.repeat(LIMITS.messageBytes) }),
  },
  {
    what: 'nested too deep',
    code: 'too-deep',
    frame: (id) =>
      any(id, 'heartbeat', 0).replace('"body":0', `"body":${'['.repeat(5_000)}${']'.repeat(5_000)}`),
  },
  {
    what: 'key of a prototype',
    code: 'forbidden-key',
    frame: (id) => any(id, 'heartbeat', 0).replace('"body":0', '"body":{"__proto__":{"admin":true}}'),
  },
  { what: 'wrong version', code: 'wrong-version', frame: (id) => any(id, 'heartbeat', heartbeat, { v: 2 }) },
  {
    what: 'another system',
    code: 'wrong-system',
    frame: (id) => any(id, 'heartbeat', heartbeat, { sysCode: 'SOMEBODY-ELSE' }),
  },
  {
    what: 'half of a character',
    code: 'invalid-field',
    frame: (id) => any(id, 'heartbeat', { ...heartbeat, text: '\ud800' }),
  },
  {
    what: 'nobody’s command',
    code: 'unknown-command',
    frame: (id) =>
      frameOf(id, 'problems', { commandId: '999999999', epoch: 1, sequence: 1, problems: [problemOf(id)] }),
  },
  {
    what: 'an epoch of the past',
    code: 'stale-lease',
    frame: (id, { commandId, epoch }) =>
      frameOf(id, 'problems', { commandId, epoch: epoch - 1, sequence: 1, problems: [problemOf(id)] }),
  },
  {
    what: 'results of a lease that never was',
    code: 'unknown-command',
    frame: (id) => frameOf(id, 'fix-results', { leaseId: 'never-was', epoch: 1, results: [resultOf()] }),
  },
];

function resultOf(): ClientMessageBody<'fix-results'>['results'][number] {
  const at = new Date().toISOString();
  return {
    problemId: '1',
    commandKey: 'cmd/NONE/none/1/0',
    outcome: 'failed',
    scenario: null,
    reason: 'never was',
    effects: [],
    replayed: false,
    verified: false,
    facts: null,
    startedAt: at,
    finishedAt: at,
  };
}
