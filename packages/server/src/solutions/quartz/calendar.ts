/**
 * Turns a read expression into times. The walk over the calendar is croner's, fed with plain lists of numbers;
 * what croner does not know (`L-3`) is resolved month by month here.
 *
 * Clock changes: a single time of day that the clock leaps over fires right after the leap, and one that comes
 * twice fires the first time; repeated times (lists, steps) follow the clock.
 */
import { Cron } from 'croner';
import { MONTH, YEAR } from './fields.ts';
import type { DayRule, QuartzCron } from './parse.ts';

export interface Schedule {
  /** The first tick after this moment; null where there is none any more. */
  next(after: Date): Date | null;
  /** The last tick before this moment, which must be a whole second; null where there is none. */
  previous(before: Date): Date | null;
}

const list = (values: readonly number[] | null): string => (values === null ? '*' : values.join(','));

/** A schedule of croner for these texts of the day, month, weekday and year fields. */
function cronerSchedule(
  cron: QuartzCron,
  timeZone: string,
  days: readonly [string, string, string, string],
): Cron {
  const time = [cron.seconds, cron.minutes, cron.hours].map(list);
  return new Cron([...time, ...days].join(' '), {
    mode: '6-or-7-parts',
    alternativeWeekdays: true,
    sloppyRanges: true,
    paused: true,
    timezone: timeZone,
  });
}

export function scheduleOf(cron: QuartzCron, timeZone: string): Schedule {
  const { days } = cron;
  if (days.kind === 'before-last' && days.days > 0) return beforeLastSchedule(cron, days, timeZone);
  const [dayOfMonth, dayOfWeek] = dayTexts(days);
  const schedule = cronerSchedule(cron, timeZone, [
    dayOfMonth,
    list(cron.months),
    dayOfWeek,
    list(cron.years),
  ]);
  return {
    next: (after) => schedule.nextRun(after),
    previous: (before) => schedule.previousRuns(1, before)[0] ?? null,
  };
}

function dayTexts(days: DayRule): readonly [string, string] {
  switch (days.kind) {
    case 'every':
      return ['*', '*'];
    case 'dates':
      return [list(days.dates), '?'];
    case 'before-last':
      return [days.toWeekday ? 'LW' : 'L', '?'];
    case 'nearest-weekday':
      return [`${days.date}W`, '?'];
    case 'weekdays':
      return ['?', list(days.weekdays)];
    case 'nth-weekday':
      return ['?', `${days.weekday}#${days.nth}`];
    case 'last-weekday':
      return ['?', `${days.weekday}L`];
  }
}

type BeforeLast = Extract<DayRule, { kind: 'before-last' }>;

/** `L-3` has another date in each month, so each month gets a schedule of its own for that date. */
function beforeLastSchedule(cron: QuartzCron, days: BeforeLast, timeZone: string): Schedule {
  const months = cron.months ?? Array.from({ length: MONTH.max }, (_, index) => index + 1);
  // All times of a month in any zone lie within a day of that month in UTC, so a walk starts one month early.
  const walk = (from: Date, direction: 1 | -1, find: (schedule: Cron) => Date | null): Date | null => {
    const start = from.getUTCFullYear() * 12 + from.getUTCMonth() - direction;
    const end = direction === 1 ? YEAR.max * 12 + 11 : YEAR.min * 12;
    for (let index = start; direction === 1 ? index <= end : index >= end; index += direction) {
      const year = Math.floor(index / 12);
      const month = (index % 12) + 1;
      if (!months.includes(month) || (cron.years !== null && !cron.years.includes(year))) continue;
      const date = dateBeforeLast(year, month, days);
      if (date === null) continue;
      const found = find(cronerSchedule(cron, timeZone, [`${date}`, `${month}`, '?', `${year}`]));
      if (found) return found;
    }
    return null;
  };
  return {
    next: (after) => walk(after, 1, (schedule) => schedule.nextRun(after)),
    previous: (before) => walk(before, -1, (schedule) => schedule.previousRuns(1, before)[0] ?? null),
  };
}

/** @returns the day of the month, or null where the month is too short to have one. */
function dateBeforeLast(year: number, month: number, days: BeforeLast): number | null {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const date = last - days.days;
  if (date < 1) return null;
  return days.toWeekday ? nearestWeekday(year, month, date, last) : date;
}

/** Saturday goes to Friday and Sunday to Monday, but never out of the month. */
function nearestWeekday(year: number, month: number, date: number, last: number): number {
  const weekday = new Date(Date.UTC(year, month - 1, date)).getUTCDay();
  if (weekday === 6) return date === 1 ? date + 2 : date - 1;
  if (weekday === 0) return date === last ? date - 2 : date + 1;
  return date;
}
