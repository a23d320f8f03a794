/** The work queue: its groups, and rows that stay where they were. */
import { problemFilterSchema, type Problem } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';
import { isAsked, isDecided, mergeHeld, withHeld } from '../../src/pages/handling/held.ts';
import { DECIDED, TABS, tabCount, tabFilter, tabOf } from '../../src/pages/handling/tabs.ts';

const problem = (id: string, over: Partial<Problem> = {}): Problem => ({
  id,
  sysCode: 'PBAP',
  fixCode: 'aFix',
  businessKey: `R${id}`,
  scenario: 'C1',
  handling: 'fix',
  state: 'pending',
  waitReason: 'manual',
  nextTickAt: null,
  approvalId: null,
  amountMinor: '100',
  currency: 'CNY',
  outOfPocket: 'customer',
  occurredAt: '2026-01-01T00:00:00Z',
  firstSeenAt: '2026-01-01T00:00:00Z',
  lastSeenAt: '2026-01-01T00:00:00Z',
  seenCount: 1,
  attempts: 0,
  retriesUsed: 0,
  maxRetries: 5,
  reopenCount: 0,
  reopened: false,
  seenSinceClosed: false,
  lastOutcome: null,
  lastReason: null,
  stateChangedAt: '2026-01-01T00:00:00Z',
  confirmedAt: null,
  ...over,
});

describe('the groups of the queue', () => {
  it('are filters that the API takes, and nothing beside them can say otherwise', () => {
    for (const tab of TABS) {
      const filter = tabFilter(tab, { sysCode: ['PBAP'] });
      expect(problemFilterSchema.safeParse(filter).success).toBe(true);
      expect(Object.keys(filter).filter((name) => name !== 'sysCode')).not.toEqual([]);
      for (const name of Object.keys(tabFilter(tab, {}))) expect(DECIDED).toContain(name);
    }
    expect(tabFilter('exhausted', { state: ['fixed'] })).toEqual({ state: ['exhausted'] });
  });

  it('are counted from the figures of the overview', () => {
    const row = { sysCode: 'PBAP', fixCode: 'aFix', scenario: 'C1', outOfPocket: 'customer' } as const;
    const money = { currency: 'CNY', amountMinor: '1' };
    const stats = {
      waitsForPerson: 9,
      waits: [
        { waitReason: 'manual' as const, problems: 4 },
        { waitReason: 'no-solution' as const, problems: 2 },
      ],
      counts: [
        { ...row, ...money, state: 'exhausted' as const, problems: 1 },
        { ...row, ...money, state: 'exhausted' as const, problems: 2 },
        { ...row, ...money, state: 'needs-human' as const, problems: 1 },
      ],
    };
    expect(TABS.map((tab) => tabCount(tab, stats))).toEqual([9, 4, 0, 3, 1, 2]);
  });

  it('fall back to all of them for an address that names none', () => {
    expect([tabOf(null), tabOf('nowhere'), tabOf('reopened')]).toEqual(['all', 'all', 'reopened']);
  });
});

describe('rows that were handled', () => {
  it('stay between the rows that they stood between', () => {
    const held = withHeld([], problem('10'), 'run');
    const rows = mergeHeld([problem('12'), problem('9')], held);
    expect(rows.map((row) => [row.problem.id, row.left])).toEqual([
      ['12', false],
      ['10', true],
      ['9', false],
    ]);
  });

  it('are not doubled where they came back to the queue', () => {
    const held = withHeld([], problem('10'), 'run');
    const rows = mergeHeld([problem('10', { attempts: 1, lastOutcome: 'failed' })], held);
    expect(rows).toMatchObject([{ left: false, act: 'run', answered: true }]);
    expect(rows.map(isDecided)).toEqual([false]);
  });

  it('are asked for until an execution answers, also where the state does not show it', () => {
    const before = problem('10', {
      state: 'exhausted',
      waitReason: null,
      attempts: 6,
      lastOutcome: 'failed',
    });
    const [asked] = mergeHeld([before], withHeld([], before, 'run'));
    expect(asked && [isAsked(asked), isDecided(asked)]).toEqual([true, true]);
    const [answered] = mergeHeld([{ ...before, attempts: 7 }], withHeld([], before, 'run'));
    expect(answered && [isAsked(answered), isDecided(answered)]).toEqual([false, false]);
  });

  it('can be acted on again where the run was dropped with its solution', () => {
    const held = withHeld([], problem('10'), 'run');
    const [row] = mergeHeld([problem('10', { waitReason: 'disabled' })], held);
    expect(row && isDecided(row)).toBe(false);
  });

  it('keep their act when they are looked at again', () => {
    const run = withHeld([], problem('10'), 'run');
    expect(withHeld(run, problem('10', { attempts: 3 }), 'open')).toMatchObject([
      { act: 'run', attempts: 0 },
    ]);
    expect(withHeld(run, problem('10'), 'close')).toMatchObject([{ act: 'close' }]);
  });

  it('are as many as a person looks at, the oldest forgotten first', () => {
    let held = withHeld([], problem('1'), 'run');
    for (let id = 2; id <= 60; id += 1) held = withHeld(held, problem(String(id)), 'run');
    expect([held.length, held[0]?.problem.id]).toEqual([50, '11']);
  });
});
