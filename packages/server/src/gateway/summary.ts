/**
 * What the message log keeps of a body: everything small, of each list its length and its beginning. Facts are
 * left out; they stand with the problem and the execution.
 */
const ITEMS_KEPT = 5;
const DEPTH_KEPT = 4;

export function summarise(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return summariseList(value, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_KEPT) return '…';
  const kept = Object.entries(value).filter(([key]) => key !== 'facts');
  return Object.fromEntries(kept.map(([key, inner]) => [key, summarise(inner, depth + 1)]));
}

function summariseList(list: readonly unknown[], depth: number): unknown {
  const beginning = list.slice(0, ITEMS_KEPT).map((item) => summarise(item, depth + 1));
  return list.length <= ITEMS_KEPT ? beginning : { length: list.length, first: beginning };
}
