import type { ProblemCount, Solution } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';
import { unconfigured } from '../../src/pages/solutions/unconfigured.ts';
import { announcedBy } from '../../src/pages/solutions/known.ts';
import { OPEN_STATES, openBySolution, problemsOf } from '../../src/pages/solutions/open.ts';
import { exportText, readTransfer, rowErrors, textIn } from '../../src/pages/solutions/transfer.ts';

const SOLUTION: Solution = {
  id: '7',
  sysCode: 'PBAP',
  fixCode: 'aFix',
  version: 3,
  maxRetries: 5,
  retryCron: '0 0/10 * * * ?',
  timeZone: 'UTC',
  executionMode: 'manual',
  status: 'disabled',
  level: 'normal',
  description: '<b>"人工"</b>',
  changedAt: '2026-11-22T10:00:00.000Z',
  changedBy: 'operator',
  nextTicks: [],
  warnings: [],
};

describe('a file of solutions', () => {
  it('is read as it was written, without what belongs to one installation', () => {
    const { rows } = readTransfer(exportText([SOLUTION]));
    expect(rows).toEqual([
      {
        sysCode: 'PBAP',
        fixCode: 'aFix',
        maxRetries: 5,
        retryCron: '0 0/10 * * * ?',
        timeZone: 'UTC',
        executionMode: 'manual',
        status: 'disabled',
        level: 'normal',
        description: '<b>"人工"</b>',
      },
    ]);
  });

  it.each([
    ['', 'not-json'],
    ['{', 'not-json'],
    ['null', 'no-list'],
    ['{"items": []}', 'no-list'],
    ['{"solutions": {}}', 'no-list'],
    ['[]', 'no-rows'],
    [JSON.stringify(Array.from({ length: 1_001 }, () => ({}))), 'too-many'],
  ])('that holds none says why: %.30s', (text, wrong) => {
    expect(readTransfer(text)).toEqual({ rows: null, wrong });
  });

  it('takes a bare list, whatever is in it', () => {
    expect(readTransfer('[1, {"a": null}]').rows).toEqual([1, { a: null }]);
  });

  it('has its errors by row and field, however the server writes the place', () => {
    const at = (field: string) => rowErrors([{ field, reason: 'r' }])[0];
    expect(at('items[3].retryCron')).toEqual({ row: 4, field: 'retryCron', reason: 'r' });
    expect(at('items.0.maxRetries')).toEqual({ row: 1, field: 'maxRetries', reason: 'r' });
    expect(at('items.12')).toEqual({ row: 13, field: '', reason: 'r' });
    expect(at('items')).toEqual({ row: null, field: 'items', reason: 'r' });
  });

  it('names a row by its own texts only', () => {
    expect(textIn({ sysCode: 'PBAP' }, 'sysCode')).toBe('PBAP');
    for (const row of [null, 3, [], {}, { sysCode: 7 }]) expect(textIn(row, 'sysCode')).toBe('');
  });
});

describe('open problems of a solution', () => {
  const count = (state: ProblemCount['state'], problems: number, currency = 'CNY'): ProblemCount => ({
    sysCode: 'PBAP',
    fixCode: 'aFix',
    scenario: 'C1',
    state,
    outOfPocket: 'customer',
    currency,
    problems,
    amountMinor: '9007199254740993',
  });

  it('leave out what is done, and never add up two currencies or lose a unit', () => {
    const openOf = openBySolution([
      count('pending', 2),
      count('exhausted', 1),
      count('fixed', 50),
      count('closed', 7),
      count('needs-human', 1, 'JPY'),
    ]);
    expect(openOf(SOLUTION)).toEqual({
      problems: 4,
      amounts: [
        { currency: 'CNY', amountMinor: '18014398509481986' },
        { currency: 'JPY', amountMinor: '9007199254740993' },
      ],
    });
    expect(openOf({ sysCode: 'PBMS', fixCode: 'aFix' }).problems).toBe(0);
  });

  it('are listed by their states', () => {
    expect(OPEN_STATES).toEqual(['pending', 'executing', 'exhausted', 'needs-human']);
    expect(problemsOf(SOLUTION)).toBe(
      '/problems?sysCode=PBAP&fixCode=aFix&state=pending%2Cexecuting%2Cexhausted%2Cneeds-human',
    );
  });
});

describe('announced fixes', () => {
  const known = announcedBy([
    { sysCode: 'PBAP', fixes: ['b', 'aFix'], connected: true },
    { sysCode: 'PBAP', fixes: ['b', 'c'], connected: false },
    { sysCode: 'PBMS', fixes: ['aFix'], connected: false },
  ]);

  it('are those of all clients of a system, connected or not', () => {
    expect([...known.fixes]).toEqual([
      ['PBAP', ['aFix', 'b', 'c']],
      ['PBMS', ['aFix']],
    ]);
    expect([...known.connected]).toEqual(['PBAP b', 'PBAP aFix']);
  });

  it('have no solution where only another system has one', () => {
    expect(unconfigured(known, [SOLUTION])).toEqual([
      { sysCode: 'PBAP', fixCode: 'b' },
      { sysCode: 'PBAP', fixCode: 'c' },
      { sysCode: 'PBMS', fixCode: 'aFix' },
    ]);
  });
});
