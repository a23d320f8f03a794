/** Sets OpenTelemetry up for this process, as a production system would: the client and the calls to the bank find it. */
import { type Attributes, context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

const TRACER = 'piculus-example-pbap';

/**
 * @param url where spans go, for instance `http://127.0.0.1:4318/v1/traces`.
 * @returns what sends the last spans and ends it.
 */
export async function openTracing(url: string, service: string): Promise<() => Promise<void>> {
  // Loaded only where it is wanted: these packages are optional.
  const [{ NodeTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  provider.register();
  return () => provider.shutdown();
}

/** Runs a call to somebody else as a span of its own, with headers that carry the trace there. */
export function tracedCall<T>(
  name: string,
  attributes: Attributes,
  call: (headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const options = { kind: SpanKind.CLIENT, attributes };
  return trace.getTracer(TRACER).startActiveSpan(name, options, async (span) => {
    const headers: Record<string, string> = {};
    propagation.inject(context.active(), headers);
    try {
      return await call(headers);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
