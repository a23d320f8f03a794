/**
 * How near Piculus comes to what PostgreSQL allows: its drain and ingest beside the same durable rows written by plain SQL
 * from one Node process, and, for information, by PostgreSQL itself.
 */
import type { Cell, CellContext, CellResult } from '../cell.ts';
import { OrderedProcess } from '../queues/child.ts';
import { piculusRound } from '../queues/piculus.ts';
import { checkpoint } from '../queues/rounds.ts';
import { compare } from '../statistics.ts';
import { withClient } from '../support/databases.ts';
import { alone, takeTurns } from '../support/rounds.ts';
import { whatIsNotStored } from '../work/stored.ts';
import { callsOf } from '../work/tasks.ts';
import { drainInside, ingestInside } from './inside.ts';
import { copyTables, makeTables } from './tables.ts';

const FAIL_EVERY = 10;
/** Of what no more than a program's own work separates from the database. */
const TARGET = 0.7;

export const limitCell: Cell = {
  says: 'drain and ingest beside the same rows written by plain SQL from one Node process, and inside PostgreSQL',
  options: {
    tasks: { otherwise: 200_000, whenQuick: 10_000, says: 'tasks that wait' },
    rounds: { otherwise: 5, whenQuick: 3, says: 'rounds, after one to warm up' },
    inFlight: { otherwise: 2, says: 'connections of the plain process, each with a statement under way' },
  },
  run,
};

/** Rates are per second. */
interface Done {
  readonly ingested: number;
  readonly drained: number;
  readonly wrong: readonly string[];
}

type Way = 'Piculus' | 'plain SQL from Node' | 'inside PostgreSQL';

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => Math.max(1, context.options.get(name) ?? 1);
  const tasks = option('tasks');
  const inFlight = String(option('inFlight'));
  const tables = await makeTables(context);
  const ways = new Map<Way, () => Promise<Done>>([
    ['Piculus', () => alone(context, (own) => piculusRound(own, tasks))],
    ['plain SQL from Node', () => alone(context, (own) => plainRound(own, tables, { tasks, inFlight }))],
    ['inside PostgreSQL', () => alone(context, (own) => insideRound(own, tables, tasks))],
  ]);
  const found = await takeTurns(
    context,
    option('rounds'),
    ways,
    (way, { ingested, drained }) =>
      `${way}: ${Math.round(ingested)} in, ${Math.round(drained)} drained a second`,
  );
  const rounds = (way: Way): readonly Done[] => found.get(way) ?? [];
  const beside = (figure: 'drained' | 'ingested', unit: string, peer: Way, target: number | null) =>
    compare({
      variant: figure === 'drained' ? 'drain' : 'ingest',
      peer,
      unit,
      target,
      better: 'higher',
      values: rounds('Piculus').map((round) => round[figure]),
      peerValues: rounds(peer).map((round) => round[figure]),
    });
  return {
    comparisons: [
      beside('drained', 'executions/s', 'plain SQL from Node', TARGET),
      beside('ingested', 'problems/s', 'plain SQL from Node', TARGET),
      beside('drained', 'executions/s', 'inside PostgreSQL', null),
      beside('ingested', 'problems/s', 'inside PostgreSQL', null),
    ],
    figures: { tasks, rounds: Object.fromEntries(found) },
    lines: [],
    wrong: [...found].flatMap(([way, all]) =>
      all.flatMap(({ wrong }) => wrong.map((line) => `${way}: ${line}`)),
    ),
  };
}

async function plainRound(
  context: CellContext,
  tables: string,
  { tasks, inFlight }: { readonly tasks: number; readonly inFlight: string },
): Promise<Done> {
  const url = await copyTables(context, tables);
  const plain = await OrderedProcess.start(context, 'benchmarks/dist/limit/plain.js');
  await plain.tell('open', { url, inFlight });
  await checkpoint(context.databaseUrl);
  const ingestedMs = Number(await plain.tell('ingest', { tasks: String(tasks), inFlight }));
  await checkpoint(context.databaseUrl);
  const drainedMs = Number(await plain.tell('drain', { inFlight }));
  await plain.tell('close');
  return doneOf(url, tasks, { ingestedMs, drainedMs });
}

async function insideRound(context: CellContext, tables: string, tasks: number): Promise<Done> {
  const url = await copyTables(context, tables);
  return withClient(url, async (db) => {
    await checkpoint(context.databaseUrl);
    const ingestedMs = await ingestInside(db, tasks);
    await checkpoint(context.databaseUrl);
    const drainedMs = await drainInside(db);
    return doneOf(url, tasks, { ingestedMs, drainedMs });
  });
}

async function doneOf(
  url: string,
  tasks: number,
  { ingestedMs, drainedMs }: { readonly ingestedMs: number; readonly drainedMs: number },
): Promise<Done> {
  const executions = callsOf(tasks, FAIL_EVERY);
  return {
    ingested: (tasks / ingestedMs) * 1_000,
    drained: (executions / drainedMs) * 1_000,
    wrong: await whatIsNotStored(url, { tasks, executions }),
  };
}
