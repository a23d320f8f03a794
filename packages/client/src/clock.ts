/** The only place of the SDK that reads the time, draws randomness or sets a timer. */
import { randomUUID } from 'node:crypto';

export interface Clock {
  now(): Date;
  /** Resolves after the time or as soon as the signal fires, whichever is first; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A number in [0, 1). */
  random(): number;
  uuid(): string;
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
    }),
  random: () => Math.random(),
  uuid: () => randomUUID(),
};

/**
 * Full jitter: anything between nothing and the exponential ceiling, so that the clients of a server that
 * comes back do not all arrive at once.
 * @param failures how many tries in a row failed, 1 after the first.
 */
export function backOffMs(clock: Clock, failures: number, baseMs: number, maxMs: number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return clock.random() * ceiling;
}
