/** How a row of the Quartz table is written. */
export interface TickRow {
  readonly cron: string;
  readonly zone?: string;
  readonly from?: string;
  /** Five times, or fewer where the expression ends. */
  readonly ticks: readonly string[];
}

export const FROM = '2026-11-22T09:05:07Z';

/** `at('T12:00:00Z', '2026-11-22', …)`: the same time on these days. */
export const at = (time: string, ...days: string[]): string[] => days.map((day) => `${day}${time}`);
/** `on('2026-11-22', '09:10:00', …)`: these times of one day, UTC. */
export const on = (day: string, ...times: string[]): string[] => times.map((time) => `${day}T${time}Z`);
export const midnight = (...days: string[]): string[] => at('T00:00:00Z', ...days);

export const WORKING_WEEK = ['2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26', '2026-11-27'];
