/** Making a password in the page. */

/** No characters that are read for one another: 0 and O, 1, l and I. */
const ALPHABET = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const LENGTH = 20;

export const PASSWORD_LENGTH_MIN = 12;

/**
 * @param fill fills an array with random bytes, as `crypto.getRandomValues` does.
 * @returns 20 characters of 57, each as likely as the others: 116 bits.
 */
export function makePassword(fill: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  // Bytes beyond the last whole multiple would make the first characters more likely.
  const limit = 256 - (256 % ALPHABET.length);
  let password = '';
  const bytes = new Uint8Array(LENGTH * 2);
  while (password.length < LENGTH) {
    fill(bytes);
    for (const byte of bytes) {
      if (byte < limit && password.length < LENGTH) password += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return password;
}
