/** Wakes the background loops of this process. A hint only: every loop polls as well. */
import type { Clock } from './clock.ts';
import type { Wake, WakeReason } from './services.ts';

export function createWake(clock: Clock): Wake {
  const sleepers = new Map<WakeReason, Set<AbortController>>();
  // A notification that finds nobody asleep is kept, so that work committed just before a loop lies down
  // does not wait for its next poll.
  const kept = new Set<WakeReason>();
  return {
    notify(reason) {
      const waiting = sleepers.get(reason);
      if (waiting === undefined || waiting.size === 0) {
        kept.add(reason);
        return;
      }
      for (const sleeper of waiting) sleeper.abort();
      waiting.clear();
    },
    async wait(reason, ms, signal) {
      if (kept.delete(reason) || signal.aborted) return;
      const sleeper = new AbortController();
      const waiting = sleepers.get(reason) ?? new Set();
      sleepers.set(reason, waiting.add(sleeper));
      const end = (): void => sleeper.abort();
      signal.addEventListener('abort', end, { once: true });
      try {
        await clock.sleep(ms, sleeper.signal);
      } finally {
        waiting.delete(sleeper);
        signal.removeEventListener('abort', end);
      }
    },
  };
}
