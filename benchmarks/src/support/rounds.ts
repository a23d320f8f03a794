/** Rounds in which several ways of doing the same take turns in random order, after one that only warms up. */
import type { CellContext } from '../cell.ts';
import { seeded, shuffled } from '../statistics.ts';

/** What was started for this ends with it. */
export async function alone<T>(context: CellContext, run: (own: CellContext) => Promise<T>): Promise<T> {
  const undos: Array<() => Promise<void>> = [];
  // Should the benchmark be interrupted meanwhile, its end does the same.
  const undoAll = async (): Promise<void> => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) await undo();
  };
  context.atEnd(undoAll);
  try {
    return await run({ ...context, atEnd: (undo) => void undos.push(undo) });
  } finally {
    await undoAll();
  }
}

/** @returns what each way came to in each round, the warm-up left out. */
export async function takeTurns<K, T>(
  context: Pick<CellContext, 'say'>,
  rounds: number,
  ways: ReadonlyMap<K, () => Promise<T>>,
  inWords: (way: K, done: T) => string,
): Promise<ReadonlyMap<K, readonly T[]>> {
  const found = new Map<K, T[]>();
  const random = seeded(Date.now());
  for (let round = 0; round <= rounds; round += 1) {
    for (const [way, run] of shuffled([...ways], random)) {
      const done = await run();
      context.say(`${round === 0 ? 'warm-up' : `round ${round}`}: ${inWords(way, done)}`);
      if (round > 0) found.set(way, [...(found.get(way) ?? []), done]);
    }
  }
  return found;
}
