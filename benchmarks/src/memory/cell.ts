/** The memory of a server through which one and then three million problems went: whether anything is kept. */
import { BenchError, type Cell, type CellContext, type CellResult, type Comparison } from '../cell.ts';
import { megabytes } from '../support/memory.ts';
import type { MemorySizes } from '../support/process.ts';
import { startServer } from '../support/stage.ts';
import { whatIsNotStored } from '../work/stored.ts';
import { callsOf } from '../work/tasks.ts';
import { WorkSystem } from '../work/system.ts';

const FAIL_EVERY = 10;
const PLACES = 1_000;
const MEGABYTES_TARGET = 50;
const SETTLE_MS = 1_000;

export const memoryCell: Cell = {
  says: 'what a server keeps in memory of the problems that went through it',
  options: {
    first: { otherwise: 1_000_000, whenQuick: 50_000, says: 'problems before the first look' },
    last: { otherwise: 3_000_000, whenQuick: 150_000, says: 'problems before the last look' },
    step: {
      otherwise: 50_000,
      whenQuick: 25_000,
      says: 'problems of one collect, worked off before the next',
    },
  },
  run,
};

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => Math.max(1, context.options.get(name) ?? 1);
  const { first, last, step } = { first: option('first'), last: option('last'), step: option('step') };
  if (first % step !== 0 || last % step !== 0 || first >= last)
    throw new BenchError('--first and --last must be multiples of --step, the first one smaller');
  const server = await startServer(context);
  const system = await WorkSystem.make(server);
  await system.connect(context, { clients: 1, places: PLACES });
  const wrong: string[] = [];
  const samples: { readonly problems: number; readonly memory: MemorySizes }[] = [
    { problems: 0, memory: await server.process.settled(SETTLE_MS) },
  ];
  const batch = { tasks: step, failEvery: FAIL_EVERY };
  for (let problems = step; problems <= last; problems += step) {
    await system.ingest(batch);
    wrong.push(...(await system.drain(batch)).wrong);
    const memory = await server.process.settled(SETTLE_MS);
    samples.push({ problems, memory });
    context.say(
      `${problems} problems: RSS ${megabytes(memory.rss)} MB, heap without garbage ${megabytes(memory.heapUsed)}`,
    );
  }
  const at = (problems: number): MemorySizes => {
    const sample = samples.find((one) => one.problems === problems);
    if (sample === undefined) throw new Error(`nobody looked after ${problems} problems`);
    return sample.memory;
  };
  const executions = callsOf(step, FAIL_EVERY) * (last / step);
  return {
    comparisons: [
      growth('RSS', at(last).rss - at(first).rss, { first, last }),
      growth('heap without garbage', at(last).heapUsed - at(first).heapUsed, { first, last }),
    ],
    figures: { samples },
    lines: samples
      .filter(({ problems }) => [0, first, last].includes(problems))
      .map(({ problems, memory }) => [
        `after ${problems} problems, MB`,
        `RSS ${megabytes(memory.rss)}, heap without garbage ${megabytes(memory.heapUsed)}, buffers ${megabytes(memory.external)}`,
      ]),
    wrong: [...wrong, ...(await whatIsNotStored(server.databaseUrl, { tasks: last, executions }))],
  };
}

function growth(
  what: string,
  bytes: number,
  { first, last }: { readonly first: number; readonly last: number },
): Comparison {
  const value = bytes / 1_000_000;
  return {
    variant: `${what}, from ${first} to ${last}`,
    peer: 'target',
    unit: 'MB more',
    value,
    peerValue: null,
    ratio: null,
    target: MEGABYTES_TARGET,
    better: 'lower',
    ok: value < MEGABYTES_TARGET,
  };
}
