/** Something that is done to an installation under load in place of faults from a schedule. */
import type { Cluster, ClusterOptions } from '../cluster.ts';
import type { Done } from '../faults.ts';
import type { History } from '../history.ts';

export interface Scene {
  readonly cluster: Cluster;
  readonly history: History;
  readonly random: () => number;
}

export interface Told {
  /** What was planned and what really happened; a plan that did not happen fails the run. */
  readonly done: Readonly<Record<string, Done>>;
  readonly figures: Readonly<Record<string, unknown>>;
}

export interface Story {
  readonly name: string;
  /** So long about it takes: new work is found and ordered during all of it. */
  readonly forMs: number;
  /** Broken orders of each kind and system; as for faults where absent. */
  readonly anomaliesPerMinute?: number;
  readonly installation: Pick<ClusterOptions, 'root' | 'standby' | 'nodeSettings'>;
  run(scene: Scene): Promise<Told>;
  /** Read when all has come to rest. */
  figures?(scene: Scene): Promise<Readonly<Record<string, unknown>>>;
}

/** @returns the least, the middle and the greatest, in whole seconds and tenths. */
export function spread(
  measuredMs: readonly number[],
): Readonly<Record<'times' | 'min' | 'median' | 'max', number>> {
  const sorted = [...measuredMs].sort((a, b) => a - b);
  const at = (index: number): number => Math.round((sorted[index] ?? 0) / 100) / 10;
  return {
    times: sorted.length,
    min: at(0),
    median: at(Math.floor(sorted.length / 2)),
    max: at(sorted.length - 1),
  };
}
