/** The only place of the demo's bank and PBAP that reads the time, draws randomness or sets a timer. */
import { randomUUID } from 'node:crypto';

export interface Clock {
  now(): Date;
  /** Resolves after the time or as soon as the signal fires, whichever is first; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
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
  uuid: () => randomUUID(),
};
