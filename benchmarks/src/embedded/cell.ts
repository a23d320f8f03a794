/** The embedded database that Piculus brings along, beside PostgreSQL: the same server, client and work. */
import type { Cell, CellContext, CellResult } from '../cell.ts';
import { compare } from '../statistics.ts';
import { takeTurns } from '../support/rounds.ts';
import { startServer } from '../support/stage.ts';
import { callsOf } from '../work/tasks.ts';
import { WorkSystem } from '../work/system.ts';

const FAIL_EVERY = 10;
const TARGET = 0.3;
const PLACES = 1_000;

export const embeddedCell: Cell = {
  says: 'drain and ingest on the embedded database, which does not sync to disk, beside PostgreSQL',
  options: {
    tasks: { otherwise: 20_000, whenQuick: 5_000, says: 'tasks of a round' },
    rounds: { otherwise: 5, whenQuick: 3, says: 'rounds, after one to warm up' },
  },
  run,
};

interface Done {
  readonly ingested: number;
  readonly drained: number;
  readonly wrong: readonly string[];
}

type Database = 'embedded' | 'PostgreSQL';

async function run(context: CellContext): Promise<CellResult> {
  const tasks = Math.max(1, context.options.get('tasks') ?? 1);
  const rounds = Math.max(1, context.options.get('rounds') ?? 1);
  const batch = { tasks, failEvery: FAIL_EVERY };
  const systems = new Map<Database, WorkSystem>();
  for (const database of ['embedded', 'PostgreSQL'] as const) {
    // Without an address the server takes its own database, in its folder.
    const server = await startServer(context, database === 'embedded' ? { PICULUS_DATABASE_URL: '' } : {});
    const system = await WorkSystem.make(server, { byApi: true });
    await system.connect(context, { clients: 1, places: PLACES });
    systems.set(database, system);
  }
  const ways = new Map(
    [...systems].map(([database, system]) => [
      database,
      async (): Promise<Done> => {
        const ingested = await system.ingest(batch);
        const { rate, wrong } = await system.drain(batch);
        return { ingested, drained: rate, wrong };
      },
    ]),
  );
  const found = await takeTurns(
    context,
    rounds,
    ways,
    (database, done) =>
      `${database}: ${Math.round(done.ingested)} in, ${Math.round(done.drained)} drained a second`,
  );
  const beside = (figure: 'drained' | 'ingested', unit: string) =>
    compare({
      variant: `${figure === 'drained' ? 'drain' : 'ingest'}, embedded`,
      peer: 'PostgreSQL',
      unit,
      target: TARGET,
      better: 'higher',
      values: (found.get('embedded') ?? []).map((round) => round[figure]),
      peerValues: (found.get('PostgreSQL') ?? []).map((round) => round[figure]),
    });
  const wrong = [...found].flatMap(([database, all]) =>
    all.flatMap((done) => done.wrong.map((line) => `${database}: ${line}`)),
  );
  for (const [database, system] of systems) {
    const missing = await whatIsNotTold(system, { tasks: tasks * (rounds + 1) });
    wrong.push(...missing.map((line) => `${database}: ${line}`));
  }
  return {
    comparisons: [beside('drained', 'executions/s'), beside('ingested', 'problems/s')],
    figures: { tasks, executionsOfARound: callsOf(tasks, FAIL_EVERY), rounds: Object.fromEntries(found) },
    lines: [],
    wrong,
  };
}

async function whatIsNotTold(
  system: WorkSystem,
  { tasks }: { readonly tasks: number },
): Promise<readonly string[]> {
  const cleared = (await system.counts()).get('cleared') ?? 0;
  return cleared === tasks ? [] : [`${cleared} of ${tasks} problems are cleared`];
}
