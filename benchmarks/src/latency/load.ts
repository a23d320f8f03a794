/** The three ways to ask for repairs: one now and then, as many as are done, and so many a second. */
import { setTimeout as sleep } from 'node:timers/promises';

/** A system that does one thing when it is asked, and the means to see that it is done. */
export interface Asked {
  /** Asks for one repair. Resolves with the moment when its durable result was seen. */
  ask(): Promise<number>;
}

/**
 * Asks at fixed times, whatever became of those before. A wait counts from the time at which it was to be asked, so that a
 * system that holds up whoever asks does not look quick.
 * @returns ms of each.
 */
export async function ask(asked: Asked, times: number, everyMs: number): Promise<readonly number[]> {
  const startedAt = performance.now();
  const waits: Promise<number>[] = [];
  for (let n = 0; n < times; n += 1) {
    const dueAt = startedAt + n * everyMs;
    const earlyMs = dueAt - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
    waits.push(asked.ask().then((seenAt) => seenAt - dueAt));
  }
  return Promise.all(waits);
}

/** So many at the same time, each followed by another. @returns how many a second were done. */
export async function askAllTheTime(asked: Asked, times: number, inFlight: number): Promise<number> {
  const startedAt = performance.now();
  let left = times;
  const lane = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      await asked.ask();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (times / (performance.now() - startedAt)) * 1_000;
}

/** @throws RangeError for none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)];
  if (found === undefined) throw new RangeError('a quantile of nothing');
  return found;
}
