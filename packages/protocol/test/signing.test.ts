import { generateKeyPairSync, hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FixCommand, FixItem } from '../src/index.ts';
import {
  canonicalBytes,
  canonicalJson,
  evidenceHash,
  fixBytes,
  fixItemBytes,
  isSignedBy,
  readServerKey,
  serverKeyOf,
  signBytes,
} from '../src/signing/index.ts';

const part = fc.option(fc.string({ unit: 'grapheme', maxLength: 12 }));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('canonical bytes', () => {
  it('are the same for the same parts only', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.array(part, { maxLength: 6 }), (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(hex(canonicalBytes(a)) === hex(canonicalBytes(b))).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  it('do not let a character wander from one part to the next, and know nothing from empty', () => {
    expect(hex(canonicalBytes(['ab', 'c']))).not.toBe(hex(canonicalBytes(['a', 'bc'])));
    expect(hex(canonicalBytes([null]))).not.toBe(hex(canonicalBytes([''])));
    expect(hex(canonicalBytes(['你', 7, null]))).toBe(
      '0000000300000003e4bda0000000013 7ffffffff'.replace(' ', ''),
    );
  });
});

describe('canonical JSON', () => {
  it('is the same however the keys stand', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is what the hash of evidence is over, whatever its fields are called', () => {
    const name = fc.oneof(fc.string(), fc.nat(20).map(String), fc.constantFrom('__proto__x', 'toString'));
    const value = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
    const side = fc.record({
      state: fc.string(),
      source: fc.string(),
      observedAt: fc.string(),
      fields: fc.dictionary(name, value, { maxKeys: 8 }),
    });
    fc.assert(
      fc.property(fc.record({ order: side, ledger: side, bank: side }), (facts) => {
        expect(evidenceHash(facts)).toBe(hash('sha256', canonicalJson(facts), 'hex'));
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives the evidence one hash', () => {
    const side = {
      state: 'paid',
      source: 'query',
      observedAt: '2026-01-02T03:04:05.000Z',
      fields: { b: 1, a: '你' },
    };
    const facts = { order: side, ledger: side, bank: side };
    expect(evidenceHash({ bank: side, ledger: side, order: { ...side, fields: { a: '你', b: 1 } } })).toBe(
      evidenceHash(facts),
    );
    expect(evidenceHash({ ...facts, order: { ...side, state: 'none' } })).not.toBe(evidenceHash(facts));
  });
});

const ITEM: Required<FixItem> = {
  problemId: '17',
  commandKey: 'cmd/PBAP/fixA/R1/0',
  fixCode: 'fixA',
  businessKey: 'R1',
  scenario: 'C1',
  amountMinor: '70000',
  currency: 'CNY',
  attempt: 2,
  trigger: 'tick',
  previousOutcome: 'failed',
  evidenceHash: 'ab'.repeat(32),
  notBefore: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T10:05:00.000Z',
  signature: '',
  keyId: '0123456789abcdef',
};
const AUDIENCE = { sysCode: 'PBAP', clientId: 'c-1' };
const LEASE = { leaseId: 'l-1', epoch: 1, leaseMs: 15_000 };

describe('the bytes of a fix command', () => {
  it('change with every field but the signature', () => {
    const whole = hex(fixItemBytes(AUDIENCE, LEASE, ITEM));
    for (const field of Object.keys(ITEM)) {
      const changed = { ...ITEM, [field]: field === 'attempt' ? 3 : 'other' };
      expect(hex(fixItemBytes(AUDIENCE, LEASE, changed)) === whole, field).toBe(field === 'signature');
    }
    for (const field of Object.keys(LEASE))
      expect(hex(fixItemBytes(AUDIENCE, { ...LEASE, [field]: 99 }, ITEM)), field).not.toBe(whole);
    for (const field of Object.keys(AUDIENCE))
      expect(hex(fixItemBytes({ ...AUDIENCE, [field]: 'X' }, LEASE, ITEM)), field).not.toBe(whole);
  });
});

describe('the bytes of a fix command that is signed as a whole', () => {
  const SIGNED = { notBefore: ITEM.notBefore, expiresAt: ITEM.expiresAt, keyId: ITEM.keyId };
  const COMMAND = { ...LEASE, ...SIGNED, signature: '', items: [ITEM, { ...ITEM, problemId: '18' }] };
  const bytesOf = (command: FixCommand, audience = AUDIENCE): string => hex(fixBytes(audience, command));
  const whole = bytesOf(COMMAND);

  it('change with every field of the message and of each item but the signatures', () => {
    for (const [at, item] of COMMAND.items.entries()) {
      for (const field of Object.keys(ITEM)) {
        const items = COMMAND.items.with(at, { ...item, [field]: field === 'attempt' ? 3 : 'other' });
        expect(bytesOf({ ...COMMAND, items }) === whole, field).toBe(field === 'signature');
      }
    }
    for (const field of [...Object.keys(LEASE), ...Object.keys(SIGNED)])
      expect(bytesOf({ ...COMMAND, [field]: 99 }), field).not.toBe(whole);
    for (const field of Object.keys(AUDIENCE))
      expect(bytesOf(COMMAND, { ...AUDIENCE, [field]: 'X' }), field).not.toBe(whole);
  });

  it('change with the items and their order, and are no bytes of an item', () => {
    const [first, second] = COMMAND.items;
    if (first === undefined || second === undefined) throw new Error('two items');
    for (const items of [[first], [second, first], [first, first], [first, second, second]])
      expect(bytesOf({ ...COMMAND, items })).not.toBe(whole);
    expect(bytesOf({ ...COMMAND, items: [first] })).not.toBe(hex(fixItemBytes(AUDIENCE, LEASE, first)));
  });
});

describe('keys and signatures', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = serverKeyOf(privateKey);
  const bytes = fixItemBytes(AUDIENCE, LEASE, ITEM);

  it('fit each other, and the key is read again from its text', () => {
    expect(key.text).toMatch(/^ed25519:[\w-]{43}$/);
    expect(key.keyId).toMatch(/^[0-9a-f]{16}$/);
    expect(isSignedBy(readServerKey(key.text), bytes, signBytes(privateKey, bytes))).toBe(true);
  });

  it('have one spelling: no bit of a signature or of a key can be changed', () => {
    const signature = signBytes(privateKey, bytes);
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ ';
    for (let at = 0; at < signature.length; at += 1) {
      for (const letter of letters) {
        const changed = signature.slice(0, at) + letter + signature.slice(at + 1);
        if (changed !== signature && at > 82) expect(isSignedBy(key, bytes, changed)).toBe(false);
      }
      expect(isSignedBy(key, bytes, signature.slice(0, at))).toBe(false);
    }
    expect(isSignedBy(key, bytes, `${signature}=`)).toBe(false);
    expect(isSignedBy(key, bytes, ` ${signature}`)).toBe(false);
  });

  it.each([
    '',
    'ed25519:',
    `ed448:${'A'.repeat(43)}`,
    key.text.slice(8),
    `${key.text}=`,
    `${key.text.slice(0, -1)}${key.text.endsWith('9') ? '+' : '9'}`,
  ])('refuse "%s" as a key', (text) => {
    expect(() => readServerKey(text)).toThrow(TypeError);
  });

  it('refuse another kind of key', () => {
    for (const other of [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('x25519')])
      expect(() => serverKeyOf(other.privateKey)).toThrow(TypeError);
  });
});
