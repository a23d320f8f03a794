/** What the rooms tell about their work in figures. Without a listener for them, telling costs nothing. */
import type { GaugeSource } from '../telemetry/registry.ts';
import type { CounterName, GaugeName, HistogramName, LabelsOf } from '../telemetry/table.ts';

export interface Metrics {
  /** A background loop runs from now on and ends a round at least this often. */
  loopStarted(loop: string, pollMs: number): void;
  /** One round of a background loop ended: how long it took, in milliseconds, and whether it went well. */
  round(loop: string, ms: number, ok: boolean): void;
  loopStopped(loop: string): void;
  /** Adds to a counter of the table. */
  count<N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number): void;
  /** Adds one duration, in milliseconds, to a histogram of the table. */
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, ms: number): void;
  /** These gauges are asked for at every scrape. Those that are not set then are left out of it. */
  gauges(names: readonly GaugeName[], read: GaugeSource): void;
}

export const noMetrics: Metrics = {
  loopStarted: () => {},
  round: () => {},
  loopStopped: () => {},
  count: () => {},
  observe: () => {},
  gauges: () => {},
};
