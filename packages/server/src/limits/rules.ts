/** What limits and breakers say to given figures, pure. */
import type { BreakerSettings, HaltCause, LimitSettings } from '@piculus/protocol/http';
import type { Figures } from '../store/halts.ts';
import type { BreakerFigures } from '../store/report-counts.ts';
import type { Counted, Used } from '../store/unattended-counts.ts';

/** As configured: nothing is limited. What holds where nothing was ever set. */
export const UNLIMITED: LimitSettings = {
  executionsPerHour: null,
  amountsPerHour: [],
  breaker: null,
  canary: 0,
};

/** What a breaker judges unless an installation says otherwise. */
export const CAREFUL_BREAKER: BreakerSettings = {
  reportTimes: 5,
  reportMin: 50,
  failurePercent: 50,
  failureMin: 20,
  contradictionsMax: 2,
};
/** What a careful installation begins with, per solution: 50,000.00 of a currency with two decimals. */
export const CAREFUL: LimitSettings = {
  executionsPerHour: 20,
  amountsPerHour: [{ currency: 'CNY', amountMinor: '5000000' }],
  breaker: CAREFUL_BREAKER,
  canary: 3,
};

export interface Reason {
  readonly cause: HaltCause;
  readonly figures: Figures;
  /** In English, for the log and the records; the console says it from cause and figures. */
  readonly text: string;
}

/** @returns why the breaker trips, or null. */
export function tripped(breaker: BreakerSettings | null, seen: BreakerFigures): Reason | null {
  if (breaker === null) return null;
  const { reportTimes, reportMin, failurePercent, failureMin, contradictionsMax } = breaker;
  if (contradictionsMax !== null && seen.contradictions > contradictionsMax) {
    const figures = { contradictions: seen.contradictions, max: contradictionsMax };
    const text = `${seen.contradictions} repairs of the last 24 hours were not true; ${contradictionsMax} are allowed`;
    return { cause: 'contradictions', figures, text };
  }
  const percent = seen.finished === 0 ? 0 : (100 * seen.failed) / seen.finished;
  if (failurePercent !== null && seen.finished >= failureMin && percent >= failurePercent) {
    const figures = { failed: seen.failed, finished: seen.finished, percent: failurePercent };
    const text = `${seen.failed} of ${seen.finished} executions of the last hour did not succeed; the limit is ${failurePercent} %`;
    return { cause: 'failure-share', figures, text };
  }
  const { reports, usualReports } = seen;
  if (reportTimes !== null && usualReports !== null && reports >= reportMin) {
    if (reports > reportTimes * usualReports) {
      const usual = Number(usualReports.toFixed(2));
      const text = `${reports} reports in the last hour; ${usual} are usual, and the limit is ${reportTimes} times that`;
      return { cause: 'report-rate', figures: { reports, usual, times: reportTimes }, text };
    }
  }
  return null;
}

/** What may still be handed out in this hour; null or absent: as much as is due. */
export interface Room {
  readonly executions: number | null;
  readonly amounts: ReadonlyMap<string, bigint>;
}

export function roomLeft(settings: LimitSettings, used: Used): Room {
  return {
    executions: settings.executionsPerHour === null ? null : settings.executionsPerHour - used.executions,
    amounts: new Map(
      settings.amountsPerHour.map(({ currency, amountMinor }) => [
        currency,
        BigInt(amountMinor) - (used.amounts.get(currency) ?? 0n),
      ]),
    ),
  };
}

export interface Fitting {
  /** How many from the first on fit. */
  readonly count: number;
  /** Why the next one does not; null where all fit. */
  readonly reached: Reason | null;
}

/** The longest run from the beginning that fits, so that problems keep their turn. */
export function fitting(settings: LimitSettings, used: Used, items: readonly Counted[]): Fitting {
  const room = roomLeft(settings, used);
  const left = new Map(room.amounts);
  for (const [index, { currency, amountMinor }] of items.entries()) {
    const limit = settings.executionsPerHour;
    if (limit !== null && room.executions !== null && index >= room.executions) {
      const figures = { used: used.executions + index, limit };
      const text = `${figures.used} executions were handed out in the last hour; the limit is ${limit}`;
      return { count: index, reached: { cause: 'executions-per-hour', figures, text } };
    }
    const before = left.get(currency);
    if (before === undefined) continue;
    const after = before - BigInt(amountMinor);
    if (after < 0n) return { count: index, reached: amountReached(settings, currency, before, amountMinor) };
    left.set(currency, after);
  }
  return { count: items.length, reached: null };
}

function amountReached(settings: LimitSettings, currency: string, left: bigint, needed: string): Reason {
  const limit = settings.amountsPerHour.find((row) => row.currency === currency)?.amountMinor ?? '0';
  const used = (BigInt(limit) - left).toString();
  const text = `${used} minor units of ${currency} were handed out in the last hour, and ${needed} more would pass the limit of ${limit}`;
  return { cause: 'amount-per-hour', figures: { currency, used, needed, limit }, text };
}

/**
 * Whether what a limit paused may go on: once half of the limit is free again, so that it does not stop and go every
 * minute, and what it waited for fits.
 */
export function mayGoOn(settings: LimitSettings, used: Used, figures: Figures): boolean {
  const room = roomLeft(settings, used);
  const { executionsPerHour } = settings;
  if (executionsPerHour !== null && (room.executions ?? 0) < Math.max(1, Math.ceil(executionsPerHour / 2)))
    return false;
  return settings.amountsPerHour.every(({ currency, amountMinor }) => {
    const left = room.amounts.get(currency) ?? 0n;
    const needed = figures['currency'] === currency ? BigInt(figures['needed'] ?? 0) : 0n;
    // What is larger than the whole limit never fits; it waits for a click, and holds nobody up.
    return left >= BigInt(amountMinor) / 2n && (left >= needed || needed > BigInt(amountMinor));
  });
}
