/** The server as the rest of the world sees it: the small stand-in, or nodes of the real one. */
import type { End, Net, Wire } from './net.ts';
import type { Lane } from './scheduler.ts';

export interface ServerEnd {
  /** For the clients' options. */
  readonly serverKey: string;
  /** Names of its processes. */
  readonly processes: readonly string[];
  start(name: string, lane: Lane): void;
  /** Resolves in the client's process with its end of the wire; null where nobody answers. */
  connect(near: End, net: Net): Promise<Wire | null>;
  /** Nothing waits for anybody but a person. */
  ended(): boolean;
  /** Whether a problem of this order stands open for people to see. */
  told(orderNo: string): boolean;
  heal(): void;
  /** A client begins a command of a lease, which is told by its place in traces. */
  begins?(place: string): void;
  /** After each event. @throws Violation */
  check(): void;
  /** When all is over. @throws Violation */
  atEnd(): void;
}

/** Whether one of these problems is of the order and has not ended well. */
export function stands(
  problems: Iterable<{ readonly report: { readonly businessKey: string }; readonly state: string }>,
  orderNo: string,
): boolean {
  const own = [...problems].filter(({ report }) => report.businessKey === orderNo);
  return own.some(({ state }) => state !== 'fixed' && state !== 'cleared');
}
