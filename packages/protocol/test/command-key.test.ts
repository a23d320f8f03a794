import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { businessKeySchema, commandKey, fixItemSchema, LIMITS } from '../src/index.ts';

/** Parts made to collide: separators, escapes and pieces of each other. */
const part = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc
    .array(fc.constantFrom('/', '%2F', '%', '2F', 'cmd', 'a', '订单', ' '), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join('')),
);
const identity = fc.record({ sysCode: part, fixCode: part, businessKey: part, reopenCount: fc.nat(20) });

describe('the command key', () => {
  it('is the same only for the same system, fix, record and reopening', () => {
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        const same =
          a.sysCode === b.sysCode &&
          a.fixCode === b.fixCode &&
          a.businessKey === b.businessKey &&
          a.reopenCount === b.reopenCount;
        expect(commandKey(a) === commandKey(b)).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  it('can be taken apart again', () => {
    fc.assert(
      fc.property(identity, (a) => {
        const [tag, sysCode, fixCode, businessKey, reopenCount] = commandKey(a)
          .split('/')
          .map(decodeURIComponent);
        expect({ tag, sysCode, fixCode, businessKey, reopenCount: Number(reopenCount) }).toEqual({
          tag: 'cmd',
          ...a,
        });
      }),
    );
  });

  it('has a spelling that never changes', () => {
    expect(
      commandKey({
        sysCode: 'PBAP',
        fixCode: 'interRechargeFixServiceImpl',
        businessKey: 'R/1 订',
        reopenCount: 0,
      }),
    ).toBe('cmd/PBAP/interRechargeFixServiceImpl/R%2F1%20%E8%AE%A2/0');
  });

  it('exists for every business key that the wire takes', () => {
    expect(businessKeySchema.safeParse('\ud800').success).toBe(false);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: LIMITS.businessKeyLength }),
        (businessKey) => {
          if (!businessKeySchema.safeParse(businessKey).success) return;
          const key = commandKey({
            sysCode: 'S'.repeat(32),
            fixCode: 'f'.repeat(64),
            businessKey,
            reopenCount: 99_999,
          });
          expect(key.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  it('fits into its field on the wire in the worst case', () => {
    const worst = commandKey({
      sysCode: 'S'.repeat(32),
      fixCode: 'f'.repeat(64),
      businessKey: '😀'.repeat(LIMITS.businessKeyLength),
      reopenCount: Number.MAX_SAFE_INTEGER,
    });
    expect(fixItemSchema.shape.commandKey.safeParse(worst).success).toBe(true);
  });
});
