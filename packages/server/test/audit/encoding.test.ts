/** The digest of a row against a spelling of its own, byte after byte, as docs/audit.md describes it. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowDigest, rowDigests } from '../../src/audit/encoding.ts';

const prefixed = (text: string): number[] => {
  const bytes = [...Buffer.from(text, 'utf8')];
  const size = bytes.length;
  return [size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff, ...bytes];
};

function spelled(names: readonly string[], values: readonly (string | null)[]): Buffer {
  const bytes = [...prefixed('piculus row'), ...prefixed('executions'), 0, 0, 0, names.length];
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? null;
    bytes.push(...prefixed(name), ...(value === null ? [0] : [1, ...prefixed(value)]));
  }
  return createHash('sha256').update(Buffer.from(bytes)).digest();
}

test('a row has one digest, whatever characters and lengths its values have', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 400 }),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', 'ÿ', '\u0080', 'x'.repeat(70_000)),
  );
  const fields = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.option(text)), { maxLength: 6 });
  fc.assert(
    fc.property(fields, (given) => {
      const names = given.map(([name]) => name);
      const row = { id: '1', values: given.map(([, value]) => value) };
      const expected = spelled(names, row.values).toString('hex');
      expect(rowDigest('executions', names, row).toString('hex')).toBe(expected);
      const many = rowDigests('executions', names);
      expect([many(row), many(row)].map((digest) => digest.toString('hex'))).toEqual([expected, expected]);
    }),
    { numRuns: 500 },
  );
});
