/** Values that rest where others may read: sealed with AES-256-GCM as nonce, tag and text. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { Clock } from './clock.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A key of its own for each purpose, from the one secret of the server. */
export function sealingKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES));
}

/** @param bound must be the same when it is opened; it is not in what is returned. */
export function sealJson(
  key: Buffer,
  clock: Pick<Clock, 'bytes'>,
  value: unknown,
  bound: Buffer = Buffer.alloc(0),
): Buffer {
  const nonce = clock.bytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** @throws Error where it was sealed by another key or bound to something else, or is broken. */
export function openJson(key: Buffer, sealed: Buffer, bound: Buffer = Buffer.alloc(0)): unknown {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = sealed.subarray(NONCE_BYTES + TAG_BYTES);
  return JSON.parse(Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8'));
}
