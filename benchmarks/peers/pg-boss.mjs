/** pg-boss with batches that go on without a pause while they come back full. It keeps what is done. */
import { PgBoss } from 'pg-boss';
import pg from 'pg';

const QUEUE = 'nothing';

const idOf = (index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

export async function open({ url, settings }) {
  const boss = new PgBoss({
    connectionString: url,
    max: settings.connections,
    supervise: false,
    schedule: false,
  });
  boss.on('error', () => {});
  await boss.start();
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => {});
  return {
    async prepare() {
      await boss.createQueue(QUEUE, { retryLimit: 5, retryDelay: 0, retryBackoff: false });
    },
    // Of its ways to know a job again, the id is the cheapest: what is there already is left as it is.
    add: (indexes, keyed) =>
      boss.insert(
        QUEUE,
        indexes.map((index) => ({ ...(keyed ? { id: idOf(index) } : {}), data: { index } })),
      ),
    async left() {
      const { rows } = await pool.query(
        `select count(*)::int as jobs from pgboss.job where name = $1 and state <> 'completed'`,
        [QUEUE],
      );
      return rows[0].jobs;
    },
    async kept() {
      const { rows } = await pool.query(
        `select count(*)::int as tasks, sum(retry_count + 1)::int as attempts from pgboss.job
         where name = $1 and state = 'completed'`,
        [QUEUE],
      );
      return rows[0];
    },
    async work(called) {
      await boss.work(
        QUEUE,
        {
          batchSize: settings.batchSize,
          localConcurrency: settings.localConcurrency,
          pollingIntervalSeconds: 0.5,
          burstWhenBatchFull: true,
          perJobResults: true,
        },
        async (jobs) =>
          jobs.map(({ id, data }) => ({ id, status: called(data.index) ? 'failed' : 'completed' })),
      );
      return () => boss.offWork(QUEUE);
    },
    async close() {
      await boss.stop({ graceful: false });
      await pool.end();
    },
  };
}
