/** Spans of what this client does. Without a collector of them nothing is made; the place in the trace is known anyway. */
import type { TracePlace } from '@piculus/protocol/tracing';

export interface SpanStart {
  /** One of a few: which collect, fix or call it was is in the attributes. */
  readonly name: 'collect' | 'fix';
  /** The span on the server that this one belongs under. */
  readonly parent: TracePlace;
  /** Codes and ids of Piculus; nothing of a business record. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface Tracing {
  /** Runs the work as a span. What it calls belongs under that span, as far as the tracing can follow calls. */
  span<T>(start: SpanStart, work: () => Promise<T>): Promise<T>;
}

export const noTracing: Tracing = {
  span: (_start, work) => work(),
};
