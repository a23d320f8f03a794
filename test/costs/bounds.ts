/**
 * What taking in and working off a thousand problems may cost. A change that makes something cheaper lowers its line
 * here; one that has to make something dearer raises it, and says why.
 */
import type { Done } from './work.ts';
import type { Costs } from './world.ts';

/** Of a thousand problems or executions, at most; the share at least. */
export type Bounds = Costs & { readonly messages: number };

export const BOUNDS: Readonly<Record<'ingest' | 'repeats' | 'drain' | 'chain', Bounds>> = {
  ingest: {
    messages: 2,
    roundTrips: 34,
    statements: 29,
    rowTouches: 1_025,
    hotShare: 0,
    walBytes: 1_100_000,
  },
  /** All of them known already. */
  repeats: {
    messages: 2,
    roundTrips: 28,
    statements: 23,
    rowTouches: 1_015,
    hotShare: 0.3,
    walBytes: 850_000,
  },
  /** A row of the problem that changes and one of the execution that is added, and of each batch the books: those of blocks and sizes in one statement. */
  drain: {
    messages: 4.5,
    roundTrips: 52,
    statements: 42,
    rowTouches: 2_060,
    hotShare: 0.55,
    walBytes: 1_650_000,
  },
  chain: { messages: 0, roundTrips: 20, statements: 15, rowTouches: 5, hotShare: 0, walBytes: 45_000 },
};

/** @returns what cost more than it may, each with its figure and its bound; for a thousand of what was done. */
export function exceeded(costs: Costs, { messages, told }: Done, bounds: Bounds): readonly string[] {
  const found: Bounds = { ...costs, messages };
  const each = (name: keyof Bounds): number => (found[name] / told) * 1_000;
  const upTo = (['messages', 'roundTrips', 'statements', 'rowTouches', 'walBytes'] as const)
    .filter((name) => each(name) > bounds[name])
    .map((name) => `${name}: ${each(name).toFixed(1)}, at most ${bounds[name]}`);
  const { hotShare } = costs;
  if (hotShare >= bounds.hotShare) return upTo;
  return [...upTo, `hotShare: ${hotShare.toFixed(2)}, at least ${bounds.hotShare}`];
}
