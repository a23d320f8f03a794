/** What the rooms tell, written into the registry. */
import type { Metrics } from '../base/metrics.ts';
import type { LoopWatch } from './loop-watch.ts';
import type { MetricRegistry } from './registry.ts';

export function createMetrics(registry: MetricRegistry, loops: LoopWatch, nowMs: () => number): Metrics {
  return {
    loopStarted: (loop, pollMs) => loops.started(loop, pollMs),
    round(loop, ms, ok) {
      loops.ended(loop);
      registry.observe('piculus_loop_round_seconds', { loop }, ms / 1_000);
      if (ok) registry.set('piculus_loop_last_success_timestamp_seconds', { loop }, nowMs() / 1_000);
      else registry.count('piculus_loop_failures_total', { loop });
    },
    loopStopped: (loop) => loops.stopped(loop),
    count: (name, labels, by) => registry.count(name, labels, by),
    // A clock that was set back must not make a duration negative.
    observe: (name, labels, ms) => registry.observe(name, labels, Math.max(0, ms) / 1_000),
    gauges: (names, read) => registry.source(names, read),
  };
}
