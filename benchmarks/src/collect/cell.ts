/**
 * One collect over a big history: a real client process of PBAP, a real server, a real PostgreSQL. Shows that
 * the client's memory does not grow with the number of orders, and how fast it scans.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, Collection } from '@piculus/protocol/http';
import pg from 'pg';
import { BenchError, type Cell, type CellContext, type CellResult } from '../cell.ts';
import { makeDatabase } from '../support/databases.ts';
import { megabytes } from '../support/memory.ts';
import type { MemoryReading } from '../support/process.ts';
import { SYS_CODE, startClient, startServer } from '../support/stage.ts';
import { bookHistory, countRows, type HistorySize, whyNot } from './history.ts';

const POLL_MS = 250;
/** How long a process is left alone before its memory counts as at rest. */
const SETTLE_MS = 3_000;

export const collectCell: Cell = {
  says: "one collect over PBAP's history; prints the growth of the client's memory",
  options: {
    orders: { otherwise: 1_000_000, whenQuick: 100_000, says: 'orders in the history' },
    problems: { otherwise: 10_000, whenQuick: 1_000, says: 'how many of them are broken, in the ten ways' },
  },
  run,
};

async function run(context: CellContext): Promise<CellResult> {
  const size = {
    orders: context.options.get('orders') ?? 0,
    problems: context.options.get('problems') ?? 0,
  };
  const impossible = whyNot(size);
  if (impossible !== null) throw new BenchError(impossible);
  const databaseUrl = await makeDatabase(context, 'pbap');
  const booked = await book(context, databaseUrl, size);
  context.say('starting server, bank and client');
  const server = await startServer(context);
  const client = await startClient(context, server, databaseUrl);
  await waitForClient(server.api);
  let collection: Collection | null = null;
  let serverMemory: MemoryReading | null = null;
  const clientMemory = await client.observe(async () => {
    serverMemory = await server.process.observe(async () => {
      collection = await collectOnce(context, server.api);
    }, 0);
  }, SETTLE_MS);
  if (collection === null || serverMemory === null) throw new Error('nothing was collected');
  const { counts } = await server.api.getStats();
  return report({ size, booked, collection, counts, clientMemory, serverMemory });
}

async function book(
  context: CellContext,
  url: string,
  size: HistorySize,
): Promise<Readonly<Record<string, number>>> {
  const db = new pg.Client({ connectionString: url });
  // The database is dropped with its connections when the run is interrupted.
  db.on('error', () => {});
  await db.connect();
  try {
    await bookHistory(db, size, (what) => context.say(`booking ${size.orders} orders: ${what}`));
    return await countRows(db);
  } finally {
    await db.end();
  }
}

async function waitForClient(api: ApiClient): Promise<void> {
  while (!(await api.listClients()).items.some((client) => client.connected)) await sleep(POLL_MS);
}

async function collectOnce(context: CellContext, api: ApiClient): Promise<Collection> {
  const { id } = await api.startCollection({ body: { sysCodes: [SYS_CODE] } });
  let told = 0;
  for (;;) {
    const collection = await api.getCollection({ params: { id } });
    const rows = collection.commands.reduce((sum, command) => sum + command.rowsScanned, 0);
    if (rows - told >= 100_000) {
      told = rows;
      context.say(`collecting: ${rows} rows scanned`);
    }
    if (collection.state !== 'waiting' && collection.state !== 'running') return collection;
    await sleep(POLL_MS);
  }
}

interface Outcome {
  readonly size: HistorySize;
  readonly booked: Readonly<Record<string, number>>;
  readonly collection: Collection;
  readonly counts: readonly { readonly scenario: string; readonly problems: number }[];
  readonly clientMemory: MemoryReading;
  readonly serverMemory: MemoryReading;
}

function report(outcome: Outcome): CellResult {
  const { size, booked, collection, counts, clientMemory, serverMemory } = outcome;
  const [command] = collection.commands;
  if (command === undefined) throw new Error('the collection has no command');
  const { rowsScanned, problemsReported, state, reason, startedAt, finishedAt } = command;
  const seconds = secondsBetween(startedAt, finishedAt);
  const rowsPerSecond = Math.round(rowsScanned / Math.max(seconds, 0.001));
  const scenarios = tally(counts);
  const client = inMegabytes(clientMemory);
  const wrong = [
    ...(state === 'complete' ? [] : [`the collect is ${state}: ${reason ?? 'no reason given'}`]),
    ...(problemsReported === size.problems ? [] : [`${problemsReported} problems were reported`]),
    ...Object.entries(scenarios).flatMap(([scenario, found]) =>
      Math.abs(found - size.problems / 10) < 1 ? [] : [`${found} problems of ${scenario}`],
    ),
    ...(booked.minorOff === 0 ? [] : ['the booked history is not balanced']),
  ];
  return {
    comparisons: [],
    figures: {
      ...size,
      booked,
      state,
      rowsScanned,
      problemsReported,
      scenarios,
      seconds,
      rowsPerSecond,
      client,
      server: inMegabytes(serverMemory),
    },
    lines: [
      ['orders', String(size.orders)],
      ['rows scanned', `${rowsScanned} (several collectors read the same orders)`],
      ['problems reported', String(problemsReported)],
      ['collect', state],
      ['seconds', seconds.toFixed(1)],
      ['rows per second', String(rowsPerSecond)],
      ['client RSS, MB', words(client.rss)],
      ['client heap, MB', words(client.heapUsed)],
      ['client heap without garbage, MB', `${client.heldBefore} before, ${client.heldAfter} after`],
      ['client growth at its peak, MB', String(client.peakGrowth)],
      ['client growth at rest, MB', String(client.growthAfter)],
    ],
    wrong,
  };
}

function secondsBetween(from: string | null, to: string | null): number {
  if (from === null || to === null) throw new Error('the collect has no times');
  return (new Date(to).getTime() - new Date(from).getTime()) / 1_000;
}

function tally(counts: Outcome['counts']): Readonly<Record<string, number>> {
  const scenarios: Record<string, number> = {};
  for (const { scenario, problems } of counts) scenarios[scenario] = (scenarios[scenario] ?? 0) + problems;
  return scenarios;
}

function inMegabytes({ before, peak, after, heldBefore, heldAfter, samples }: MemoryReading) {
  const of = (size: 'rss' | 'heapUsed' | 'external') => ({
    before: megabytes(before[size]),
    peak: megabytes(peak[size]),
    after: megabytes(after[size]),
  });
  return {
    rss: of('rss'),
    heapUsed: of('heapUsed'),
    external: of('external'),
    heldBefore: megabytes(heldBefore),
    heldAfter: megabytes(heldAfter),
    peakGrowth: megabytes(peak.rss - before.rss),
    growthAfter: megabytes(after.rss - before.rss),
    samples,
  };
}

function words(size: { readonly before: number; readonly peak: number; readonly after: number }): string {
  return `${size.before} before, ${size.peak} at its peak, ${size.after} after`;
}
