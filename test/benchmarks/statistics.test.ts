import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compare,
  median,
  percentile,
  ratioInterval,
  seeded,
  shuffled,
} from '../../benchmarks/src/statistics.ts';

const rates = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 });
const about = { variant: 'retries', peer: 'other', unit: 'tasks/s', target: 2, better: 'higher' } as const;

describe('what rounds say together', () => {
  it('takes the middle of an odd number and the mean of the two in the middle of an even one', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(() => median([])).toThrow(RangeError);
  });

  it('takes as a percentile a value that was there, with no more than that share above it', () => {
    expect(percentile([5], 0.99)).toBe(5);
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
    expect(
      percentile(
        Array.from({ length: 100 }, (_, at) => 100 - at),
        0.99,
      ),
    ).toBe(99);
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    fc.assert(
      fc.property(rates, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
        const found = percentile(values, share);
        expect(values).toContain(found);
        const above = values.filter((value) => value > found).length;
        expect(above).toBeLessThanOrEqual(values.length * (1 - share) + 1e-9);
      }),
    );
  });

  it('gives the same interval for the same rounds, around a ratio that they can have', () => {
    fc.assert(
      fc.property(rates, rates, (values, others) => {
        const [low, high] = ratioInterval(values, others);
        expect(ratioInterval(values, others)).toEqual([low, high]);
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(Math.min(...values) / Math.max(...others) - 1e-9);
        expect(high).toBeLessThanOrEqual(Math.max(...values) / Math.min(...others) + 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  it('narrows to a point where all rounds are alike, and holds the ratio where they are not', () => {
    expect(ratioInterval([6, 6, 6], [3, 3, 3])).toEqual([2, 2]);
    const [low, high] = ratioInterval([90, 100, 110, 105, 95], [48, 50, 52, 51, 49]);
    expect(low).toBeLessThan(2);
    expect(high).toBeGreaterThan(2);
    expect(high - low).toBeLessThan(0.5);
  });

  it('meets a target by the ratio of medians, in the direction that is better', () => {
    const higher = compare({ ...about, values: [10, 400, 30], peerValues: [15, 15, 15] });
    expect(higher).toMatchObject({ value: 30, peerValue: 15, ratio: 2, ok: true });
    expect(higher.spread).toMatchObject({ value: [10, 400], peerValue: [15, 15], rounds: 3 });
    expect(compare({ ...about, values: [29], peerValues: [15] }).ok).toBe(false);
    const lower = { ...about, better: 'lower', values: [29], peerValues: [15] } as const;
    expect(compare(lower).ok).toBe(true);
    expect(compare({ ...lower, values: [31] }).ok).toBe(false);
    expect(compare({ ...lower, target: null }).ok).toBeNull();
  });

  it('shuffles without losing anything, by the seed alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (all, seed) => {
        const mixed = shuffled(all, seeded(seed));
        expect(mixed.toSorted()).toEqual(all.toSorted());
        expect(shuffled(all, seeded(seed))).toEqual(mixed);
      }),
    );
    const seen = new Set(
      Array.from({ length: 50 }, (_, seed) => shuffled(['a', 'b', 'c'], seeded(seed)).join('')),
    );
    expect(seen.size).toBe(6);
  });
});
