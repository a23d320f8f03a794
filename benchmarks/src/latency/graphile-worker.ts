/**
 * graphile-worker asked for the same: a job is added by the statement that its `addJob` sends, and a worker in another
 * process leaves a durable row of its result, as Piculus does.
 */
import pg from 'pg';
import type { CellContext } from '../cell.ts';
import { OrderedProcess } from '../queues/child.ts';
import { readSettings } from '../queues/rounds.ts';
import { makeDatabase } from '../support/databases.ts';
import type { Measured } from './piculus.ts';
import { Sightings } from './sightings.ts';

const PROGRAM = 'benchmarks/peers/main.mjs';
const PEER = 'graphile-worker';
const CONNECTIONS = 8;
const ADD = `select id from graphile_worker.add_job(identifier => 'nothing', payload => $1::json, max_attempts => 5)`;

export async function openGraphileWorker(context: CellContext, asks: number): Promise<Measured> {
  const url = await makeDatabase(context, 'peer');
  const settings = { ...readSettings()[PEER], keepResults: true };
  // The first one makes the tables; the second one works.
  const producer = await OrderedProcess.start(context, PROGRAM, PEER);
  await producer.tell('open', { url, settings, prepare: true });
  const worker = await OrderedProcess.start(context, PROGRAM, PEER);
  await worker.tell('open', { url, settings });
  // It answers when all are called as planned, which is not waited for, and ends with the benchmark.
  worker.tell('work', { tasks: 10 * (asks + 1) }).catch(() => {});
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  pool.on('error', () => {});
  context.atEnd(() => pool.end());
  const sightings = await Sightings.open(
    url,
    'select job_id as id from public.results where job_id = any($1::bigint[])',
  );
  context.atEnd(() => sightings.close());
  let asked = 0;
  return {
    async ask() {
      // Its worker lets each tenth number fail once, which is not what is measured here.
      const index = asked * 10 + 1;
      asked += 1;
      const { rows } = await pool.query<{ id: string }>({
        name: 'add',
        text: ADD,
        values: [JSON.stringify({ index })],
      });
      return sightings.seen(String(rows[0]?.id));
    },
    async check() {
      const { rows } = await pool.query<{ results: number; tasks: number; attempts: number; left: number }>(
        `select count(*)::int as results, count(distinct task)::int as tasks, coalesce(sum(attempts), 0)::int as attempts,
           (select count(*)::int from graphile_worker._private_jobs) as left from public.results`,
      );
      const [found] = rows;
      return [
        ...(found?.tasks === asked && found.results === asked
          ? []
          : [`graphile-worker: ${found?.results} results of ${found?.tasks} tasks, ${asked} asked for`]),
        ...(found?.attempts === asked ? [] : [`graphile-worker: ${found?.attempts} tries are told`]),
        ...(found?.left === 0 ? [] : [`graphile-worker: ${found?.left} jobs are left`]),
      ];
    },
  };
}
