/** JSON as PostgreSQL takes it: its texts know neither the character zero nor half a surrogate pair. */

/** Rows for `jsonb_to_recordset`. What PostgreSQL cannot store becomes the replacement character. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  // The cheap search finds every text that may need it; only those pay for the second pass.
  if (!text.includes('\\u0000') && !text.includes('\\ud')) return text;
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'string' ? storableText(inner) : inner,
  );
}

export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD');
}
