/** What several rounds say together. Pure: the same figures give the same answer. */
import type { Comparison } from './cell.ts';

const RESAMPLES = 2_000;

/** @throws RangeError for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('the median of nothing');
  return (upper + lower) / 2;
}

/**
 * The smallest of the values that this share of them does not exceed.
 * @param share from 0 to 1
 * @throws RangeError for none.
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (found === undefined) throw new RangeError('a percentile of nothing');
  return found;
}

/** 95 % bootstrap interval of the ratio of medians; rounds of the two sides are drawn independently. */
export function ratioInterval(
  values: readonly number[],
  others: readonly number[],
): readonly [low: number, high: number] {
  const random = seeded(values.length * 7_919 + others.length);
  const drawn = (from: readonly number[]): number[] =>
    from.map(() => from[Math.floor(random() * from.length)] ?? 0);
  const ratios = Array.from({ length: RESAMPLES }, () => median(drawn(values)) / median(drawn(others)));
  ratios.sort((a, b) => a - b);
  return [ratios[Math.floor(RESAMPLES * 0.025)] ?? 0, ratios[Math.floor(RESAMPLES * 0.975)] ?? 0];
}

export interface Against extends Pick<Comparison, 'variant' | 'peer' | 'unit' | 'target' | 'better'> {
  readonly values: readonly number[];
  readonly peerValues: readonly number[];
}

export function compare({ values, peerValues, ...about }: Against): Comparison {
  const value = median(values);
  const peerValue = median(peerValues);
  const ratio = value / peerValue;
  const { target, better } = about;
  const ok = target === null ? null : better === 'higher' ? ratio >= target : ratio <= target;
  return {
    ...about,
    value,
    peerValue,
    ratio,
    ok,
    spread: {
      value: [Math.min(...values), Math.max(...values)],
      peerValue: [Math.min(...peerValues), Math.max(...peerValues)],
      ratio: ratioInterval(values, peerValues),
      rounds: values.length,
    },
  };
}

/** @returns the same in another order, by Fisher and Yates. */
export function shuffled<T>(all: readonly T[], random: () => number): T[] {
  const left = [...all];
  return all.flatMap(() => left.splice(Math.floor(random() * left.length), 1));
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
