/**
 * Looks for the settings under which each peer drains fastest on this machine: every combination of the published grid, in
 * rounds that take turns. What is found is written beside the peers, and all other runs use it as it is there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type CellContext, type CellResult, BenchError } from '../cell.ts';
import { median } from '../statistics.ts';
import { fromRoot } from '../support/paths.ts';
import { alone, takeTurns } from '../support/rounds.ts';
import { type Peer, peerRound, peers, readSettings, type Round } from './rounds.ts';

const GRID = 'benchmarks/peers/grid.json';
const SETTINGS = 'benchmarks/peers/settings.json';
const SIZE = { tasks: 100_000, rounds: 3 } as const;
const QUICK = { tasks: 10_000, rounds: 1 } as const;

type Settings = Readonly<Record<string, unknown>>;
type Grid = Readonly<Record<string, readonly unknown[]>>;

export async function tunePeers(context: CellContext): Promise<CellResult> {
  const grids: Readonly<Record<string, Grid>> = JSON.parse(readFileSync(fromRoot(GRID), 'utf8'));
  const found: Record<string, Settings> = { ...readSettings() };
  const tried: Record<string, unknown> = {};
  const lines: [string, string][] = [];
  const wrong: string[] = [];
  for (const [program, grid] of Object.entries(grids)) {
    // The first of a program's variants is the one that keeps its results.
    const peer = peers().find((one) => one.program === program);
    if (peer === undefined) {
      lines.push([program, 'not tuned: it is not here']);
      continue;
    }
    const rounds = await measure(context, peer, combinationsOf(grid));
    const ranked = [...rounds]
      .map(([name, all]) => ({ name, drained: median(all.map(({ drained }) => drained)) }))
      .sort((a, b) => b.drained - a.drained);
    const [best] = ranked;
    if (best === undefined) throw new BenchError(`the grid of ${program} is empty`);
    found[program] = { ...found[program], ...JSON.parse(best.name) };
    tried[program] = ranked;
    lines.push([
      program,
      `${best.name}: ${Math.round(best.drained)} a second, of ${ranked.length} combinations`,
    ]);
    wrong.push(...[...rounds.values()].flat().flatMap((round) => round.wrong));
  }
  if (wrong.length === 0) writeFileSync(fromRoot(SETTINGS), `${JSON.stringify(found, null, 2)}\n`);
  return { comparisons: [], figures: { tried, found }, lines, wrong };
}

function measure(
  context: CellContext,
  peer: Peer,
  combinations: readonly Settings[],
): Promise<ReadonlyMap<string, readonly Round[]>> {
  const { tasks, rounds } = context.quick ? QUICK : SIZE;
  const ways = new Map(
    combinations.map((combination) => {
      const tuned = { ...peer, settings: { ...peer.settings, ...combination } };
      return [
        JSON.stringify(combination),
        () => alone(context, (own) => peerRound(own, tuned, tasks)),
      ] as const;
    }),
  );
  return takeTurns(
    context,
    rounds,
    ways,
    (name, { drained }) => `${peer.name} ${name}: ${Math.round(drained)} drained a second`,
  );
}

/** @returns each way to choose one value of every list. */
export function combinationsOf(grid: Grid): readonly Settings[] {
  return Object.entries(grid).reduce<readonly Settings[]>(
    (chosen, [name, values]) =>
      chosen.flatMap((settings) => values.map((value) => ({ ...settings, [name]: value }))),
    [{}],
  );
}
