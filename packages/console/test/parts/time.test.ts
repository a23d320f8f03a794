import fc from 'fast-check';
import { expect, it } from 'vitest';
import { coarse } from '../../src/parts/format.ts';

/** What words tell of a span, as `useSpan` does. */
function told(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3_600) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

it('tells of a coarse span what is told of the exact one', () => {
  fc.assert(
    fc.property(fc.integer({ min: -400 * 86_400_000, max: 400 * 86_400_000 }), (ms) => {
      expect(told(coarse(ms))).toBe(told(ms));
      expect(coarse(ms) * Math.sign(ms)).toBeGreaterThanOrEqual(0);
    }),
  );
});

it('changes as seldom as its words', () => {
  const hour = 3_600_000;
  expect(coarse(5 * hour + 1_000)).toBe(coarse(5 * hour + 59 * 60_000));
  expect(coarse(5 * hour)).not.toBe(coarse(6 * hour));
  expect(coarse(1_000)).not.toBe(coarse(2_000));
});
