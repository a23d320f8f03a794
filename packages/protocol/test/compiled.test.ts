import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compiledSchema, type ProblemReport, problemReportSchema } from '../src/index.ts';

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
    fc.property(changed, (given) => {
      const [slow, fast] = [problemReportSchema.safeParse(given), compiled.safeParse(given)];
      expect(fast.success).toBe(slow.success);
      expect(fast.data).toEqual(slow.data);
      expect(fast.error?.issues).toEqual(slow.error?.issues);
    }),
    { numRuns: 1_000 },
  );
  expect(compiled.parse(report)).toEqual(report);
});
