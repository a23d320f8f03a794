/** Of the time that was written last. */
const last = { ms: Number.NaN, text: '' };

/**
 * A time as messages and rows spell it: ISO 8601 in UTC, to the millisecond. Hundreds of a batch have the same one, and
 * writing it takes longer than all else that is done for their place in a list; so the last one is remembered.
 * @throws RangeError where it is no time.
 */
export function isoTime(at: Date): string {
  const ms = at.getTime();
  if (ms !== last.ms) {
    last.text = at.toISOString();
    last.ms = ms;
  }
  return last.text;
}
