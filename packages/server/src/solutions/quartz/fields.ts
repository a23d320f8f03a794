/** The fields of a Quartz cron expression: their order, bounds, names, and what may stand in them. */

export type PartName = 'seconds' | 'minutes' | 'hours' | 'day-of-month' | 'month' | 'day-of-week' | 'year';

export interface PartRule {
  readonly name: PartName;
  readonly zh: string;
  readonly min: number;
  readonly max: number;
  /** Largest step after a slash. */
  readonly maxStep: number;
  /** A range may run over the end, as in 22-2. */
  readonly wraps: boolean;
  /** Words that stand for numbers, in order from `min`. */
  readonly words: readonly string[];
}

const rule = (
  name: PartName,
  zh: string,
  min: number,
  max: number,
  more: Partial<PartRule> = {},
): PartRule => ({
  name,
  zh,
  min,
  max,
  maxStep: max,
  wraps: true,
  words: [],
  ...more,
});

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

export const SECONDS = rule('seconds', '秒', 0, 59);
export const MINUTES = rule('minutes', '分', 0, 59);
export const HOURS = rule('hours', '时', 0, 23);
export const DAY_OF_MONTH = rule('day-of-month', '日', 1, 31);
export const MONTH = rule('month', '月', 1, 12, { words: MONTHS });
/** 1 is Sunday, 7 is Saturday. */
export const DAY_OF_WEEK = rule('day-of-week', '星期', 1, 7, { words: WEEKDAYS });
/** Years do not come round again, so a range of them cannot run over the end. */
export const YEAR = rule('year', '年', 1970, 2099, { maxStep: 129, wraps: false });

/** In the order in which they stand. */
export const PARTS = [SECONDS, MINUTES, HOURS, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, YEAR] as const;
