/**
 * Spans over OpenTelemetry, where the program that embeds the client has set that up. `@opentelemetry/api` is a peer
 * that has to be there only for whoever imports this. With a context manager, for instance that of the Node SDK, calls
 * that a fix makes carry the trace: `propagation.inject(context.active(), headers)`.
 */
import { context, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { SDK } from '../version.ts';
import type { Tracing } from './tracing.ts';

export function openTelemetryTracing(): Tracing {
  return {
    span({ name, parent, attributes }, work) {
      const tracer = trace.getTracer(SDK.name, SDK.version);
      const remote = trace.setSpanContext(context.active(), {
        ...parent,
        traceFlags: TraceFlags.SAMPLED,
        isRemote: true,
      });
      return tracer.startActiveSpan(
        `piculus ${name}`,
        { attributes: { ...attributes } },
        remote,
        async (span) => {
          try {
            return await work();
          } catch (error) {
            // Its text may hold a business record; the code of it is in the client's own log.
            span.setStatus({ code: SpanStatusCode.ERROR });
            throw error;
          } finally {
            span.end();
          }
        },
      );
    },
  };
}
