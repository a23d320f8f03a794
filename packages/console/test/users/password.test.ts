import { describe, expect, it } from 'vitest';
import { makePassword, PASSWORD_LENGTH_MIN } from '../../src/pages/users/password.ts';

const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);

describe('a password made by the page', () => {
  it('is long enough, and without characters that are read for one another', () => {
    for (let i = 0; i < 200; i += 1) {
      const password = makePassword(random);
      expect(password).toMatch(/^[a-zA-Z2-9]{20}$/);
      expect(password).not.toMatch(/[0O1lI]/);
      expect(password.length).toBeGreaterThanOrEqual(PASSWORD_LENGTH_MIN);
    }
  });

  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => makePassword(random))).size).toBe(100);
  });

  it('takes no byte that would make some characters more likely', () => {
    let call = 0;
    const password = makePassword((bytes) => {
      // First only bytes that must be thrown away, then the first character of the alphabet.
      bytes.fill(call === 0 ? 255 : 0);
      call += 1;
    });
    expect(password).toBe('a'.repeat(20));
    expect(call).toBe(2);
  });
});
