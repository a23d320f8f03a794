/** The clock of one process: virtual time, its own skew, its own randomness. */
import type { Clock } from '@piculus/client';
import { EPOCH_MS, type Lane } from './scheduler.ts';

export function clockOf(lane: Lane): Clock {
  const { scheduler, random } = lane;
  return {
    now: () => new Date(EPOCH_MS + Math.floor(scheduler.nowMs + lane.skewMs)),
    elapsedMs: () => scheduler.nowMs,
    random: () => random.next(),
    uuid: () => random.uuid(),
    // Timers run on the monotonic clock, which no jump of the wall clock moves.
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        let over = false;
        const wake = (): void => {
          if (over) return;
          over = true;
          signal.removeEventListener('abort', wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        scheduler.after(ms, lane, 'timer', wake);
      }),
  };
}
