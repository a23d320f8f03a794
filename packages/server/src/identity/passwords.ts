/** Passwords: argon2id with the library's defaults (19 MiB, two passes), about 15 ms each. */
import { hash, verify } from '@node-rs/argon2';
import type { Clock } from '../base/clock.ts';

export const PASSWORD_LENGTH_MIN = 12;
export const PASSWORD_LENGTH_MAX = 128;

export function hashPassword(password: string): Promise<string> {
  return hash(password);
}

export function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  return verify(passwordHash, password);
}

/** A password of 144 random bits for a first sign-in, in characters that a person can copy. */
export function randomPassword(clock: Clock): string {
  return clock.bytes(18).toString('base64url');
}
