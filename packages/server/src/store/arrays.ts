/**
 * Lists as PostgreSQL writes them as text, and reads them. The driver's own reader takes them letter by letter, which was
 * a tenth of what the server did in a drain: leases and the rows of the audit's chain are lists of hundreds.
 */
import { storableText } from './json.ts';

/**
 * Values of one column for `unnest`, which costs the database a third of what columns of JSON do. What PostgreSQL cannot
 * store becomes the replacement character.
 */
export function writeTextList(values: readonly (string | number | boolean | null)[]): string {
  const json = JSON.stringify(values);
  // Both quote alike as long as nothing has to be escaped, and JSON is written by the engine itself.
  if (!json.includes('\\')) return `{${json.slice(1, -1)}}`;
  return `{${values.map(quoted).join()}}`;
}

const quoted = (value: string | number | boolean | null): string =>
  typeof value === 'string' ? `"${storableText(value).replaceAll(/["\\]/g, '\\$&')}"` : String(value);

/** @returns null where it is no plain list: one of several dimensions, or with bounds of its own. */
export function readTextList(text: string): (string | null)[] | null {
  if (text === '{}') return [];
  if (!text.startsWith('{') || text.startsWith('{{')) return null;
  return text.includes('"') ? readQuoted(text) : text.slice(1, -1).split(',').map(wordOf);
}

const wordOf = (word: string): string | null => (word === 'NULL' ? null : word);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function readQuoted(text: string): (string | null)[] {
  const found: (string | null)[] = [];
  const last = text.length - 1;
  // Behind each element stands a comma, or the brace that closes the list.
  for (let at = 1; at < last; at += 1) {
    if (text.charCodeAt(at) !== QUOTE) {
      const comma = text.indexOf(',', at);
      const end = comma === -1 ? last : comma;
      found.push(wordOf(text.slice(at, end)));
      at = end;
      continue;
    }
    let end = at + 1;
    let escaped = false;
    for (let code = text.charCodeAt(end); code !== QUOTE && end < last; code = text.charCodeAt(end)) {
      if (code === BACKSLASH) escaped = true;
      end += code === BACKSLASH ? 2 : 1;
    }
    const inner = text.slice(at + 1, end);
    found.push(escaped ? inner.replaceAll(/\\(.)/gs, '$1') : inner);
    at = end + 1;
  }
  return found;
}
