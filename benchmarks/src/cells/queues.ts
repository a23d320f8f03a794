/** drain and ingest: Piculus beside other systems that keep waiting work. One run of the rounds serves both. */
import type { Cell, CellContext, CellResult } from '../cell.ts';
import { measureQueues, PICULUS, type Round } from '../queues/rounds.ts';
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
    bullmq: 2,
  },
  ingested: {
    'graphile-worker, equal contract': 1.5,
    'graphile-worker, as shipped': 1.5,
    'pg-boss': 4,
    bullmq: null,
  },
} as const;

type Figure = keyof typeof TARGETS;

const measured = new Map<string, Promise<ReadonlyMap<string, readonly Round[]>>>();

export const drainCell: Cell = {
  says: 'waiting tasks worked off by a process elsewhere, each tenth fails once, every result durable',
  options: OPTIONS,
  run: (context) => run(context, 'drained', 'executions/s'),
};

export const ingestCell: Cell = {
  says: 'tasks reported in batches of 1,000, acknowledged after the commit',
  options: OPTIONS,
  run: (context) => run(context, 'ingested', 'tasks/s'),
};

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
    comparisons: others.map(([peer, rounds]) =>
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
    figures: { rounds: Object.fromEntries(found) },
    lines: [],
    wrong: [...found.values()].flatMap((rounds) => rounds.flatMap(({ wrong }) => wrong)),
  };
}
