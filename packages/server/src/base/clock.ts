/** The only place of the server that reads the time, draws randomness or sets a timer. */
import { randomBytes, randomUUID } from 'node:crypto';

export interface ClockStanding {
  /** By how many milliseconds this machine's own clock is ahead of the time that counts; negative where behind. */
  readonly offsetMs: number;
  /** How long ago the database was asked last; null where it has not been yet. */
  readonly measuredAgoMs: number | null;
}

export interface Clock {
  now(): Date;
  /**
   * Milliseconds that passed since some moment. No change of any clock touches it, the database's included: what a
   * silence, a pause or a wait within this process is measured by.
   */
  elapsedMs(): number;
  /** How it stands to the database's clock; absent where it is not held to it. */
  readonly standing?: () => ClockStanding;
  /** Resolves after the time or as soon as the signal fires, whichever is first; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A number in [0, 1). */
  random(): number;
  uuid(): string;
  /** Secret random bytes. */
  bytes(count: number): Buffer;
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
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
  bytes: (count) => randomBytes(count),
};
