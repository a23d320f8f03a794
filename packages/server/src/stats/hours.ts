/** What the executions of each of the last hours came to. */
import type { HourOfExecutions } from '@piculus/protocol/http';
import { startOf } from '../base/slots.ts';
import type { HourRow } from '../store/execution-counts.ts';

export const HOUR_MS = 3_600_000;
const HOURS = 24;

/** The beginning of the first hour that is shown; the last one is the hour that runs. */
export function firstHour(now: Date): Date {
  return new Date(startOf(now, HOUR_MS).getTime() - (HOURS - 1) * HOUR_MS);
}

/** Oldest first, each hour even where nothing happened. */
export function asHours(now: Date, rows: readonly HourRow[]): HourOfExecutions[] {
  const first = firstHour(now).getTime();
  return Array.from({ length: HOURS }, (_, place) => {
    const hour = first + place * HOUR_MS;
    const own = rows.filter((row) => row.hour.getTime() === hour);
    return {
      hour: new Date(hour).toISOString(),
      outcomes: Object.fromEntries(own.map(({ outcome, executions }) => [outcome, Number(executions)])),
      toPerson: own.reduce((sum, { toPerson }) => sum + Number(toPerson), 0),
      retriesUsed: own.reduce((sum, { retriesUsed }) => sum + Number(retriesUsed), 0),
    };
  });
}
