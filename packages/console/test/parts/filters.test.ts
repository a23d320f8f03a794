import { expect, it } from 'vitest';
import { withFilters } from '../../src/parts/filters.ts';

it('sets, replaces and removes, always back on the first page', () => {
  const query = withFilters('?state=pending,fixed&after=abc&open=7&currency=CNY', {
    state: 'pending',
    currency: '',
    businessKey: 'A&B=C, "D"',
  });
  expect(Object.fromEntries(query)).toEqual({ state: 'pending', open: '7', businessKey: 'A&B=C, "D"' });
});

it('keeps a value whole through the address', () => {
  for (const value of ['a,b', '100%', 'x+y z', '#1', '订单?&=', 'é\u202e']) {
    const query = withFilters('', { businessKey: value });
    expect(new URLSearchParams(`?${query}`).get('businessKey')).toBe(value);
  }
});

it('says the same where nothing changes', () => {
  const search = '?state=pending%2Cfixed&open=7';
  const same = withFilters(search, { state: 'pending,fixed' });
  expect(same.toString()).toBe(new URLSearchParams(search).toString());
});
