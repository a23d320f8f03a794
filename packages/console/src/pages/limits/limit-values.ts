/** Limits as they are typed, and as they are kept. */
import type { Limits, LimitSettings } from '@piculus/protocol/http';
import { type AmountFault, amountsOf, linesOf, type TypedAmount } from '../../parts/amount-lines.ts';

export const NUMBER_FIELDS = {
  executionsPerHour: { min: 1, max: 1_000_000, whole: true },
  reportTimes: { min: 1.5, max: 1_000, whole: false },
  reportMin: { min: 1, max: 1_000_000, whole: true },
  failurePercent: { min: 1, max: 100, whole: true },
  failureMin: { min: 1, max: 1_000_000, whole: true },
  contradictionsMax: { min: 0, max: 1_000_000, whole: true },
  canary: { min: 0, max: 1_000, whole: true },
} as const;
export type NumberField = keyof typeof NUMBER_FIELDS;
/** What is judged only beside another figure, so that it is never empty. */
const NEEDED: readonly NumberField[] = ['reportMin', 'failureMin', 'canary'];

export interface TypedLimits {
  readonly numbers: Readonly<Record<NumberField, string>>;
  readonly amounts: readonly TypedAmount[];
  readonly breaker: boolean;
}
export interface Faults {
  readonly numbers: ReadonlySet<NumberField>;
  /** By the key of the line. */
  readonly amounts: ReadonlyMap<number, AmountFault>;
}

/** Begins the form of a breaker that was not set. */
const BREAKER = {
  reportTimes: 5,
  reportMin: 50,
  failurePercent: 50,
  failureMin: 20,
  contradictionsMax: 2,
} as const;

const text = (value: number | null): string => (value === null ? '' : String(value));

export function typedOf({ executionsPerHour, amountsPerHour, breaker, canary }: LimitSettings): TypedLimits {
  const judged = breaker ?? BREAKER;
  return {
    numbers: {
      executionsPerHour: text(executionsPerHour),
      reportTimes: text(judged.reportTimes),
      reportMin: text(judged.reportMin),
      failurePercent: text(judged.failurePercent),
      failureMin: text(judged.failureMin),
      contradictionsMax: text(judged.contradictionsMax),
      canary: text(canary),
    },
    amounts: linesOf(amountsPerHour),
    breaker: breaker !== null,
  };
}

/** @returns the settings, or what is wrong where. A line of amounts without anything typed is left out. */
export function settingsOf(typed: TypedLimits): { settings: LimitSettings | null; faults: Faults } {
  const wrong = new Set<NumberField>();
  const number = (field: NumberField): number | null => {
    const given = typed.numbers[field].trim();
    const { min, max, whole } = NUMBER_FIELDS[field];
    if (given === '' && !NEEDED.includes(field)) return null;
    const value = (whole ? /^[0-9]+$/ : /^[0-9]+([.][0-9]+)?$/).test(given) ? Number(given) : Number.NaN;
    if (!(value >= min && value <= max)) wrong.add(field);
    return value;
  };
  const needed = (field: NumberField): number => number(field) ?? Number.NaN;
  const { amounts, faults } = amountsOf(typed.amounts);
  const settings: LimitSettings = {
    executionsPerHour: number('executionsPerHour'),
    amountsPerHour: amounts,
    breaker: typed.breaker
      ? {
          reportTimes: number('reportTimes'),
          reportMin: needed('reportMin'),
          failurePercent: number('failurePercent'),
          failureMin: needed('failureMin'),
          contradictionsMax: number('contradictionsMax'),
        }
      : null,
    canary: needed('canary'),
  };
  const fine = wrong.size === 0 && faults.size === 0;
  return { settings: fine ? settings : null, faults: { numbers: wrong, amounts: faults } };
}

/** @returns the used part of a limit, 0 to 100. */
export function percentOf(used: string, limit: string): number {
  return Math.min(100, Number((BigInt(used) * 1_000n) / BigInt(limit)) / 10);
}

export interface AmountUse {
  readonly currency: string;
  readonly used: string;
  /** Null: no limit. */
  readonly limit: string | null;
}

/** @returns by currency what is limited or was used, those with a limit first. */
export function amountUses({ settings, used }: Pick<Limits, 'settings' | 'used'>): AmountUse[] {
  const usedOf = (currency: string): string =>
    used.amounts.find((each) => each.currency === currency)?.amountMinor ?? '0';
  const limited = settings.amountsPerHour.map(({ currency, amountMinor }) => ({
    currency,
    used: usedOf(currency),
    limit: amountMinor,
  }));
  const others = used.amounts
    .filter(({ currency }) => !limited.some((each) => each.currency === currency))
    .map(({ currency, amountMinor }) => ({ currency, used: amountMinor, limit: null }));
  return [...limited, ...others];
}
