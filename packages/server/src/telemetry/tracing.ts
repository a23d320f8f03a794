/**
 * Spans over OpenTelemetry's SDK, sent by OTLP over HTTP. The SDK is loaded only where an address is configured; it is
 * an optional dependency, and where it is missing the server says so and does not start.
 */
import { ROOT_CONTEXT, type Tracer, trace, TraceFlags } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Clock } from '../base/clock.ts';
import type { ToldSpan, Tracing } from '../base/tracing.ts';
import { VERSION } from '../base/version.ts';
import { StartError } from '../start-error.ts';

export interface TracingExport {
  readonly tracing: Tracing;
  /** Sends what is left. */
  stop(): Promise<void>;
}

export interface TracingOptions {
  /** Where spans go, for instance `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A receiver that does not answer must not hold a stop back. */
const STOP_MS_MAX = 3_000;

/** @throws StartError where the SDK is not installed. */
export async function openTracing({ url, clock, log }: TracingOptions): Promise<TracingExport> {
  const { sdk, exporter, resources } = await loadSdk();
  let given: { readonly traceId: string; readonly spanId: string } | null = null;
  const hex = (bytes: number): string => clock.bytes(bytes).toString('hex');
  const provider = new sdk.NodeTracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'piculus', 'service.version': VERSION }),
    // Asked synchronously while a span is started: those with a place of their own get it here.
    idGenerator: {
      generateTraceId: () => given?.traceId ?? hex(16),
      generateSpanId: () => given?.spanId ?? hex(8),
    },
    spanProcessors: [new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter({ url }))],
  });
  const tracer: Tracer = provider.getTracer('piculus', VERSION);

  function told({ name, place, parent, attributes, ms }: ToldSpan): void {
    const end = clock.now();
    const startTime = new Date(end.getTime() - Math.max(0, ms));
    const under =
      parent === null
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: TraceFlags.SAMPLED, isRemote: true });
    given = place;
    const span = tracer.startSpan(`piculus ${name}`, { startTime, attributes: { ...attributes } }, under);
    given = null;
    span.end(end);
  }

  return {
    tracing: {
      on: true,
      told: (span) => {
        try {
          told(span);
        } catch (error) {
          log.warn({ err: error }, 'a span could not be made');
        }
      },
    },
    stop: async () => {
      const done = new AbortController();
      const ended = provider
        .shutdown()
        .catch((error: unknown) => log.warn({ err: error }, 'the last spans could not be sent'))
        .finally(() => done.abort());
      await Promise.race([ended, clock.sleep(STOP_MS_MAX, done.signal)]);
    },
  };
}

async function loadSdk() {
  try {
    const [sdk, exporter, resources] = await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
    return { sdk, exporter, resources };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(
      'tracing-unusable',
      `PICULUS_OTLP_URL is set, and OpenTelemetry is not installed beside the server: ${reason}`,
    );
  }
}
