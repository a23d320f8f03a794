/** One round of Piculus, as in production: a server and a client, each a process of its own, over the network. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { CellContext } from '../cell.ts';
import { startServer } from '../support/stage.ts';
import { OrderedProcess } from './child.ts';
import { checkpoint, drainOf, type Round, untilNone } from './rounds.ts';

const SYS_CODE = 'BENCH';
const POLL_MS = 20;

type Server = Awaited<ReturnType<typeof startServer>>;

/** A server and a client that is connected to it and has so many tasks to report. */
export async function openPiculus(
  context: CellContext,
  tasks: number,
): Promise<{ readonly server: Server; readonly worker: OrderedProcess }> {
  const server = await startServer(context);
  const { key, serverKeys } = await server.api.createSystem({
    body: { sysCode: SYS_CODE, name: 'benchmark', collectCron: null },
  });
  const worker = await OrderedProcess.start(context, 'benchmarks/dist/queues/worker.js');
  await worker.tell('open', {
    url: server.url,
    systemKey: key,
    serverKeys: serverKeys.join(','),
    tasks: String(tasks),
  });
  while (!(await server.api.listClients()).items.some((client) => client.connected)) await sleep(POLL_MS);
  return { server, worker };
}

export async function piculusRound(context: CellContext, tasks: number): Promise<Round> {
  const { server, worker } = await openPiculus(context, tasks);
  await checkpoint(context.databaseUrl);
  const ingestedMs = await ingest(server.api, worker);
  await checkpoint(context.databaseUrl);
  const called = worker.tell('work');
  await server.api.createSolution({
    body: { sysCode: SYS_CODE, fixCode: 'nothing', maxRetries: 5, retryCron: '* * * * * ?' },
  });
  await called;
  const db = new pg.Client({ connectionString: server.databaseUrl });
  await db.connect();
  try {
    const end = await untilNone(async () => {
      const { rows } = await db.query<{ left: number }>(
        `select coalesce(sum(problems), 0)::int as left from piculus.problem_counts where state = 'pending'`,
      );
      return rows[0]?.left ?? 0;
    });
    const drained = await drainOf(worker, tasks, end);
    const wrong = [...drained.wrong, ...(await whatIsNotStored(db, tasks))];
    return {
      ...drained,
      ingested: (tasks / ingestedMs) * 1_000,
      wrong: wrong.map((line) => `Piculus: ${line}`),
    };
  } finally {
    await db.end();
  }
}

/** @returns ms from the first problem that is found to the stored end of the collect. */
export async function ingest(
  api: Awaited<ReturnType<typeof startServer>>['api'],
  worker: OrderedProcess,
): Promise<number> {
  const { id } = await api.startCollection({ body: { sysCodes: [SYS_CODE] } });
  for (;;) {
    const { state, commands } = await api.getCollection({ params: { id } });
    const [command] = commands;
    if (state === 'complete' && command?.finishedAt) {
      return new Date(command.finishedAt).getTime() - Number(await worker.tell('collectBegan'));
    }
    if (state !== 'waiting' && state !== 'running')
      throw new Error(`the collect is ${state}: ${command?.reason ?? ''}`);
    await sleep(POLL_MS);
  }
}

async function whatIsNotStored(db: pg.Client, tasks: number): Promise<readonly string[]> {
  const { rows } = await db.query<{ problems: number; attempts: number; executions: number }>(`
    select count(*)::int as problems, sum(attempts)::int as attempts,
      (select count(*)::int from piculus.executions) as executions
    from piculus.problems where state = 'cleared'`);
  const [found] = rows;
  const planned = tasks + Math.ceil(tasks / 10);
  return [
    ...(found?.problems === tasks ? [] : [`${found?.problems} problems are cleared`]),
    ...(found?.attempts === planned ? [] : [`${found?.attempts} tries are told`]),
    ...(found?.executions === planned ? [] : [`${found?.executions} executions are stored`]),
  ];
}
