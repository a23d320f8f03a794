/** Figures and traces of this process, and where they are collected. */
import type { Logger } from 'pino';
import { type Metrics, noMetrics } from '../base/metrics.ts';
import { noTracing, type Tracing } from '../base/tracing.ts';
import type { TelemetryConfig } from '../config-telemetry.ts';

export interface Telemetry {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Begins to serve them where that is configured. */
  start(): Promise<void>;
  /** The last part that closes, so that a stop is seen too. */
  stop(): Promise<void>;
}

export async function createTelemetry(_config: TelemetryConfig, _log: Logger): Promise<Telemetry> {
  return { metrics: noMetrics, tracing: noTracing, start: async () => {}, stop: async () => {} };
}
