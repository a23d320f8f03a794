/**
 * One process of a peer: `main.mjs <peer>`, told by its parent what to do, one order after another. The parent starts
 * two of them: one that adds and looks, one that works.
 */
import { createGauge } from './gauge.mjs';

const PEERS = ['graphile-worker', 'pg-boss', 'bullmq'];
const BATCH = 1_000;

const [peer] = process.argv.slice(2);
if (!PEERS.includes(peer)) throw new Error(`no peer ${peer}`);
const { open } = await import(`./${peer}.mjs`);

let queue = null;
let gauge = null;
let stopWork = async () => {};

const ORDERS = {
  async open(options) {
    queue = await open(options);
    if (options.prepare) await queue.prepare();
  },
  /**
   * Adds in batches of 1,000, some in flight at a time. With keys, a task that is there already is not added again.
   * @returns ms until the last was acknowledged.
   */
  async add({ tasks, inFlight, keyed = false, leaveOutEach = 0 }) {
    const wanted = (index) => leaveOutEach === 0 || index % leaveOutEach !== 0;
    const batches = Array.from({ length: Math.ceil(tasks / BATCH) }, (_, batch) =>
      Array.from({ length: Math.min(BATCH, tasks - batch * BATCH) }, (_, at) => batch * BATCH + at).filter(
        wanted,
      ),
    );
    const started = performance.now();
    const lane = async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift())
        await queue.add(batch, keyed);
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return performance.now() - started;
  },
  /** Resolves once every handler was called as often as planned. */
  async work({ tasks }) {
    gauge = createGauge(tasks);
    const all = Promise.withResolvers();
    stopWork = await queue.work((index) => {
      const fails = gauge.called(index);
      if (gauge.total === gauge.planned) all.resolve();
      return fails;
    });
    await all.promise;
  },
  left: () => queue.left(),
  kept: () => queue.kept(),
  summary: () => gauge.summary(),
  async close() {
    await stopWork();
    await queue?.close();
  },
};

process.on('message', async ({ id, order, options }) => {
  try {
    process.send({ id, answer: (await ORDERS[order](options ?? {})) ?? null });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit(1));
process.send({ id: 0, answer: process.versions.node });
