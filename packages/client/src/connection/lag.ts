import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Measures how late the event loop runs its timers, which is how late it answers the server. */
export interface LagMeter {
  /** The 99th percentile since the last reading, in ms. */
  readMs(): number;
  stop(): void;
}

const RESOLUTION_MS = 20;

export function startLagMeter(): LagMeter {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return {
    readMs() {
      // The histogram holds the time between two looks, so an idle loop shows the resolution itself.
      const lag = histogram.percentile(99) / 1e6 - RESOLUTION_MS;
      histogram.reset();
      return Number.isFinite(lag) ? Math.max(0, Math.round(lag)) : 0;
    },
    stop: () => void histogram.disable(),
  };
}
