/** A cron expression in words, for people who do not read cron. */
import cronstrue from 'cronstrue/i18n.js';

/** @returns the expression itself where there are no words for it. */
export function cronInWords(cron: string): { en: string; zh: string } {
  return { en: words(cron, 'en'), zh: words(cron, 'zh_CN') };
}

function words(cron: string, locale: string): string {
  try {
    return cronstrue.default.toString(cron.trim(), {
      locale,
      dayOfWeekStartIndexZero: false,
      use24HourTimeFormat: true,
    });
  } catch {
    // The words are an ornament beside the next ticks; a gap in them must not refuse a good expression.
    return cron;
  }
}
