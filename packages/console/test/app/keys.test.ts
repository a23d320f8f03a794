import { describe, expect, it } from 'vitest';
import { act, type KeyState, PAGES, type Wish } from '../../src/app/keys.ts';

function press(...strokes: readonly (readonly [string, number])[]): Wish[] {
  let state: KeyState = { leader: null };
  const wishes: Wish[] = [];
  for (const [key, at] of strokes) {
    const { next, wish } = act(state, key, at);
    state = next;
    if (wish !== null) wishes.push(wish);
  }
  return wishes;
}

describe('keys', () => {
  it('go to pages after g', () => {
    expect(press(['g', 0], ['p', 400])).toEqual([{ kind: 'page', to: '/problems' }]);
    expect(new Set(PAGES.map(({ key }) => key)).size).toBe(PAGES.length);
  });

  it('forget g after a while, and after any other key', () => {
    expect(press(['g', 0], ['p', 1_600])).toEqual([]);
    expect(press(['g', 0], ['x', 100], ['p', 200])).toEqual([]);
  });

  it('alone open the help and the search, and letters do nothing', () => {
    expect(press(['?', 0], ['/', 10], ['h', 20])).toEqual([{ kind: 'help' }, { kind: 'search' }]);
  });

  it('that are late are taken for themselves', () => {
    expect(press(['g', 0], ['?', 5_000])).toEqual([{ kind: 'help' }]);
  });
});
