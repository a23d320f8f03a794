/**
 * What taking in and working off a thousand problems may cost. A change that makes something cheaper lowers its line
 * here; one that has to make something dearer raises it, and says why.
 */
import type { Done } from './work.ts';
import type { Costs } from './world.ts';

/** Of a thousand problems or executions, at most; the share at least. */
export type Bounds = Costs & { readonly messages: number };

export const BOUNDS: Readonly<Record<'ingest' | 'repeats' | 'drain' | 'clicks' | 'chain', Bounds>> = {
  ingest: {
    messages: 1,
    roundTrips: 17,
    statements: 18,
    rowTouches: 1_025,
    hotShare: 0,
    walBytes: 1_070_000,
  },
  /** All of them known already. */
  repeats: {
    messages: 1,
    roundTrips: 16,
    statements: 14,
    rowTouches: 1_015,
    hotShare: 0.95,
    walBytes: 125_000,
  },
  /** A row of the problem that changes and one of the execution that is added, and of each batch the books: those of blocks and sizes in one statement. */
  drain: {
    messages: 4.5,
    roundTrips: 28,
    statements: 40,
    rowTouches: 2_060,
    hotShare: 0.95,
    walBytes: 1_225_000,
  },
  /** One after the other, each from the click to its stored result: what a person waits for. */
  clicks: {
    messages: 2_000,
    roundTrips: 11_500,
    statements: 18_500,
    rowTouches: 15_500,
    hotShare: 0,
    walBytes: 6_000_000,
  },
  chain: { messages: 0, roundTrips: 10.5, statements: 15, rowTouches: 5, hotShare: 0, walBytes: 45_000 },
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
