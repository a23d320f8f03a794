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
  heal(): void;
  /** After each event. @throws Violation */
  check(): void;
  /** When all is over. @throws Violation */
  atEnd(): void;
}
