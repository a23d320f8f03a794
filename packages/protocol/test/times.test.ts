import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from '../src/index.ts';

test('writes a time as the engine does, whichever was written before', () => {
  const few = fc.constantFrom(0, 1, 1_795_420_800_000, 1_795_420_800_001);
  const ms = fc.oneof(
    few,
    fc.date({ noInvalidDate: true }).map((at) => at.getTime()),
  );
  fc.assert(
    fc.property(fc.array(ms, { maxLength: 20 }), (times) => {
      const dates = times.map((each) => new Date(each));
      expect(dates.map(isoTime)).toEqual(dates.map((at) => at.toISOString()));
    }),
  );
});

test('refuses what is no time, also right after one', () => {
  isoTime(new Date(0));
  expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError);
});
