import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UNITS, windowMs, windowParts } from '../../src/pages/systems/window.ts';

describe('the collect window of a form', () => {
  it('is shown in the greatest unit that says it whole', () => {
    expect(windowParts(259_200_000)).toEqual({ amount: '3', unit: 'days' });
    expect(windowParts(7_200_000)).toEqual({ amount: '2', unit: 'hours' });
    expect(windowParts(5_400_000)).toEqual({ amount: '90', unit: 'minutes' });
    expect(windowParts(61_000)).toEqual({ amount: '1', unit: 'minutes' });
  });

  it('refuses what is no whole number above zero, and more than 90 days', () => {
    for (const text of ['', '0', '-1', '1.5', 'three', '1e3']) expect(windowMs(text, 'days')).toBe('bad');
    expect(windowMs('90', 'days')).toBe(7_776_000_000);
    expect(windowMs('91', 'days')).toBe('long');
  });

  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), fc.constantFrom(...UNITS), (amount, unit) => {
        const ms = windowMs(String(amount), unit);
        expect(typeof ms).toBe('number');
        if (typeof ms !== 'number') return;
        const parts = windowParts(ms);
        expect(windowMs(parts.amount, parts.unit)).toBe(ms);
      }),
    );
  });
});
