/** The only place of the SDK that reads the time, draws randomness or sets a timer. */
import { randomUUID } from 'node:crypto';

export interface Clock {
  now(): Date;
  /**
   * How much time has passed since some moment, in ms. Never goes back, and never less than what passed: what a lease
   * or a silence is measured by, as the machine's clock may be set at any time.
   */
  elapsedMs(): number;
  /** Resolves after the time or as soon as the signal fires, whichever is first; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A number in [0, 1). */
  random(): number;
  uuid(): string;
}

/** The clock was set, or the machine slept, where the two clocks are apart by more than this. */
const JUMP_MS = 1_000;

/**
 * Counts by the steady clock, and also what the wall clock jumped ahead: a machine that sleeps stops the first one alone.
 * Where it was only set, a lease ends early, which costs time; the other way round one would be believed that is gone.
 */
export function countElapsed(wallMs: () => number, steadyMs: () => number): () => number {
  let before: { readonly wall: number; readonly steady: number } | null = null;
  let sleptMs = 0;
  return () => {
    const at = { wall: wallMs(), steady: steadyMs() };
    const apart = before === null ? 0 : at.wall - before.wall - (at.steady - before.steady);
    if (apart > JUMP_MS) sleptMs += apart;
    before = at;
    return at.steady + sleptMs;
  };
}

export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: countElapsed(Date.now, () => performance.now()),
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
