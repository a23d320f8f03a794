/** What the bank does by itself: settles what is due, and calls merchants until they have understood. */
import type pg from 'pg';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { type Loop, startLoop } from '../shared/loop.ts';
import type { Bank } from './bank.ts';
import { callbackTried, type DueCallback, nextDue, readDueCallbacks } from './store.ts';
import { ANSWERS } from './words.ts';

const IDLE_MS = 1_000;
const CALL_TIMEOUT_MS = 3_000;
const CALL_TRIES_MAX = 15;
const CALL_BATCH = 20;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

export interface BackgroundOptions {
  readonly bank: Bank;
  readonly pool: pg.Pool;
  readonly clock: Clock;
  readonly log: Log;
}

export function startBackground(options: BackgroundOptions): Loop {
  const { bank, pool, clock, log } = options;
  return startLoop({
    name: 'bank',
    clock,
    log,
    idleMs: IDLE_MS,
    round: async (signal) => {
      const settled = await bank.settleDue();
      const due = await readDueCallbacks(pool, clock.now(), CALL_BATCH);
      await Promise.all(due.map((callback) => call(callback, options, signal)));
      if (settled > 0 || due.length > 0) return 0;
      const next = await nextDue(pool);
      const times = [next.settle, next.call].filter((time) => time !== null).map((time) => time.getTime());
      return times.length === 0 ? null : Math.max(0, Math.min(...times) - clock.now().getTime());
    },
  });
}

async function call(callback: DueCallback, options: BackgroundOptions, signal: AbortSignal): Promise<void> {
  const { pool, clock, log } = options;
  const understood = await post(callback, signal);
  const tries = callback.callback_tries + 1;
  if (!understood && tries >= CALL_TRIES_MAX) {
    log.warn('a merchant was called in vain', { requestNo: callback.request_no, tries });
  }
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** callback.callback_tries, LONGEST_PAUSE_MS);
  const again = understood || tries >= CALL_TRIES_MAX ? null : new Date(clock.now().getTime() + pauseMs);
  await callbackTried(pool, callback.request_no, again);
}

async function post(callback: DueCallback, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(callback.callback_url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        requestNo: callback.request_no,
        orderNo: callback.order_no,
        state: ANSWERS[callback.state],
      }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Unreachable or silent: called again later, whatever the reason was.
    return false;
  }
}
