/** Figures and traces of this process, and where they are collected. */
import type { Logger } from 'pino';
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { noTracing, type Tracing } from '../base/tracing.ts';
import type { TelemetryConfig } from '../config-telemetry.ts';
import type { DatabaseWatch } from '../store/availability.ts';
import { listenForScrapes, type MetricListener } from './listener.ts';
import { createLoopWatch, type LoopWatch } from './loop-watch.ts';
import { createMetrics } from './metrics.ts';
import { openTracing } from './tracing.ts';
import { createRegistry, type MetricRegistry } from './registry.ts';

export interface Telemetry {
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly registry: MetricRegistry;
  readonly loops: LoopWatch;
  readonly database: DatabaseWatch;
  /** Where the figures are read; empty where they are not served. */
  readonly address: string;
  /** Begins to serve them where that is configured. @throws StartError where the port is taken. */
  start(): Promise<void>;
  /** The last part that closes, so that a stop is seen too. */
  stop(): Promise<void>;
}

export async function createTelemetry(
  config: TelemetryConfig,
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
): Promise<Telemetry> {
  const nowMs = (): number => clock.now().getTime();
  const registry = createRegistry();
  const loops = createLoopWatch(() => clock.elapsedMs());
  const metrics = createMetrics(registry, loops, nowMs);
  const { metricsHost: host, metricsPort: port } = config;
  const spans = config.otlpUrl === null ? null : await openTracing({ url: config.otlpUrl, clock, log });
  let listener: MetricListener | null = null;
  return {
    metrics,
    tracing: spans?.tracing ?? noTracing,
    registry,
    loops,
    database: {
      nowMs,
      connected: (ms) => metrics.observe('piculus_database_connect_seconds', {}, ms),
      queried: (ms) => metrics.observe('piculus_database_query_seconds', {}, ms),
      away: () => metrics.count('piculus_database_away_total', {}),
    },
    get address() {
      return listener?.address ?? '';
    },
    async start() {
      if (port === null) return;
      registry.addProcess();
      listener = await listenForScrapes({ host, port, registry, log });
      log.info({ address: listener.address }, 'the metrics are offered');
    },
    async stop() {
      await spans?.stop();
      await listener?.close();
      registry.clear();
    },
  };
}
