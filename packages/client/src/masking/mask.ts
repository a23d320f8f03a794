/** Hiding what is personal: a masked value shows at most its last four characters. */

const HIDDEN = '***';

/** @returns the value with at most its last two to four characters left, and never its length. */
export function maskValue(value: string): string {
  const characters = Array.from(value);
  const kept = characters.length >= 10 ? 4 : characters.length >= 6 ? 2 : 0;
  return HIDDEN + (kept === 0 ? '' : characters.slice(-kept).join(''));
}

/** Consecutive digits in common with a personal value from which on a text gives it away. */
const TELLING_DIGITS = 7;

/** The personal values of one record, for finding them again in texts. */
export class PersonalValues {
  /** Longest first, so that a value that contains another is hidden as a whole. */
  readonly #values: readonly string[];
  readonly #digitRuns = new Set<string>();

  constructor(values: Iterable<string>) {
    const distinct = [...new Set(values)].filter((value) => value.trim() !== '');
    // Short values are words like "1" or "CN"; hiding them everywhere would only spoil the text.
    this.#values = distinct
      .filter((value) => Array.from(value).length >= 2)
      .sort((a, b) => b.length - a.length);
    for (const value of distinct) {
      const digits = value.replace(/\D/g, '');
      for (let end = TELLING_DIGITS; end <= digits.length; end += 1)
        this.#digitRuns.add(digits.slice(end - TELLING_DIGITS, end));
    }
  }

  /** Nothing is hidden then, whatever the text. */
  get none(): boolean {
    return this.#values.length === 0 && this.#digitRuns.size === 0;
  }

  /** Hides every whole personal value. */
  hideIn(text: string): string {
    let hidden = text;
    for (const value of this.#values)
      if (hidden.includes(value)) hidden = hidden.replaceAll(value, () => maskValue(value));
    return hidden;
  }

  /** No digits are hidden then. */
  get noDigits(): boolean {
    return this.#digitRuns.size === 0;
  }

  /** Whether these digits share seven consecutive ones with a personal value. */
  sharesDigitsWith(digits: string): boolean {
    if (this.noDigits) return false;
    for (let end = TELLING_DIGITS; end <= digits.length; end += 1)
      if (this.#digitRuns.has(digits.slice(end - TELLING_DIGITS, end))) return true;
    return false;
  }
}

export const NOTHING_PERSONAL = new PersonalValues([]);

/** A date, or seven and more digits that may be grouped by single blanks or hyphens, as on a bank card. */
const DATE_OR_DIGITS = /(?<!\d)\d{4}-[01]\d-[0-3]\d(?!\d)|\d(?:[ -]?\d){6,}/g;
const DATE = /^\d{4}-[01]\d-[0-3]\d$/;

/**
 * Scrubs a text that people will read: personal values are hidden, and so is every long run of digits that is
 * not known to be harmless, because a text from a database or a bank may quote anything.
 * @param harmless texts that leave anyway, such as the order number; digits found in one of them are kept.
 */
export function scrubText(text: string, personal: PersonalValues, harmless: readonly string[]): string {
  return personal.hideIn(text).replace(DATE_OR_DIGITS, (run) => {
    const digits = run.replace(/\D/g, '');
    if (personal.sharesDigitsWith(digits)) return maskValue(digits);
    if (DATE.test(run) || harmless.some((known) => known.includes(run))) return run;
    return maskValue(digits);
  });
}

/** Hides in a text only what is known to be personal; other numbers are facts and stay. */
export function hidePersonal(text: string, personal: PersonalValues): string {
  if (personal.none) return text;
  const hidden = personal.hideIn(text);
  if (personal.noDigits) return hidden;
  return hidden.replace(DATE_OR_DIGITS, (run) => {
    const digits = run.replace(/\D/g, '');
    return personal.sharesDigitsWith(digits) ? maskValue(digits) : run;
  });
}
