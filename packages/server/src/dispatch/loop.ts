/**
 * The one skeleton of all background loops: do the work, wait for a wake or the poll, again. A failure never
 * ends a loop; it waits longer after each one in a row, with jitter.
 */
import type { Logger } from 'pino';
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Loop, Wake, WakeReason } from '../base/services.ts';
import { isDatabaseAway } from '../store/availability.ts';

const FIRST_DELAY_MS = 250;
const DELAY_MS_MAX = 15_000;
/** How soon a loop notices that the duty is this node's by now. */
const DUTY_LOOK_MS = 1_000;

export interface LoopOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wake: Wake;
  readonly metrics: Metrics;
  /** What wakes it before its poll; null where nothing does. */
  readonly wakeReason: WakeReason | null;
  /** How long to wait at most: polling is the truth. */
  readonly pollMs: number;
  /** The longest that it waits after failures in a row; 15 s where nobody waits for its work. */
  readonly delayMsMax?: number;
  /** One round; the signal fires when the loop stops. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** False while another node does this for all; absent where every node does it. */
  readonly onDuty?: () => boolean;
  /** Waited for by `stop`, after the round under way. */
  readonly onStop?: () => Promise<void>;
}

interface Run {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** `start` and `stop` may be called twice, and during each other. */
export function createLoop(options: LoopOptions): Loop {
  let running: Run | null = null;
  return {
    name: options.name,
    start() {
      if (running !== null && !running.stop.signal.aborted) return;
      // A start during a stop begins once the run before has ended, so that two never work side by side.
      const before = running?.ended ?? Promise.resolve();
      const stop = new AbortController();
      options.metrics.loopStarted(options.name, options.pollMs);
      running = { stop, ended: before.then(() => repeat(options, stop.signal)) };
    },
    async stop() {
      const run = running;
      if (run === null) return;
      run.stop.abort();
      await run.ended;
      options.metrics.loopStopped(options.name);
      await options.onStop?.();
    },
    runOnce: () => options.work(new AbortController().signal),
  };
}

async function repeat(options: LoopOptions, signal: AbortSignal): Promise<void> {
  const { clock, wake, wakeReason, pollMs, work } = options;
  for (let failures = 0; !signal.aborted; ) {
    if (options.onDuty?.() === false) {
      // It is on time all the same.
      options.metrics.round(options.name, 0, true);
      await clock.sleep(Math.min(pollMs, DUTY_LOOK_MS), signal);
      continue;
    }
    // Waiting begins before the work: what is notified during the round leads to another one.
    const woken = wakeReason === null ? clock.sleep(pollMs, signal) : wake.wait(wakeReason, pollMs, signal);
    const began = clock.elapsedMs();
    const ended = (ok: boolean): void => options.metrics.round(options.name, clock.elapsedMs() - began, ok);
    try {
      await work(signal);
      ended(true);
      if (failures > 0) options.log.info({ loop: options.name }, 'loop works again');
      failures = 0;
    } catch (error) {
      failures += 1;
      ended(false);
      tell(options, error, failures);
      await clock.sleep(errorDelayMs(failures, clock.random(), options.delayMsMax), signal);
    }
    await woken;
  }
}

/** Doubles up to a limit, spread over half to the whole of it. */
export function errorDelayMs(failures: number, random: number, delayMsMax = DELAY_MS_MAX): number {
  const full = Math.min(delayMsMax, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 10));
  return full * (0.5 + random / 2);
}

function tell({ log, name }: LoopOptions, error: unknown, failures: number): void {
  if (!isDatabaseAway(error)) log.error({ loop: name, err: error, failures }, 'loop failed; it goes on');
  else if (failures === 1) log.warn({ loop: name }, 'the database is away; the loop waits for it');
}
