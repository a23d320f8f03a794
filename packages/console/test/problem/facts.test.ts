/** Which rows of the three sides contradict each other, and what differs between two readings. */
import { SCENARIOS, type Facts } from '@piculus/protocol';
import { describe, expect, it } from 'vitest';
import { contradictedRows, differences, SIDE_NAMES, unplaced } from '../../src/parts/facts.ts';

type Fields = Facts['order']['fields'];
const facts = (order: Fields, ledger: Fields = {}, bank: Fields = {}, states = ['A', 'B', 'C']): Facts => {
  const [first = '', second = '', third = ''] = states;
  const side = (state: string, fields: Fields): Facts['order'] => ({
    state,
    fields,
    source: 'x',
    observedAt: '2026-11-22T20:00:00.000Z',
  });
  return { order: side(first, order), ledger: side(second, ledger), bank: side(third, bank) };
};

describe('contradicting rows', () => {
  it('take status, state and fact for the state of the side', () => {
    const all = ['order.status', 'ledger.state', 'bank.fact'];
    for (const side of SIDE_NAMES) expect([...contradictedRows(all, side, {})]).toEqual(['state']);
  });

  it('find amounts, accounts and payees in the fields that clients show', () => {
    const fields = { amountMinor: '1', currency: 'CNY', accountNo: 'A1', currentCounterparty: '***1' };
    expect([...contradictedRows(['order.amount'], 'order', fields)]).toEqual(['amountMinor', 'currency']);
    expect([...contradictedRows(['ledger.account'], 'ledger', fields)]).toEqual(['accountNo']);
    expect([...contradictedRows(['order.payee'], 'order', fields)]).toEqual(['currentCounterparty']);
    expect([...contradictedRows(['order.amount'], 'bank', fields)]).toEqual([]);
  });

  it('leave none of the catalogue without a place in what our own repairs report', () => {
    const fields = { amountMinor: '1', accountNo: 'A1', counterparty: '***1' };
    const full = facts(fields, fields, fields);
    for (const { contradictions } of Object.values(SCENARIOS)) {
      expect(unplaced(contradictions, full)).toEqual([]);
    }
  });

  it('name what no row shows', () => {
    const odd = ['order.colour', 'moon.phase', 'nothing', 'order.constructor'];
    expect(unplaced(odd, facts({}))).toEqual(odd);
  });
});

describe('differences between two readings', () => {
  it('are states and fields, not where and when it was read', () => {
    const before = facts({ a: 1, gone: 'x', same: null });
    const after = facts({ a: 2, same: null, new: true }, {}, {}, ['A', 'B2', 'C']);
    const later = { ...after, bank: { ...after.bank, source: 'y', observedAt: '2027-01-01T00:00:00.000Z' } };
    expect(differences(before, later)).toEqual([
      { side: 'order', row: 'a', before: 1, after: 2 },
      { side: 'order', row: 'gone', before: 'x', after: undefined },
      { side: 'order', row: 'new', before: undefined, after: true },
      { side: 'ledger', row: 'state', before: 'B', after: 'B2' },
    ]);
  });

  it('tell a state once, also where a field repeats it', () => {
    const before = facts({ status: 'A' });
    const after = facts({ status: 'Z' }, {}, {}, ['Z', 'B', 'C']);
    expect(differences(before, after)).toEqual([{ side: 'order', row: 'state', before: 'A', after: 'Z' }]);
  });
});
