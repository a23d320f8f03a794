/** A background loop: works until nothing is due, then waits until the next thing is due or it is woken. */
import type { Clock } from './clock.ts';
import { type Log, reasonOf } from './log.ts';

export interface Loop {
  /** Something new may be due: look now. */
  wake(): void;
  /** Lets the round that runs end, then resolves. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Longest wait between two looks; a wake is a hint, looking is the truth. */
  readonly idleMs: number;
  /** One round. @returns ms until something is due, 0 to go on at once, null when nothing is known to be due. */
  readonly round: (signal: AbortSignal) => Promise<number | null>;
}

const ERROR_PAUSE_MS = 1_000;

export function startLoop(options: LoopOptions): Loop {
  const { clock, log, name, idleMs, round } = options;
  const stopping = new AbortController();
  let nap = new AbortController();
  let woken = false;

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false;
      let waitMs: number;
      try {
        waitMs = Math.min((await round(stopping.signal)) ?? idleMs, idleMs);
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.error('a background round failed', { loop: name, reason: reasonOf(error) });
        waitMs = ERROR_PAUSE_MS;
      }
      if (waitMs <= 0 || woken || stopping.signal.aborted) continue;
      nap = new AbortController();
      await clock.sleep(waitMs, nap.signal);
    }
  };
  const running = run();
  return {
    wake: () => {
      woken = true;
      nap.abort();
    },
    stop: async () => {
      stopping.abort();
      nap.abort();
      await running;
    },
  };
}
