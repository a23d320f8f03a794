import type { ApprovalCommand, ApprovalPreview } from '@piculus/protocol/http';
import { expect, it } from 'vitest';
import { countOf, pageOf, subjectOf, valueText } from '../../src/pages/approvals/subject.ts';

const NOTHING: Pick<ApprovalPreview, 'sample' | 'changes'> = { sample: [], changes: [] };
const SAMPLE: ApprovalPreview['sample'] = [
  {
    problemId: '7',
    sysCode: 'PBAP',
    fixCode: 'oneFixServiceImpl',
    businessKey: 'A-1',
    scenario: 'C1',
    amountMinor: '5',
    currency: 'CNY',
  },
];
const place = ({ sysCode, fixCode }: { sysCode: string; fixCode: string | null }): string =>
  `${sysCode}/${fixCode ?? '*'}`;

it.each<[ApprovalCommand, Pick<ApprovalPreview, 'sample' | 'changes'>, string]>([
  [{ kind: 'run', problemId: '7' }, { sample: SAMPLE, changes: [] }, 'A-1'],
  [{ kind: 'reopen', problemId: '7' }, NOTHING, '7'],
  [{ kind: 'run-many', ids: ['7', '8'] }, { sample: SAMPLE, changes: [] }, ''],
  [
    { kind: 'delete-solution', id: '3' },
    { sample: [], changes: [{ what: 'PBAP one', field: 'status', from: 'enabled', to: null }] },
    'PBAP one',
  ],
  [{ kind: 'change-solution', id: '3', change: { expectedVersion: 1 } }, NOTHING, '3'],
  [
    {
      kind: 'set-limits',
      sysCode: 'PBAP',
      fixCode: null,
      version: 0,
      settings: { executionsPerHour: 1, amountsPerHour: [], breaker: null, canary: 0 },
    },
    NOTHING,
    'PBAP/*',
  ],
])('names what %o is about', (command, preview, words) => {
  expect(subjectOf(command, preview, place)).toBe(words);
});

it('counts problems, or what is imported', () => {
  expect(countOf({ kind: 'run-many', ids: ['7', '8'] }, 2)).toBe(2);
  expect(countOf({ kind: 'import-solutions', items: [] }, 9)).toBe(0);
});

it('leads to the bulk run that came of it before the problem', () => {
  const command: ApprovalCommand = { kind: 'run', problemId: '7' };
  expect(pageOf({ command, bulkRunId: null })?.to).toBe('/problems/7');
  expect(pageOf({ command, bulkRunId: '4' })?.to).toBe('/bulk-runs/4');
  expect(pageOf({ command: { kind: 'delete-solution', id: '3' }, bulkRunId: null })).toBeNull();
});

it('shows any value as text', () => {
  expect(valueText(null)).toBe('–');
  expect(valueText('')).toBe('–');
  expect(valueText('<b>')).toBe('<b>');
  expect(valueText(0)).toBe('0');
  expect(valueText(false)).toBe('false');
  expect(valueText([{ a: 1 }])).toContain('"a": 1');
});
