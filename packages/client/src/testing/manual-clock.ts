/** A clock that stands still until a test moves it. */
import type { Clock } from '../clock.ts';

export interface ManualClock extends Clock {
  /** Moves the time and wakes every sleep that is over by then, in their order. */
  advance(ms: number): Promise<void>;
  /** Sets what `now` tells ahead, or back where it is negative; no time passes by that. */
  setBy(ms: number): void;
  /** Resolves when somebody sleeps for which this holds, at once where one already does. */
  sleeping(matches?: (ms: number) => boolean): Promise<number>;
}

interface Sleeper {
  readonly ms: number;
  readonly wakeAt: number;
  wake(): void;
}

export interface ManualClockOptions {
  readonly start?: Date;
  /** What `random` gives; default 0.5. */
  readonly random?: () => number;
}

/** Lets everything that is ready go on, callbacks of sockets aside. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function manualClock(options: ManualClockOptions = {}): ManualClock {
  let now = (options.start ?? new Date('2026-01-02T03:04:05.000Z')).getTime();
  let setMs = 0;
  let lastId = 0;
  const sleepers = new Set<Sleeper>();
  const watchers = new Set<{ matches(ms: number): boolean; found(ms: number): void }>();
  return {
    now: () => new Date(now + setMs),
    elapsedMs: () => now,
    setBy(ms) {
      setMs += ms;
    },
    random: options.random ?? (() => 0.5),
    uuid: () => {
      lastId += 1;
      return `00000000-0000-4000-8000-${String(lastId).padStart(12, '0')}`;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { ms, wakeAt: now + ms, wake };
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake, { once: true });
        for (const watcher of [...watchers]) if (watcher.matches(ms)) watcher.found(ms);
      }),
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const [next] = [...sleepers]
          .filter(({ wakeAt }) => wakeAt <= until)
          .sort((a, b) => a.wakeAt - b.wakeAt);
        if (!next) break;
        now = Math.max(now, next.wakeAt);
        next.wake();
        await settle();
      }
      now = until;
    },
    sleeping(matches = () => true) {
      for (const { ms } of sleepers) if (matches(ms)) return Promise.resolve(ms);
      return new Promise((resolve) => {
        const watcher = {
          matches,
          found: (ms: number) => {
            watchers.delete(watcher);
            resolve(ms);
          },
        };
        watchers.add(watcher);
      });
    },
  };
}
