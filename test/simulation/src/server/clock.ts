import type { Clock } from '@server/base/clock.js';
import { clockOf } from '../clock.ts';
import type { Lane } from '../scheduler.ts';

/** The machine's clock of a node, as far off as its process's is. */
export function serverClockOf(lane: Lane): Clock {
  return { ...clockOf(lane), bytes: (count) => lane.random.bytes(count) };
}
