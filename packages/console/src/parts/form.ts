/** The server's refusals at the fields they name. */
import type { ApiError } from '@piculus/protocol/http';
import { inLanguage } from './words.ts';

/**
 * @param known the form's fields; a reason for another one is left for the notice above the form.
 * @returns texts by field, in the language of the page.
 */
export function fieldErrors<F extends string>(
  error: ApiError | null,
  known: readonly F[],
): Partial<Record<F, string>> {
  const found: Partial<Record<F, string>> = {};
  for (const { field, reason } of error?.fields ?? []) {
    const name = known.find((each) => each === field);
    if (name !== undefined) found[name] = inLanguage(reason);
  }
  return found;
}

/** @returns whether the error says something that no field of the form shows. */
export function saysMoreThanFields(error: ApiError, known: readonly string[]): boolean {
  return error.fields.length === 0 || error.fields.some(({ field }) => !known.includes(field));
}
