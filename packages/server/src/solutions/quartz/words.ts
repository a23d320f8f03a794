/** A cron expression in words, for people who do not read cron. */
import cronstrue from 'cronstrue/i18n.js';

interface WordsOptions {
  readonly locale: string;
  readonly dayOfWeekStartIndexZero: boolean;
  readonly use24HourTimeFormat: boolean;
}
// The package's types promise a `default` that only some module loaders give; every loader gives this function.
const inWords: (cron: string, options: WordsOptions) => string = cronstrue.toString;

/** @returns the expression itself where there are no words for it. */
export function cronInWords(cron: string): { en: string; zh: string } {
  return { en: words(cron, 'en'), zh: words(cron, 'zh_CN') };
}

function words(cron: string, locale: string): string {
  try {
    return inWords(cron.trim(), { locale, dayOfWeekStartIndexZero: false, use24HourTimeFormat: true });
  } catch {
    // The words are an ornament beside the next ticks; a gap in them must not refuse a good expression.
    return cron;
  }
}
