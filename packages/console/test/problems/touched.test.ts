import { describe, expect, it } from 'vitest';
import { touchedIn, withTouch } from '../../src/parts/touched.ts';

describe('marks of what was touched', () => {
  it('show an act rather than a look', () => {
    const acted = withTouch(new Map(), ['1', '2'], 'acted');
    expect([...withTouch(acted, ['1', '3'], 'opened')]).toEqual([
      ['2', 'acted'],
      ['1', 'acted'],
      ['3', 'opened'],
    ]);
  });

  it('forget the oldest', () => {
    const ids = Array.from({ length: 2_001 }, (_, index) => String(index));
    const touched = withTouch(new Map(), ids, 'opened');
    expect([touched.size, touched.has('0'), touched.has('2000')]).toEqual([2_000, false, true]);
  });

  it('are read only where they are well formed', () => {
    expect([...touchedIn([['1', 'opened'], ['2', 'else'], 3, ['4']])]).toEqual([['1', 'opened']]);
    expect([...touchedIn({ 1: 'opened' })]).toEqual([]);
  });
});
