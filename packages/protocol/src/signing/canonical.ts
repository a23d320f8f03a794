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
  const encoder = new TextEncoder();
  const encoded = parts.map((part) => (part === null ? null : encoder.encode(String(part))));
  const size = encoded.reduce((sum, part) => sum + LENGTH_BYTES + (part?.length ?? 0), LENGTH_BYTES);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, parts.length);
  let at = LENGTH_BYTES;
  for (const part of encoded) {
    view.setUint32(at, part === null ? ABSENT : part.length);
    at += LENGTH_BYTES;
    if (part === null) continue;
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * JSON in one spelling only: the keys of every object sorted by their UTF-16 units, no blanks, numbers and texts as
 * ECMAScript writes them (RFC 8785).
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`);
  return `{${members.join(',')}}`;
}
