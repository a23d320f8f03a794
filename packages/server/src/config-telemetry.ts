/** The part of the configuration that is about figures and traces. */
import type { ConfigReader } from './config-reader.ts';

export interface TelemetryConfig {
  /** Null: no figures are served. */
  readonly metricsPort: number | null;
  readonly metricsHost: string;
  /** For how long figures of the database count as the present. */
  readonly stateCacheMs: number;
  /** Where spans go; null: none are made. */
  readonly otlpUrl: string | null;
}

export function readTelemetry({ text, url, whole }: ConfigReader): TelemetryConfig {
  return {
    metricsPort: text('PICULUS_METRICS_PORT') === null ? null : whole('PICULUS_METRICS_PORT', 0, [0, 65_535]),
    metricsHost: text('PICULUS_METRICS_HOST') ?? '127.0.0.1',
    stateCacheMs: 5_000,
    otlpUrl: url('PICULUS_OTLP_URL', ['http:', 'https:']),
  };
}
