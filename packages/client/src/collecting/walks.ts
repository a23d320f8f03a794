/** Which collectors of a command walk together; to the rest of a collect, a collector alone is a walk of its own. */
import type { Collector, SharedContext, SharedWalk } from '../fix.ts';

/** In the order of the command; collectors that share a walk take one turn, in the place of the first of them. */
export function turnsOf(
  fixCodes: readonly string[],
  collectors: ReadonlyMap<string, Collector>,
): readonly (readonly Collector[])[] {
  const turns = new Map<SharedWalk | Collector, Collector[]>();
  for (const fixCode of new Set(fixCodes)) {
    const collector = collectors.get(fixCode);
    if (collector === undefined) continue;
    const walk = collector.together ?? collector;
    const turn = turns.get(walk);
    if (turn === undefined) turns.set(walk, [collector]);
    else turn.push(collector);
  }
  return [...turns.values()];
}

/** @param collectors those of one turn */
export function walkOf(collectors: readonly Collector[]): SharedWalk {
  const [first] = collectors;
  if (first === undefined) return { collect: async () => new Map() };
  return (
    first.together ?? { collect: async (context) => new Map([[first.fixCode, await alone(first, context)]]) }
  );
}

function alone(collector: Collector, { fixCodes: _, report, ...context }: SharedContext) {
  const { fixCode } = collector;
  return collector.collect({
    ...context,
    report: (problems) => report(problems.map((problem) => ({ ...problem, fixCode }))),
  });
}
