/** Arguments from few values, so that random calls meet each other's rows. */
import type { Effect, Facts, ProblemReport } from '@piculus/protocol';
import { SCENARIO_CODES, STORED_PROBLEM_STATES } from '@piculus/protocol';
import fc from 'fast-check';
import type { Scope } from '../../../packages/server/src/base/access.ts';
import { BEGINNING } from './engines.ts';

export const SYSTEMS = ['A', 'B'] as const;
export const FIXES = ['repairDeposit', 'repairPayment'] as const;
export const KEYS = ['R1', 'R2', 'R3', 'R4', 'R5'] as const;

const MINUTE_MS = 60_000;
export const minutes = (count: number): Date => new Date(BEGINNING.getTime() + count * MINUTE_MS);

export const sysCode = fc.constantFrom('A', 'A', 'A', 'B', 'Z');
export const realSystem = fc.constantFrom('A', 'A', 'B');
export const fixCode = fc.constantFrom<string>(...FIXES);
export const fixCodes = fc.uniqueArray(fixCode, { maxLength: 2 });
export const businessKey = fc.constantFrom<string>(...KEYS);
export const id = fc.integer({ min: 1, max: 7 }).map(String);
export const ids = fc.uniqueArray(id, { maxLength: 4 });
export const few = fc.integer({ min: 0, max: 3 });
export const limit = fc.constantFrom(1, 2, 5, 100);
export const clientId = fc.constantFrom('c1', 'c2', 'c3');
/** The number of a connection; drawn by nobody, because a sequence also counts what was rolled back. */
export const number = fc.constantFrom('1', '2', '3');
export const connection = fc.constantFrom(null, '1', '2', '3');
export const nodeId = fc.constantFrom('n1', 'n2');
export const leaseId = fc.constantFrom('L1', 'L2', 'L3');
export const person = fc.constantFrom('operator', 'second operator', 'policy:test');
export const text = fc.constantFrom('', 'why not', 'a \u0000 and half a \ud800', "it's 50% ''done''");
export const state = fc.constantFrom(...STORED_PROBLEM_STATES);
export const currency = fc.constantFrom('CNY', 'USD');
/** Whole minutes around the beginning, now and then a few milliseconds beside them. */
export const at = fc
  .tuple(
    fc.constantFrom(-1500, -70, -6, -1, 0, 0, 1, 4, 5, 6, 30, 61, 70, 1500),
    fc.constantFrom(0, 0, 0, 1, 999),
  )
  .map(([minute, ms]) => new Date(minutes(minute).getTime() + ms));
export const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(of, { nil: null, freq: 3 });
export const scope: fc.Arbitrary<Scope> = fc.constantFrom<Scope>(
  'all',
  'all',
  new Set(['A']),
  new Set(['A', 'B']),
  new Set<string>(),
);
export const amount = fc.constantFrom('1', '250', '500000', '500001', '99999999999999999999', '-70');
export const trigger = fc.constantFrom('tick' as const, 'click' as const, 'bulk' as const);
export const outcome = fc.constantFrom(
  'fixed' as const,
  'already-right' as const,
  'not-this-problem' as const,
  'not-yet' as const,
  'failed' as const,
  'refused' as const,
  'unknown' as const,
);
const scenario = fc.constantFrom(...SCENARIO_CODES.slice(0, 4));

export const facts: fc.Arbitrary<Facts> = fc
  .record({
    state: fc.constantFrom('paid', 'unpaid', 'un\u0000known'),
    at,
    deep: fc.constantFrom(null, 1.5, 'x', true),
  })
  .map(({ state, at, deep }) => {
    const side = { state, source: 'book', observedAt: at.toISOString(), fields: { deep, amount: '12' } };
    return { order: side, ledger: { ...side, fields: {} }, bank: side };
  });

export const report: fc.Arbitrary<ProblemReport> = fc.record({
  fixCode,
  businessKey,
  scenario,
  handling: fc.constantFrom('fix' as const, 'fix' as const, 'person' as const),
  amountMinor: amount,
  currency,
  occurredAt: at.map((when) => when.toISOString()),
  outOfPocket: fc.constantFrom('customer' as const, 'company' as const, 'nobody' as const),
  facts,
  contradictions: fc.constantFrom([], ['order.state'], ['bank.state', 'order.state']),
});
/** Of one batch no two name the same record. */
export const reports = fc.uniqueArray(report, {
  minLength: 1,
  maxLength: 4,
  selector: ({ fixCode, businessKey }) => `${fixCode} ${businessKey}`,
});

export const effects: fc.Arbitrary<Effect[]> = fc.constantFrom<Effect[]>(
  [],
  [{ key: 'e1', kind: 'credit', amountMinor: '250', currency: 'CNY' }],
  [
    { key: 'e1', kind: 'credit', amountMinor: '250', currency: 'CNY' },
    { key: 'e2', kind: 'status', amountMinor: '0', currency: 'CNY' },
  ],
);
