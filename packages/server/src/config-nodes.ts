/** The part of the configuration that is about this node among others. */
import type { ConfigReader } from './config-reader.ts';

export interface NodesConfig {
  /** How long, after it was asked to stop, a node goes on serving while balancers learn that it goes. */
  readonly drainMs: number;
}

export function readNodes({ whole }: ConfigReader): NodesConfig {
  return { drainMs: whole('PICULUS_DRAIN_MS', 0, [0, 60_000]) };
}
