/** Time-based one-time codes as authenticator apps make them: RFC 6238 with SHA-1, six digits, 30 seconds. Pure. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const STEP_MS = 30_000;
const DIGITS = 6;
/** RFC 4226 asks for at least 128 bits and recommends 160. */
export const SECRET_BYTES = 20;
/** Clocks of phones are a little wrong: the code before and the one after are taken, too. */
const WINDOW = 1;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base 32 without padding, as apps take it. */
export function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => ALPHABET[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
}

/** @throws RangeError where the text is no base 32. */
export function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) => {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) throw new RangeError('not base 32');
    return value.toString(2).padStart(5, '0');
  });
  const bytes = bits.join('').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

export function stepOf(at: Date): number {
  return Math.floor(at.getTime() / STEP_MS);
}

/** @returns the code of one step, six digits. */
export function codeAt(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', secret).update(counter).digest();
  const offset = hash.readUInt8(hash.length - 1) & 0x0f;
  const number = (hash.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** DIGITS;
  return String(number).padStart(DIGITS, '0');
}

/** @returns the step whose code this is, the newest one where several have it; null where it is none of now. */
export function matchingStep(secret: Buffer, code: string, at: Date): number | null {
  if (!/^[0-9]{6}$/.test(code)) return null;
  let found: number | null = null;
  for (let step = stepOf(at) - WINDOW; step <= stepOf(at) + WINDOW; step += 1)
    if (timingSafeEqual(Buffer.from(codeAt(secret, step)), Buffer.from(code))) found = step;
  return found;
}

/** What a QR code for authenticator apps holds. */
export function otpauthUri(secret: string, username: string): string {
  const query = new URLSearchParams({ secret, issuer: 'Piculus', digits: String(DIGITS), period: '30' });
  return `otpauth://totp/Piculus:${encodeURIComponent(username)}?${query}`;
}
