/** Results of bulk runs in groups, and filters in words. */
import { BULK_RESULTS } from '@piculus/protocol/http';
import { describe, expect, it } from 'vitest';
import {
  AGAIN,
  answered,
  countReasons,
  GROUPS,
  groupCounts,
  groupOf,
  resultsOf,
} from '../../src/pages/bulk-runs/results.ts';
import type { FilterField } from '../../src/parts/filters.ts';
import { viewQuery } from '../../src/parts/view-query.ts';
import { filterSaid } from '../../src/parts/filter-words.ts';

describe('results of a bulk run', () => {
  it('are each in one group', () => {
    const all = GROUPS.flatMap(resultsOf);
    expect([...all].sort()).toEqual([...BULK_RESULTS].sort());
    for (const group of GROUPS) for (const result of resultsOf(group)) expect(groupOf(result)).toBe(group);
  });

  it('tell what could not run from what a fix refused', () => {
    expect([groupOf('not-eligible'), groupOf('refused')]).toEqual(['not-eligible', 'person']);
    expect(AGAIN).not.toContain('refused');
  });

  it('are counted with the empty groups, and without the empty results', () => {
    const counts = groupCounts({ fixed: 2, 'already-right': 1, waiting: 0, 'not-eligible': 4 });
    expect(counts.map(({ group, problems }) => [group, problems])).toEqual([
      ['success', 3],
      ['waiting', 0],
      ['failed', 0],
      ['person', 0],
      ['not-eligible', 4],
    ]);
    expect(counts[0]?.results.map(({ result }) => result)).toEqual(['fixed', 'already-right']);
    expect(answered({ problems: 10, results: { waiting: 4, fixed: 6 } })).toBe(6);
  });

  it('have their reasons counted, the most frequent first', () => {
    expect(countReasons(['b', 'a', 'b', 'c'])).toEqual([
      { reason: 'b', problems: 2 },
      { reason: 'a', problems: 1 },
      { reason: 'c', problems: 1 },
    ]);
  });
});

describe('a filter in words', () => {
  const WORDS = { yes: 'yes', no: 'no', from: 'from', to: 'to' };
  const FIELDS: readonly FilterField[] = [
    { name: 'state', label: 'State', kind: 'choices', choices: [{ value: 'fixed', label: 'Fixed' }] },
    { name: 'amountMinor', label: 'Amount', kind: 'amounts' },
    { name: 'reopened', label: 'Came back', kind: 'truth' },
    { name: 'retriesUsedFrom', label: 'Retries', kind: 'number' },
  ];

  it('says each part with its label', () => {
    const filter = {
      state: ['fixed', 'else'],
      amountMinorFrom: '12345',
      reopened: false,
      retriesUsedFrom: 2,
    };
    expect(filterSaid(filter, FIELDS, WORDS)).toEqual([
      { label: 'State', text: 'Fixed、else' },
      { label: 'Amount from', text: '123.45' },
      { label: 'Came back', text: 'no' },
      { label: 'Retries', text: '2' },
    ]);
  });

  it('leaves nothing out that it does not know', () => {
    expect(filterSaid({ newField: 'x' }, FIELDS, WORDS)).toEqual([{ label: 'newField', text: 'x' }]);
  });

  it('writes amounts with the digits of the one currency', () => {
    const yen = filterSaid({ amountMinorTo: '500', currency: ['JPY'] }, FIELDS, WORDS);
    expect(yen[0]).toEqual({ label: 'Amount to', text: '500' });
  });
});

describe('a saved view', () => {
  it('keeps the filters and not the place', () => {
    const params = new URLSearchParams('state=fixed&after=abc&open=7&tab=manual');
    expect(viewQuery(params)).toBe('state=fixed&tab=manual');
  });
});
