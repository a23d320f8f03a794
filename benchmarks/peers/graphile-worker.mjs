/** graphile-worker with its local queue and batched completion, as shipped or with a durable row for every result. */
import { makeWorkerUtils, Logger, run } from 'graphile-worker';
import pg from 'pg';

const TASK = 'nothing';
const quiet = new Logger(() => () => {});

// It deletes what is done; this keeps a row with the outcome, set-based, in the same statement's transaction.
const KEEP_RESULTS = `
  create table public.results (
    job_id bigint primary key, task integer not null, attempts integer not null, outcome text not null,
    finished_at timestamptz not null);
  create function public.keep_results() returns trigger language plpgsql as $$ begin
    insert into public.results select id, (payload ->> 'index')::integer, attempts, 'done', clock_timestamp() from gone;
    return null; end $$;
  create trigger keep_results after delete on graphile_worker._private_jobs
    referencing old table as gone for each statement execute function public.keep_results()`;

export async function open({ url, settings }) {
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const utils = await makeWorkerUtils({ pgPool: pool, logger: quiet });
  await utils.migrate();
  return {
    async prepare() {
      if (settings.keepResults) await pool.query(KEEP_RESULTS);
    },
    add: (indexes, keyed) =>
      utils.addJobs(
        indexes.map((index) => ({
          identifier: TASK,
          payload: { index },
          maxAttempts: 5,
          ...(keyed ? { jobKey: `T${index}` } : {}),
        })),
      ),
    async left() {
      const { rows } = await pool.query('select count(*)::int as jobs from graphile_worker._private_jobs');
      return rows[0].jobs;
    },
    async kept() {
      if (!settings.keepResults) return null;
      const { rows } = await pool.query(
        'select count(distinct task)::int as tasks, sum(attempts)::int as attempts from public.results',
      );
      return rows[0];
    },
    async work(called) {
      const runner = await run({
        preset: {
          worker: {
            concurrentJobs: settings.concurrentJobs,
            maxPoolSize: settings.connections,
            pollInterval: 500,
            localQueue: { size: settings.localQueue },
            completeJobBatchDelay: settings.completeDelayMs,
            failJobBatchDelay: settings.failDelayMs,
          },
        },
        pgPool: pool,
        logger: quiet,
        noHandleSignals: true,
        taskList: {
          [TASK]: ({ index }) => {
            if (called(index)) throw new Error('fails once');
          },
        },
      });
      return () => runner.stop();
    },
    async close() {
      await utils.release();
      await pool.end();
    },
  };
}
