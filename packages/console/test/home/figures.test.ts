import type { HourOfExecutions, ProblemCount } from '@piculus/protocol/http';
import { expect, test } from 'vitest';
import {
  amountsOf,
  byState,
  executionsOf,
  hoursLink,
  openCounts,
  problemsLink,
  problemsOf,
  riskRows,
  scenarioRows,
} from '../../src/pages/home/figures.ts';

const count = (changes: Partial<ProblemCount>): ProblemCount => ({
  sysCode: 'PBAP',
  fixCode: 'interRechargeFixServiceImpl',
  scenario: 'C1',
  state: 'pending',
  outOfPocket: 'customer',
  currency: 'CNY',
  problems: 1,
  amountMinor: '100',
  ...changes,
});

const COUNTS: readonly ProblemCount[] = [
  count({ problems: 3, amountMinor: '9007199254740993' }),
  count({ sysCode: 'PBMS', problems: 2, amountMinor: '7' }),
  count({ state: 'needs-human', outOfPocket: 'company', currency: 'USD', amountMinor: '50' }),
  count({ scenario: 'X1', state: 'exhausted', outOfPocket: 'nobody' }),
  count({ scenario: 'C2', state: 'fixed', problems: 40, amountMinor: '999' }),
  count({ scenario: 'C2', state: 'closed', problems: 41 }),
  count({ scenario: 'C2', state: 'cleared', problems: 42 }),
];

test('only what is still open counts, and amounts keep every digit', () => {
  const open = openCounts(COUNTS);
  expect(problemsOf(open)).toBe(7);
  expect(amountsOf(open)).toEqual([
    { currency: 'CNY', amountMinor: '9007199254741100' },
    { currency: 'USD', amountMinor: '50' },
  ]);
});

test('the matrix has the scenarios of the catalogue in its order, and adds up to the total', () => {
  const open = openCounts([count({ scenario: 'X1' }), ...COUNTS]);
  const rows = scenarioRows(open);
  expect(rows.map(({ scenario }) => scenario)).toEqual(['C1', 'X1']);
  expect(rows[0]?.byState).toEqual({ pending: 5, 'needs-human': 1, exhausted: 0 });
  const total = rows.reduce((sum, { problems }) => sum + problems, 0);
  const states = Object.values(byState(open)).reduce((sum, problems) => sum + problems, 0);
  expect([total, states]).toEqual([problemsOf(open), problemsOf(open)]);
});

test('value at risk is told by currency and by who is out of pocket, never added over currencies', () => {
  expect(riskRows(openCounts(COUNTS))).toEqual([
    {
      currency: 'CNY',
      byPocket: { customer: '9007199254741000', company: null, nobody: '100' },
      total: '9007199254741100',
    },
    { currency: 'USD', byPocket: { customer: null, company: '50', nobody: null }, total: '50' },
  ]);
});

test('links leave out what is not asked for and stay readable', () => {
  expect(problemsLink({ scenario: null, state: 'pending,executing', firstSeenTo: null })).toBe(
    '/problems?state=pending,executing',
  );
});

test('executions of hours are counted by kind, and the link covers exactly these hours', () => {
  const hour = (at: string, outcomes: HourOfExecutions['outcomes']): HourOfExecutions => ({
    hour: at,
    outcomes,
    toPerson: 0,
    retriesUsed: 0,
  });
  const hours = [
    hour('2026-11-22T18:00:00.000Z', { fixed: 5, 'already-right': 1, unknown: 2 }),
    hour('2026-11-22T19:00:00.000Z', { fixed: 1, failed: 3, refused: 4 }),
  ];
  expect([
    executionsOf(hours, 'repaired'),
    executionsOf(hours, 'failed'),
    executionsOf(hours, 'refused'),
  ]).toEqual([7, 5, 4]);
  expect(decodeURIComponent(hoursLink(hours, 'failed'))).toBe(
    '/executions?outcome=failed,unknown&finishedFrom=2026-11-22T18:00:00.000Z&finishedTo=2026-11-22T20:00:00.000Z',
  );
});
