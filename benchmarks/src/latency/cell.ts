/** From a click to its recorded result, on an idle server and on one that has four fifths of what it can do. */
import type { Cell, CellContext, CellResult, Comparison } from '../cell.ts';
import { compare, median } from '../statistics.ts';
import { takeTurns } from '../support/rounds.ts';
import { openGraphileWorker } from './graphile-worker.ts';
import { ask, askAllTheTime, quantile } from './load.ts';
import { type Measured, openPiculus } from './piculus.ts';

const EVERY_MS = 50;
const LOAD = 0.8;
const BESIDE_TARGET = 0.7;
/** How much longer than half of them the slowest of a hundred may take. */
const TAIL_TARGET = 3;

export const latencyCell: Cell = {
  says: 'from a click to its durable result, idle and at 80 % of its own rate, beside graphile-worker with equal contract',
  options: {
    clicks: { otherwise: 400, whenQuick: 70, says: `of a round, one every ${EVERY_MS} ms` },
    loadClicks: {
      otherwise: 2_000,
      whenQuick: 300,
      says: 'of a round under load, and to find out what it can do',
    },
    inFlight: { otherwise: 16, says: 'clicks under way at the same time to find out what it can do' },
    rounds: { otherwise: 5, whenQuick: 3, says: 'rounds, after one to warm up' },
  },
  run,
};

/** Waits in ms, rates per second. */
interface Waits {
  readonly idleP50: number;
  readonly idleP99: number;
  readonly rate: number;
  readonly loadP50: number;
  readonly loadP99: number;
}

type System = 'Piculus' | 'graphile-worker';

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => Math.max(1, context.options.get(name) ?? 1);
  const { clicks, loadClicks, inFlight, rounds } = {
    clicks: option('clicks'),
    loadClicks: option('loadClicks'),
    inFlight: option('inFlight'),
    rounds: option('rounds'),
  };
  const asks = (clicks + 2 * loadClicks) * (rounds + 1);
  const systems = new Map<System, Measured>([
    ['Piculus', await openPiculus(context, asks)],
    ['graphile-worker', await openGraphileWorker(context, asks)],
  ]);
  const ways = new Map(
    [...systems].map(([name, system]) => [
      name,
      async (): Promise<Waits> => {
        const idle = await ask(system, clicks, EVERY_MS);
        const rate = await askAllTheTime(system, loadClicks, inFlight);
        const loaded = await ask(system, loadClicks, 1_000 / (rate * LOAD));
        return {
          idleP50: quantile(idle, 0.5),
          idleP99: quantile(idle, 0.99),
          rate,
          loadP50: quantile(loaded, 0.5),
          loadP99: quantile(loaded, 0.99),
        };
      },
    ]),
  );
  const found = await takeTurns(
    context,
    rounds,
    ways,
    (name, waits) =>
      `${name}: idle ${ms(waits.idleP50)} and ${ms(waits.idleP99)} at p99; ${Math.round(waits.rate)}/s; at 80 % ${ms(waits.loadP50)} and ${ms(waits.loadP99)}`,
  );
  const wrong: string[] = [];
  for (const system of systems.values()) wrong.push(...(await system.check()));
  const rates = [...found].map(
    ([name, all]) => [`${name}, clicks a second`, median(all.map(({ rate }) => rate)).toFixed(0)] as const,
  );
  return {
    comparisons: comparisonsOf(found),
    figures: { rounds: Object.fromEntries(found) },
    lines: rates,
    wrong,
  };
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

function comparisonsOf(found: ReadonlyMap<System, readonly Waits[]>): Comparison[] {
  const of = (system: System, figure: keyof Waits): number[] =>
    (found.get(system) ?? []).map((waits) => waits[figure]);
  const beside = (figure: keyof Waits, variant: string): Comparison =>
    compare({
      variant,
      peer: 'graphile-worker, equal contract',
      unit: 'ms',
      target: BESIDE_TARGET,
      better: 'lower',
      values: of('Piculus', figure),
      peerValues: of('graphile-worker', figure),
    });
  return [
    beside('idleP50', 'idle, p50'),
    beside('idleP99', 'idle, p99'),
    beside('loadP50', 'at 80 %, p50'),
    beside('loadP99', 'at 80 %, p99'),
    compare({
      variant: 'at 80 %, p99',
      peer: 'its own p50',
      unit: 'ms',
      target: TAIL_TARGET,
      better: 'lower',
      values: of('Piculus', 'loadP99'),
      peerValues: of('Piculus', 'loadP50'),
    }),
  ];
}
