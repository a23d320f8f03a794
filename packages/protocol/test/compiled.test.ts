import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compiledSchema,
  type FixItem,
  messageSchema,
  type ProblemReport,
  problemReportSchema,
  SERVER_MESSAGES,
} from '../src/index.ts';

const side: ProblemReport['facts']['order'] = {
  state: 'success',
  source: 'books',
  observedAt: '2026-11-23T08:00:00.000Z',
  fields: { status: 'success', amountMinor: 1250, open: false, payee: null },
};
const report: ProblemReport = {
  fixCode: 'nothing',
  businessKey: 'R1',
  scenario: 'C1',
  handling: 'fix',
  amountMinor: '1250',
  currency: 'CNY',
  occurredAt: '2026-11-23T08:00:00.000Z',
  outOfPocket: 'customer',
  facts: { order: side, ledger: side, bank: side },
  contradictions: ['order.status'],
};

const junk = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(undefined, Number.NaN, '-0', '2026-02-30T00:00:00Z', 'C1', '\ud83d'),
);

interface Reader {
  safeParse(given: unknown): { success: boolean; data?: unknown; error?: { issues: unknown } | undefined };
}

function expectSame(schema: Reader, compiled: Reader, given: unknown): void {
  const [slow, fast] = [schema.safeParse(given), compiled.safeParse(given)];
  expect(fast.success).toBe(slow.success);
  expect(fast.data).toEqual(slow.data);
  expect(fast.error?.issues).toEqual(slow.error?.issues);
}

test('a compiled schema takes and refuses what the schema does, with the same words', () => {
  const compiled = compiledSchema(problemReportSchema)();
  const field = fc.constantFrom(...Object.keys(report), 'other');
  const inFacts = fc.constantFrom('state', 'source', 'observedAt', 'fields', 'other');
  const changed = fc.oneof(
    fc.tuple(field, junk).map(([name, value]) => ({ ...report, [name]: value })),
    fc
      .tuple(inFacts, junk)
      .map(([name, value]) => ({ ...report, facts: { ...report.facts, bank: { ...side, [name]: value } } })),
    fc
      .dictionary(fc.string({ maxLength: 70 }), junk, { maxKeys: 45 })
      .map((fields) => ({ ...report, facts: { ...report.facts, order: { ...side, fields } } })),
  );
  fc.assert(
    fc.property(changed, (given) => expectSame(problemReportSchema, compiled, given)),
    { numRuns: 1_000 },
  );
  expect(compiled.parse(report)).toEqual(report);
});

const item: FixItem = {
  problemId: '17',
  commandKey: 'PBAP/nothing/R1/0',
  fixCode: 'nothing',
  businessKey: 'R1',
  scenario: 'C1',
  amountMinor: '1250',
  currency: 'CNY',
  attempt: 1,
  trigger: 'tick',
  previousOutcome: null,
  evidenceHash: 'a'.repeat(64),
};
const command = { leaseId: 'lease-1', epoch: 1, leaseMs: 60_000, items: [item], keyId: 'key-1' };
const fix = { v: 1, id: 'message-1', at: '2026-11-23T08:00:00.000Z', type: 'fix', body: command };

test('so does the compiled schema of a batch of commands', () => {
  const schema = messageSchema('fix', SERVER_MESSAGES.fix);
  const compiled = compiledSchema(schema)();
  const inItem = fc.constantFrom(...Object.keys(item), 'other');
  const inBody = fc.constantFrom(...Object.keys(command), 'other');
  const inMessage = fc.constantFrom(...Object.keys(fix), 'other');
  const changed = fc.oneof(
    fc.tuple(inItem, junk).map(([name, value]) => ({
      ...fix,
      body: { ...command, items: [item, { ...item, [name]: value }] },
    })),
    fc.tuple(inBody, junk).map(([name, value]) => ({ ...fix, body: { ...command, [name]: value } })),
    fc.tuple(inMessage, junk).map(([name, value]) => ({ ...fix, [name]: value })),
  );
  fc.assert(
    fc.property(changed, (given) => expectSame(schema, compiled, given)),
    { numRuns: 500 },
  );
  expect(compiled.safeParse(fix)).toEqual({ success: true, data: fix });
});
