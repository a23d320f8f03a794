/** What a worker's handler was called for: how often for each task, from when to when, and how long there was nothing that it could have done. */

/**
 * A pause longer than this is waiting for a retry that is put off, or for a tick, where every task was called before: as
 * long as one was not, there is work, and a pause is the system's own.
 */
const PAUSE_MS = 200;

export function createGauge(tasks) {
  const calls = new Uint8Array(tasks);
  let total = 0;
  let first = 0;
  let last = 0;
  let idleMs = 0;
  let begun = 0;
  return {
    /** @returns whether this call is to fail: the first one of each tenth task. */
    called(index) {
      const now = Date.now();
      if (total === 0) first = now;
      else if (begun === tasks && now - last > PAUSE_MS) idleMs += now - last;
      last = now;
      total += 1;
      calls[index] += 1;
      if (calls[index] === 1) begun += 1;
      return index % 10 === 0 && calls[index] === 1;
    },
    planned: tasks + Math.ceil(tasks / 10),
    get total() {
      return total;
    },
    /** Times are ms since 1970. */
    summary() {
      const wrong = calls.reduce(
        (sum, count, index) => sum + (count === (index % 10 === 0 ? 2 : 1) ? 0 : 1),
        0,
      );
      return { total, first, last, idleMs, wrong };
    },
  };
}
