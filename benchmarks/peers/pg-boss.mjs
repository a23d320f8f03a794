/** pg-boss with batches that go on without a pause while they come back full. It keeps what is done. */
import { PgBoss } from 'pg-boss';
import pg from 'pg';

const QUEUE = 'nothing';

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
    add: (indexes) =>
      boss.insert(
        QUEUE,
        indexes.map((index) => ({ data: { index } })),
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
