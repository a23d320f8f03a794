import { setMaxListeners } from 'node:events';

/** A controller whose signal many waiters listen to at once, without the warning that is meant for leaks. */
export function sharedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * Runs work under a signal that fires when any of the given ones does. Unlike `AbortSignal.any`, nothing of it
 * stays attached to a signal that lives as long as the process.
 */
export async function underSignals<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const detach: (() => void)[] = [];
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    const fire = (): void => controller.abort(signal.reason);
    signal.addEventListener('abort', fire, { once: true });
    detach.push(() => signal.removeEventListener('abort', fire));
  }
  try {
    return await work(controller.signal);
  } finally {
    for (const release of detach) release();
  }
}

/** Resolves when the signal fires. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The work's result, or the signal's reason as soon as it fires; the work itself is not stopped by that. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (): void => reject(signal.reason);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}
