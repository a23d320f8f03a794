/** Reading JSON that somebody else wrote, without trusting its shape. */

/** @returns the fields of the object in the text; null where the text is no JSON object. */
export function readJsonObject(text: string): ReadonlyMap<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : null;
  } catch {
    return null;
  }
}

export function textField(fields: ReadonlyMap<string, unknown> | null, name: string): string | null {
  const value = fields?.get(name);
  return typeof value === 'string' ? value : null;
}
