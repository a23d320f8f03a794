/** Makes a payload fit for the message log: bounded, and free of what PostgreSQL cannot store as JSON. */

/** Largest payload that is kept, in characters of its JSON. */
export const PAYLOAD_CHARACTERS_MAX = 4_096;
const NUL = String.fromCharCode(0);

/** Text without NUL characters and lone surrogates, which PostgreSQL refuses; cut at `max` characters. */
export function storableText(text: string, max = 1_024): string {
  return text.slice(0, max).toWellFormed().replaceAll(NUL, '\u{FFFD}');
}

/** @returns the payload, or what can be said of it where it is too large. */
export function storablePayload(payload: unknown): unknown {
  const json = JSON.stringify(payload, (_key, value: unknown) =>
    typeof value === 'string' ? storableText(value) : value,
  );
  if (json === undefined) return null;
  if (json.length > PAYLOAD_CHARACTERS_MAX) return { truncated: true, characters: json.length };
  const value: unknown = JSON.parse(json);
  return withStorableKeys(value);
}

function withStorableKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withStorableKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [storableText(key, 256), withStorableKeys(item)]),
  );
}
