/** Spans of what a request sets off, across processes. Without an exporter, nothing is made. */
import type { TracePlace } from '@piculus/protocol/tracing';

export interface ToldSpan {
  /** One of a few: which one it was is in the attributes. */
  readonly name: 'broadcast' | 'collect' | 'report' | 'claim' | 'record';
  /** Its own place, where others find it by an id that they know; null where nobody has to. */
  readonly place: TracePlace | null;
  /** Null for the first of a trace. */
  readonly parent: TracePlace | null;
  /** Codes and ids of Piculus; nothing of a business record. */
  readonly attributes: Readonly<Record<string, string | number>>;
  /** How long it took until now. */
  readonly ms: number;
}

export interface Tracing {
  /** False where nobody collects spans, so that what only serves them need not be worked out. */
  readonly on: boolean;
  /** Tells of something that has just ended well. Never waits and never throws. */
  told(span: ToldSpan): void;
}

export const noTracing: Tracing = { on: false, told: () => {} };
