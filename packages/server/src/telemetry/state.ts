/** The gauges of what the database holds. Read at most once in a while, however often somebody scrapes. */
import { PiculusError } from '@piculus/protocol';
import type { Context } from '../base/services.ts';
import { waitsOf } from '../stats/waits.ts';
import { readWaiting } from '../store/stats.ts';
import { readStateFigures, type StateFigure } from '../store/telemetry.ts';
import { FRESH_MS } from '../systems/index.ts';
import type { MetricRegistry } from './registry.ts';
import { STATE_NAMES, type StateName } from './table.ts';

/** A scrape waits no longer than this for the database. */
const READ_MS_MAX = 2_000;

/** Where the database is away, the gauges are left out and `piculus_state_up` is 0. */
export function addStateGauges(
  registry: MetricRegistry,
  context: Pick<Context, 'db' | 'clock'>,
  cacheMs: number,
): void {
  let known: {
    readonly at: number;
    readonly seconds: number;
    readonly figures: readonly StateFigure[];
  } | null = null;
  registry.source(STATE_NAMES, async (set) => {
    const now = context.clock.now();
    set('piculus_state_up', {}, 0);
    if (known === null || Math.abs(now.getTime() - known.at) >= cacheMs) {
      known = null;
      const figures = await inTime(context.clock, readFigures(context, now));
      const seconds = (context.clock.now().getTime() - now.getTime()) / 1_000;
      known = { at: now.getTime(), seconds, figures };
    }
    set('piculus_state_up', {}, 1);
    set('piculus_state_seconds', {}, known.seconds);
    for (const { name, labels, value } of known.figures) {
      if (!isState(name)) throw new RangeError(`no metric is called ${name}`);
      registry.setInOrder(name, labels, value);
    }
  });
}

async function inTime<T>(clock: Context['clock'], reading: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(READ_MS_MAX, done.signal).then((): never => {
    throw new PiculusError('database-away', 'the figures could not be read in time');
  });
  // Whichever comes second is nobody's any more.
  late.catch(() => {});
  reading.catch(() => {});
  return Promise.race([reading, late]).finally(() => done.abort());
}

async function readFigures({ db }: Pick<Context, 'db'>, now: Date): Promise<StateFigure[]> {
  const freshSince = new Date(now.getTime() - FRESH_MS);
  const [figures, waiting] = await Promise.all([
    readStateFigures(db, { now, freshSince }),
    // Which of them would ask for a second person depends on amounts, and to know it the problems would be read.
    readWaiting(db, 'all', now, { asking: false }),
  ]);
  const waits = waitsOf(waiting).map(({ waitReason, problems }) => ({
    name: 'piculus_problems_waiting',
    labels: [waitReason],
    value: problems,
  }));
  return [...figures, ...waits];
}

const isState = (name: string): name is StateName => STATE_NAMES.some((known) => known === name);
