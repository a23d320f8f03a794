/** Numbers, amounts, sizes and times as the language of the page writes them. */
import { currencyExponent, formatDecimalAmount } from '@piculus/protocol';
import { currentLanguage } from '../i18n/index.ts';

export function wholeNumber(value: number): string {
  return new Intl.NumberFormat(currentLanguage()).format(value);
}

/**
 * @param minor minor units as digits; may be beyond what a float holds.
 * @returns for instance `CNY 1,234.50`: the code, because signs are shared by several currencies.
 */
export function amount(minor: string, currency: string): string {
  return `${currency} ${amountFigure(minor, currency)}`;
}

/** The same without the code, where a heading says it. */
export function amountFigure(minor: string, currency: string): string {
  const digits = currencyExponent(currency);
  const number = new Intl.NumberFormat(currentLanguage(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  // The formatter takes decimal text without rounding; its type knows numbers only.
  return number.format(formatDecimalAmount(BigInt(minor), currency) as `${number}`);
}

/** @returns the items in one line, for instance `A, B`. */
export function listed(items: readonly string[]): string {
  return items.join(currentLanguage() === 'en' ? ', ' : '、');
}

/** @returns for instance `1.4 KB`. */
export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  const [unit, divisor] = count < 1_000_000 ? ['KB', 1_000] : ['MB', 1_000_000];
  return `${new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: 1 }).format(count / divisor)} ${unit}`;
}

/** @returns for instance `12 ms` or `3.4 s`. */
export function milliseconds(value: number): string {
  const number = new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: value < 10 ? 1 : 0 });
  return value < 1_000 ? `${number.format(value)} ms` : `${number.format(Math.round(value / 100) / 10)} s`;
}

/** Time of day and date in the person's own zone. */
export function localTime(iso: string): string {
  return new Intl.DateTimeFormat(currentLanguage() === 'en' ? 'en-GB' : 'zh-CN', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(iso));
}

/** @returns for instance `2026-11-22 09:30:00`. */
export function utcTime(iso: string): string {
  return new Date(iso).toISOString().slice(0, 19).replace('T', ' ');
}

/** Time of day in the person's own zone, for instance `09:30`. */
export function timeOfDay(iso: string, seconds = false): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
  }).format(new Date(iso));
}

/** @returns a span in milliseconds, cut to what words tell of it: whole seconds, minutes, hours or days. */
export function coarse(ms: number): number {
  const unit = unitOf(Math.abs(ms));
  return Math.sign(ms) * Math.floor(Math.abs(ms) / unit) * unit;
}

function unitOf(ms: number): number {
  if (ms < 60_000) return 1_000;
  if (ms < 3_600_000) return 60_000;
  return ms < 48 * 3_600_000 ? 3_600_000 : 86_400_000;
}
