/** Quartz cron: strict checking, the next and the previous tick, and words for people. */
import type { FieldError } from '@piculus/protocol';
import { scheduleOf, type Schedule } from './quartz/calendar.ts';
import { CronComplaint } from './quartz/complaint.ts';
import { parseCron } from './quartz/parse.ts';

export { cronInWords } from './quartz/words.ts';

const SECOND_MS = 1_000;
const COMPILED_MAX = 500;
/** Earlier than any year an expression may name, so that a search from here finds its first tick ever. */
const BEFORE_ALL = new Date(Date.UTC(1969, 11, 30));

/** Loops ask for the same few expressions every second; oldest out where there are too many. */
const compiled = new Map<string, Schedule>();

function scheduleFor(cron: string, timeZone: string): Schedule {
  const key = `${timeZone} ${cron}`;
  const known = compiled.get(key);
  if (known) return known;
  const schedule = scheduleOf(parseCron(cron), timeZone);
  const oldest = compiled.size >= COMPILED_MAX ? compiled.keys().next().value : undefined;
  if (oldest !== undefined) compiled.delete(oldest);
  compiled.set(key, schedule);
  return schedule;
}

export interface CheckOptions {
  /** Names of the fields in the errors; `retryCron` and `timeZone` where absent. */
  readonly field?: string;
  readonly timeZoneField?: string;
  /** The expression must have a tick after this moment; where absent, a tick at any time. */
  readonly from?: Date;
}

/**
 * Checks a Quartz expression of six fields, or seven with the year, and its time zone (an IANA name).
 * @returns what is wrong, in both languages; empty where nothing is.
 */
export function checkCron(cron: string, timeZone: string, options: CheckOptions = {}): FieldError[] {
  const { field = 'retryCron', timeZoneField = 'timeZone', from } = options;
  const errors: FieldError[] = [];
  const zoneKnown = isTimeZone(timeZone);
  if (!zoneKnown) {
    const reason = { en: `"${timeZone}" is not a known time zone`, zh: `“${timeZone}”不是已知的时区` };
    errors.push({ field: timeZoneField, reason });
  }
  try {
    // Whether an expression ever fires hardly depends on the zone, so it is told even where the zone is wrong.
    const schedule = scheduleOf(parseCron(cron), zoneKnown ? timeZone : 'UTC');
    if (schedule.next(from ?? BEFORE_ALL) === null) {
      errors.push({ field, reason: NEVER[from === undefined ? 'ever' : 'again'] });
    }
  } catch (error) {
    if (!(error instanceof CronComplaint)) throw error;
    errors.push({ field, reason: error.reason });
  }
  return errors;
}

const NEVER = {
  ever: { en: 'no date ever matches; it would never fire', zh: '没有匹配的日期，永远不会触发' },
  again: { en: 'no date to come matches; it would never fire', zh: '今后没有匹配的日期，不会再触发' },
};

function isTimeZone(timeZone: string): boolean {
  // Some runtimes take offsets such as +08:00, others do not; a name works everywhere and knows clock changes.
  if (!/^[A-Za-z]/.test(timeZone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone }) !== null;
  } catch {
    return false;
  }
}

/** The next ticks after `from`, at most `count`. The expression must have passed {@link checkCron}. */
export function nextTicks(cron: string, timeZone: string, from: Date, count: number): Date[] {
  const schedule = scheduleFor(cron, timeZone);
  const ticks: Date[] = [];
  let at: Date | null = from;
  while (ticks.length < count) {
    at = schedule.next(at);
    if (at === null) break;
    ticks.push(at);
  }
  return ticks;
}

/**
 * The latest tick at or before `now` and later than `after`; null where there is none. Costs the same however
 * many ticks lie between. The expression must have passed {@link checkCron}.
 */
export function previousTick(cron: string, timeZone: string, now: Date, after: Date): Date | null {
  if (now <= after) return null;
  const schedule = scheduleFor(cron, timeZone);
  const first = schedule.next(after);
  if (first === null || first > now) return null;
  // Ticks are whole seconds, so "before the second that follows now" is "at or before now".
  const before = new Date(Math.floor(now.getTime() / SECOND_MS) * SECOND_MS + SECOND_MS);
  return schedule.previous(before) ?? first;
}
