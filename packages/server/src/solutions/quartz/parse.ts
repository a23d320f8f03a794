/**
 * Reads a Quartz cron expression strictly. What Quartz refuses is refused, with one exception that the product
 * document uses itself: `*` in both day fields means every day.
 * Source: docs of the Quartz scheduler, CronExpression.
 */
import { CronComplaint, inPart } from './complaint.ts';
import {
  DAY_OF_MONTH,
  DAY_OF_WEEK,
  HOURS,
  MINUTES,
  MONTH,
  PARTS,
  SECONDS,
  YEAR,
  type PartRule,
} from './fields.ts';
import { readNumber, readValues } from './values.ts';

/** Which days fire. Exactly one of the ways below. */
export type DayRule =
  | { readonly kind: 'every' }
  | { readonly kind: 'dates'; readonly dates: readonly number[] }
  /** `L` is zero days before the last; `W` moves to the nearest weekday of the month. */
  | { readonly kind: 'before-last'; readonly days: number; readonly toWeekday: boolean }
  | { readonly kind: 'nearest-weekday'; readonly date: number }
  | { readonly kind: 'weekdays'; readonly weekdays: readonly number[] }
  | { readonly kind: 'nth-weekday'; readonly weekday: number; readonly nth: number }
  | { readonly kind: 'last-weekday'; readonly weekday: number };

export interface QuartzCron {
  /** Sorted values; null means all. */
  readonly seconds: readonly number[] | null;
  readonly minutes: readonly number[] | null;
  readonly hours: readonly number[] | null;
  readonly days: DayRule;
  readonly months: readonly number[] | null;
  readonly years: readonly number[] | null;
}

/** @throws CronComplaint that names the field, in both languages. */
export function parseCron(cron: string): QuartzCron {
  const texts = cron
    .trim()
    .toUpperCase()
    .split(/[ \t]+/)
    .filter((text) => text !== '');
  refuseWrongCount(texts, cron);
  const [seconds = '', minutes = '', hours = '', dayOfMonth = '', month = '', dayOfWeek = '', year = '*'] =
    texts;
  for (const [index, part] of PARTS.entries()) refuseMisplaced(texts[index] ?? '*', part);
  return {
    seconds: readValues(seconds, SECONDS),
    minutes: readValues(minutes, MINUTES),
    hours: readValues(hours, HOURS),
    days: readDays(dayOfMonth, dayOfWeek),
    months: readValues(month, MONTH),
    years: readValues(year, YEAR),
  };
}

function refuseWrongCount(texts: readonly string[], cron: string): void {
  if (texts.length === 0) throw new CronComplaint('the cron expression is empty', 'cron 表达式为空');
  if (cron.trim().startsWith('@')) {
    throw new CronComplaint('nicknames such as @daily are not Quartz', '不支持 @daily 之类的别名');
  }
  if (texts.length < 6 || texts.length > 7) {
    throw new CronComplaint(
      `a cron expression has six fields (seconds minutes hours day-of-month month day-of-week) or seven with the year, not ${texts.length}`,
      `cron 表达式须有六个字段（秒 分 时 日 月 星期），或带年的七个字段，现为 ${texts.length} 个`,
    );
  }
}

function refuseMisplaced(text: string, part: PartRule): void {
  const day = part === DAY_OF_MONTH || part === DAY_OF_WEEK;
  if (!text.includes('?')) return;
  if (!day) throw inPart(part, '"?" is for the two day fields only', '“?”只能用于日和星期字段');
  if (text !== '?') throw inPart(part, '"?" stands alone', '“?”必须单独使用');
}

function readDays(dayOfMonth: string, dayOfWeek: string): DayRule {
  if (dayOfMonth === '?' && dayOfWeek === '?') {
    throw inPart(
      DAY_OF_WEEK,
      '"?" may stand in one of the two day fields, not in both',
      '日和星期字段不能同时为“?”',
    );
  }
  if (dayOfMonth === '*' && dayOfWeek === '*') return { kind: 'every' };
  if (dayOfWeek === '?') return readDayOfMonth(dayOfMonth);
  if (dayOfMonth === '?') return readDayOfWeek(dayOfWeek);
  // Both are read first, so that a wrong number is named before the missing "?".
  readDayOfMonth(dayOfMonth);
  readDayOfWeek(dayOfWeek);
  throw inPart(
    DAY_OF_WEEK,
    'days are chosen by the month or by the week: one of the two day fields must be "?"',
    '日和星期不能同时指定，其中一个必须为“?”',
  );
}

function readDayOfMonth(text: string): DayRule {
  const part = DAY_OF_MONTH;
  const last = /^L(?:-([0-9]{1,2}))?(W)?$/.exec(text);
  if (last) {
    const days = Number(last[1] ?? 0);
    if (days > 30)
      throw inPart(part, `L-${days}: at most 30 days before the last`, `L-${days}：最多为最后一天之前 30 天`);
    return { kind: 'before-last', days, toWeekday: last[2] !== undefined };
  }
  const nearest = /^([0-9]{1,4})W$/.exec(text);
  if (nearest?.[1] !== undefined) return { kind: 'nearest-weekday', date: readNumber(nearest[1], part) };
  if (text.includes('L') || text.includes('W')) {
    throw inPart(
      part,
      `"${text}": L, LW, L-3 and 15W stand alone, not in a list, range or step`,
      `“${text}”：L、LW、L-3、15W 必须单独使用，不能出现在列表、范围或步长中`,
    );
  }
  const dates = readValues(text, part);
  return dates === null ? { kind: 'every' } : { kind: 'dates', dates };
}

function readDayOfWeek(text: string): DayRule {
  const part = DAY_OF_WEEK;
  // Alone, L is the last day of the week.
  if (text === 'L') return { kind: 'weekdays', weekdays: [part.max] };
  const last = /^([A-Z]+|[0-9]+)L$/.exec(text);
  if (last?.[1] !== undefined) return { kind: 'last-weekday', weekday: readNumber(last[1], part) };
  const [day = '', nth, ...rest] = text.split('#');
  if (nth !== undefined) {
    if (rest.length > 0 || /[,/-]/.test(text)) {
      throw inPart(part, `"${text}": "#" stands alone, as in 6#3`, `“${text}”：“#”必须单独使用，如 6#3`);
    }
    if (!/^[1-5]$/.test(nth)) {
      throw inPart(
        part,
        `"${text}": after "#" comes a number from 1 to 5`,
        `“${text}”：“#”后须为 1 到 5 的数字`,
      );
    }
    return { kind: 'nth-weekday', weekday: readNumber(day, part), nth: Number(nth) };
  }
  if (/(^|[,/-])L($|[,/-])|[0-9]L|[A-Z]{3}L/.test(text)) {
    throw inPart(part, `"${text}": L stands alone, as in 6L`, `“${text}”：L 必须单独使用，如 6L`);
  }
  const weekdays = readValues(text, part);
  return weekdays === null ? { kind: 'every' } : { kind: 'weekdays', weekdays };
}
