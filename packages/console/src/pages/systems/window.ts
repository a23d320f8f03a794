/** The collect window as a person writes it: a whole number of minutes, hours or days. Pure. */
export const UNITS = ['minutes', 'hours', 'days'] as const;
export type Unit = (typeof UNITS)[number];

const MS: Readonly<Record<Unit, number>> = { minutes: 60_000, hours: 3_600_000, days: 86_400_000 };
const MAX_MS = 90 * MS.days;

/** @returns the greatest unit that says it without a rest; a rest below a minute is rounded away. */
export function windowParts(ms: number): { readonly amount: string; readonly unit: Unit } {
  const unit: Unit = ms % MS.days === 0 ? 'days' : ms % MS.hours === 0 ? 'hours' : 'minutes';
  return { amount: String(Math.max(1, Math.round(ms / MS[unit]))), unit };
}

/** @returns milliseconds, or why not. */
export function windowMs(amount: string, unit: Unit): number | 'bad' | 'long' {
  const text = amount.trim();
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) === 0) return 'bad';
  const ms = Number(text) * MS[unit];
  return ms > MAX_MS ? 'long' : ms;
}
