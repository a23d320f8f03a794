/** What the same work costs a server that has done ten thousand repairs, and one that has done a million. */
import type { CellContext, Comparison } from '../cell.ts';
import { compare } from '../statistics.ts';
import { type PostgresProcesses, postgresProcesses } from '../support/postgres-processor.ts';
import { processorSeconds } from '../support/processor.ts';
import { takeTurns } from '../support/rounds.ts';
import { type RunningServer, startServer } from '../support/stage.ts';
import { whatIsNotStored } from '../work/stored.ts';
import { callsOf } from '../work/tasks.ts';
import { WorkSystem } from '../work/system.ts';
import { backToHistory, type EndOfHistory, untilInChain, untilPassed, writeHistory } from './history.ts';

const FAIL_EVERY = 10;
const PLACES = 1_000;
const SMALLEST = 10_000;
/** Of the processor's time for a problem, from the smallest history to the largest: 5 % for each doubling of ten times. */
const TARGET = 1.26;

/** Of the processor, for each problem, in microseconds; PostgreSQL's with all its processes. */
export interface Cost {
  readonly ingestUs: number;
  readonly drainUs: number;
  readonly bothUs: number;
  readonly wallMs: number;
  readonly wrong: readonly string[];
}

export interface StoredResult {
  readonly comparisons: readonly Comparison[];
  readonly rounds: Readonly<Record<string, readonly Cost[]>>;
  readonly wrong: readonly string[];
}

interface Size {
  readonly problems: number;
  readonly server: RunningServer;
  readonly system: WorkSystem;
  readonly end: EndOfHistory;
}

/** Ten times as much each, from ten thousand on. */
export function sizesUpTo(largest: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = SMALLEST; size <= largest; size *= 10) sizes.push(size);
  return sizes;
}

export async function measureStored(
  context: CellContext,
  options: { readonly stored: number; readonly tasks: number; readonly rounds: number },
): Promise<StoredResult> {
  const postgres = await postgresProcesses(context.databaseUrl);
  if (postgres === null) context.say('PostgreSQL is not on this machine: its part is not measured');
  const sizes: Size[] = [];
  for (const problems of sizesUpTo(options.stored)) {
    context.say(`writing a history of ${problems} problems`);
    sizes.push(await prepare(context, problems));
  }
  const ways = new Map(
    sizes.map((size) => [String(size.problems), () => costOf(size, postgres, options.tasks)] as const),
  );
  const found = await takeTurns(
    context,
    options.rounds,
    ways,
    (problems, { ingestUs, drainUs }) =>
      `${problems} stored: ${Math.round(ingestUs)} µs of the processor for a problem in, ${Math.round(drainUs)} for one drained`,
  );
  const wrong = [...found].flatMap(([problems, costs]) =>
    costs.flatMap((cost) => cost.wrong.map((line) => `${problems} stored: ${line}`)),
  );
  return { comparisons: comparisonsOf(found), rounds: Object.fromEntries(found), wrong };
}

async function prepare(context: CellContext, problems: number): Promise<Size> {
  const server = await startServer(context);
  const system = await WorkSystem.make(server);
  const end = await writeHistory(server.databaseUrl, problems);
  await system.setStatus('enabled');
  await untilPassed(server.databaseUrl, end);
  await system.setStatus('disabled');
  await untilInChain(server.databaseUrl);
  await system.connect(context, { clients: 1, places: PLACES });
  return { problems, server, system, end };
}

async function costOf(
  { problems, server, system, end }: Size,
  postgres: PostgresProcesses | null,
  tasks: number,
): Promise<Cost> {
  const batch = { tasks, failEvery: FAIL_EVERY };
  const used = async (): Promise<number> =>
    ((await processorSeconds(server.process.pid)) ?? Number.NaN) + ((await postgres?.seconds()) ?? 0);
  const startedAt = performance.now();
  const before = await used();
  await system.ingest(batch);
  const between = await used();
  const drained = await system.drain(batch);
  const wallMs = performance.now() - startedAt;
  // What is left to do once all results are stored belongs to their price.
  await untilInChain(server.databaseUrl);
  const after = await used();
  const executions = callsOf(tasks, FAIL_EVERY);
  const wrong = await whatIsNotStored(server.databaseUrl, {
    tasks,
    executions,
    executionsBefore: callsOf(problems, FAIL_EVERY),
  });
  await backToHistory(server.databaseUrl, end);
  const each = (seconds: number): number => (seconds / tasks) * 1_000_000;
  return {
    ingestUs: each(between - before),
    drainUs: each(after - between),
    bothUs: each(after - before),
    wallMs: wallMs - drained.idleMs,
    wrong: [...drained.wrong, ...wrong],
  };
}

function comparisonsOf(found: ReadonlyMap<string, readonly Cost[]>): Comparison[] {
  const smallest = String(SMALLEST);
  const beside = (problems: string, figure: keyof Omit<Cost, 'wrong'>, what: string, target: number | null) =>
    compare({
      variant: `${what}, ${problems} stored`,
      peer: `${smallest} stored`,
      unit: figure === 'wallMs' ? 'ms' : 'µs of processor',
      target,
      better: 'lower',
      values: (found.get(problems) ?? []).map((cost) => cost[figure]),
      peerValues: (found.get(smallest) ?? []).map((cost) => cost[figure]),
    });
  // Their rounds came in random order.
  const larger = [...found.keys()]
    .filter((problems) => problems !== smallest)
    .sort((a, b) => Number(a) - Number(b));
  const largest = larger.at(-1);
  return larger.flatMap((problems) => [
    beside(problems, 'bothUs', 'in and drained', problems === largest ? TARGET : null),
    beside(problems, 'ingestUs', 'in', null),
    beside(problems, 'drainUs', 'drained', null),
    beside(problems, 'wallMs', 'wall', null),
  ]);
}
