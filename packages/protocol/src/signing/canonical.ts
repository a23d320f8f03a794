/**
 * The bytes that are signed. Every part is preceded by its length, so that no two different lists of parts have the
 * same bytes; nothing depends on the order of keys, blanks or escapes in a JSON text.
 */

/** Instead of a length: the part is not there, which is not the same as an empty one. */
const ABSENT = 0xffff_ffff;
const LENGTH_BYTES = 4;

/**
 * A count, then each part: four bytes of length, most significant first, and its UTF-8 bytes. Numbers are given as
 * decimal text.
 */
export function canonicalBytes(parts: readonly (string | number | null)[]): Uint8Array {
  const texts = parts.map((part) => (part === null ? null : String(part)));
  const all = texts.join('');
  return Buffer.byteLength(all) === all.length ? asciiBytes(texts) : utf8Bytes(texts);
}

/** Where each character is a byte, all can be put together as a text first: a batch of commands is thousands of parts. */
function asciiBytes(texts: readonly (string | null)[]): Uint8Array {
  let spelled = lengthAsText(texts.length);
  for (const text of texts) spelled += text === null ? ABSENT_AS_TEXT : lengthAsText(text.length) + text;
  return Buffer.from(spelled, 'latin1');
}

const ABSENT_AS_TEXT = '\xff\xff\xff\xff';
const lengthAsText = (size: number): string =>
  String.fromCharCode(size >>> 24, (size >>> 16) & 0xff, (size >>> 8) & 0xff, size & 0xff);

function utf8Bytes(texts: readonly (string | null)[]): Uint8Array {
  const sizes = texts.map((text) => (text === null ? 0 : Buffer.byteLength(text)));
  const bytes = Buffer.alloc(sizes.reduce((sum, size) => sum + LENGTH_BYTES + size, LENGTH_BYTES));
  let at = bytes.writeUInt32BE(texts.length);
  for (const [index, text] of texts.entries()) {
    at = bytes.writeUInt32BE(text === null ? ABSENT : (sizes[index] ?? 0), at);
    if (text !== null) at += bytes.write(text, at);
  }
  return bytes;
}

/**
 * JSON in one spelling only: the keys of every object sorted by their UTF-16 units, no blanks, numbers and texts as
 * ECMAScript writes them (RFC 8785).
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let members = '';
  const fields = Object.entries(value);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, inner] of fields) {
    if (inner === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(inner)}`;
  }
  return `{${members}}`;
}
