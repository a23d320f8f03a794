/** Texts that leave the process: bounded, and of characters that every database can store. */
import { PiculusError } from '@piculus/protocol';

/** Control characters, and halves of surrogate pairs. */
const UNSTORABLE = /[\p{Cc}\p{Cs}]/u;

/** Without control characters (PostgreSQL stores no NUL) and without halves of surrogate pairs. */
export function storable(text: string): string {
  if (!UNSTORABLE.test(text)) return text;
  return text.toWellFormed().replace(/\p{Cc}+/gu, ' ');
}

/** @returns the text with at most so many UTF-16 units, storable, and saying where it was cut. */
export function boundText(text: string, lengthMax: number): string {
  const clean = storable(text);
  return clean.length <= lengthMax
    ? clean
    : storable(`${clean.slice(0, lengthMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…`);
}

/** What an error says, with its code where it has one, for people; not yet scrubbed. */
export function describeError(error: unknown): string {
  if (error instanceof PiculusError) return `${error.message} (${error.code})`;
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  const code: unknown = Reflect.get(error, 'code');
  const text = error.message === '' ? error.name : error.message;
  return typeof code === 'string' && code !== '' ? `${text} (${code})` : text;
}
