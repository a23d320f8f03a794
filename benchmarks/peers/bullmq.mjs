/** BullMQ on a Redis that writes every change to its log. It keeps what is done. */
import { Queue, Worker } from 'bullmq';

const QUEUE = 'nothing';

export async function open({ url, settings }) {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const queue = new Queue(QUEUE, { connection });
  queue.on('error', () => {});
  return {
    async prepare() {
      await queue.waitUntilReady();
      await queue.obliterate({ force: true });
    },
    add: (indexes, keyed) =>
      queue.addBulk(
        indexes.map((index) => ({
          name: QUEUE,
          data: { index },
          opts: { attempts: 5, removeOnComplete: false, ...(keyed ? { jobId: `T${index}` } : {}) },
        })),
      ),
    async left() {
      const { waiting, active, delayed, prioritized = 0, failed } = await queue.getJobCounts();
      return waiting + active + delayed + prioritized + failed;
    },
    async kept() {
      return { tasks: await queue.getCompletedCount(), attempts: null };
    },
    async work(called) {
      const workers = Array.from({ length: settings.workers }, () => {
        const worker = new Worker(
          QUEUE,
          async ({ data }) => {
            if (called(data.index)) throw new Error('fails once');
          },
          { connection, concurrency: settings.concurrency },
        );
        worker.on('error', () => {});
        return worker;
      });
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
      return () => Promise.all(workers.map((worker) => worker.close()));
    },
    close: () => queue.close(),
  };
}
