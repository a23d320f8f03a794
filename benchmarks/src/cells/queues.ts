/** drain and ingest: Piculus beside other systems that keep waiting work. One run of the rounds serves both. */
import type { Cell, CellContext, CellResult, Comparison } from '../cell.ts';
import { measureRepeats } from '../queues/repeats.ts';
import { BULLMQ, measureQueues, PICULUS, type Round } from '../queues/rounds.ts';
import { withoutFigure } from '../report.ts';
import { compare } from '../statistics.ts';

const OPTIONS = {
  tasks: { otherwise: 200_000, whenQuick: 20_000, says: 'tasks that wait' },
  rounds: { otherwise: 5, whenQuick: 3, says: 'rounds, after one to warm up' },
} as const;

/** Least ratios of medians. */
const TARGETS = {
  drained: {
    'graphile-worker, equal contract': 2,
    'graphile-worker, as shipped': 1.5,
    'pg-boss': 6,
    [BULLMQ]: 2,
  },
  ingested: {
    'graphile-worker, equal contract': 1.5,
    'graphile-worker, as shipped': 1.5,
    'pg-boss': 4,
  },
  repeats: { 'graphile-worker': 1.5, 'pg-boss': 4 },
} as const;

type Figure = 'drained' | 'ingested';

const measured = new Map<string, Promise<ReadonlyMap<string, readonly Round[]>>>();

export const drainCell: Cell = {
  says: 'waiting tasks worked off by a process elsewhere, each tenth fails once, every result durable',
  options: OPTIONS,
  run: (context) => run(context, 'drained', 'executions/s'),
};

export const ingestCell: Cell = {
  says: 'tasks reported in batches of 1,000, acknowledged after the commit; and again with nine of ten known',
  options: OPTIONS,
  run: async (context) => {
    const fresh = await run(context, 'ingested', 'tasks/s');
    const again = await runRepeats(context);
    return {
      comparisons: [...fresh.comparisons, ...again.comparisons],
      figures: { ...fresh.figures, ...again.figures },
      lines: [],
      wrong: [...fresh.wrong, ...again.wrong],
    };
  },
};

async function runRepeats(context: CellContext): Promise<CellResult> {
  const tasks = context.options.get('tasks') ?? 0;
  const found = await measureRepeats(context, tasks, context.options.get('rounds') ?? 0);
  const own = found.get(PICULUS) ?? [];
  const targets: Readonly<Record<string, number | null>> = TARGETS.repeats;
  const variant = `${tasks} tasks, 90 % repeats`;
  return {
    comparisons: [
      ...[...found]
        .filter(([name]) => name !== PICULUS)
        .map(([peer, rounds]) =>
          compare({
            variant,
            peer,
            unit: 'tasks/s',
            target: targets[peer] ?? null,
            better: 'higher',
            values: own.map(({ ingested }) => ingested),
            peerValues: rounds.map(({ ingested }) => ingested),
          }),
        ),
      ...withoutBullmq(found, variant, null),
    ],
    figures: { repeats: Object.fromEntries(found) },
    lines: [],
    wrong: [...found.values()].flatMap((rounds) => rounds.flatMap(({ wrong }) => wrong)),
  };
}

/** Whoever reads the table is told that a system is missing, and why. */
function withoutBullmq(
  found: ReadonlyMap<string, unknown>,
  variant: string,
  target: number | null,
): Comparison[] {
  if (found.has(BULLMQ)) return [];
  const note = 'not run: there is no Redis; BENCH_REDIS_URL may name one';
  return [withoutFigure(note, { variant, peer: BULLMQ, target, ok: target === null ? null : false })];
}

/** Rounds of this size, measured once for all cells that show something of them. */
export function roundsOnce(context: CellContext): Promise<ReadonlyMap<string, readonly Round[]>> {
  const tasks = context.options.get('tasks') ?? 0;
  const rounds = context.options.get('rounds') ?? 0;
  const key = `${tasks} ${rounds}`;
  const before = measured.get(key);
  if (before !== undefined) return before;
  const now = measureQueues(context, tasks, rounds);
  measured.set(key, now);
  return now;
}

async function run(context: CellContext, figure: Figure, unit: string): Promise<CellResult> {
  const found = await roundsOnce(context);
  const own = found.get(PICULUS) ?? [];
  const others = [...found].filter(([name]) => name !== PICULUS);
  const targets: Readonly<Record<string, number | null>> = TARGETS[figure];
  const tasks = context.options.get('tasks') ?? 0;
  return {
    comparisons: [
      ...others.map(([peer, rounds]) =>
        compare({
          variant: `${tasks} tasks`,
          peer,
          unit,
          target: targets[peer] ?? null,
          better: 'higher',
          values: own.map((round) => round[figure]),
          peerValues: rounds.map((round) => round[figure]),
        }),
      ),
      ...withoutBullmq(found, `${tasks} tasks`, targets[BULLMQ] ?? null),
    ],
    figures: { rounds: Object.fromEntries(found) },
    lines: [],
    wrong: [...found.values()].flatMap((rounds) => rounds.flatMap(({ wrong }) => wrong)),
  };
}
