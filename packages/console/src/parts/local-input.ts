/** Between the API's UTC and the text of a `datetime-local` field, which is in the person's own zone. */

/** @returns the field's text, to the second; empty where there is no valid time. */
export function toLocalInput(iso: string | undefined): string {
  const time = new Date(iso ?? '');
  if (Number.isNaN(time.getTime())) return '';
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** @returns ISO 8601 in UTC; empty where the text is no time. */
export function fromLocalInput(text: string): string {
  const time = new Date(text);
  return text === '' || Number.isNaN(time.getTime()) ? '' : time.toISOString();
}
