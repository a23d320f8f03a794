/** Spans of what a request sets off, across processes. Without an exporter, nothing is made. */

export interface Tracing {
  /** False where nobody collects spans, so that what only serves them need not be worked out. */
  readonly on: boolean;
}

export const noTracing: Tracing = { on: false };
