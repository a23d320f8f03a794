/**
 * Collects over a big history: a real client process of PBAP, a real server, a real PostgreSQL, beside one plain join that
 * counts the same broken orders. Shows that the client's memory does not grow with the number of orders, and how fast it
 * scans.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, Collection } from '@piculus/protocol/http';
import pg from 'pg';
import { BenchError, type Cell, type CellContext, type CellResult } from '../cell.ts';
import { makeDatabase, withClient } from '../support/databases.ts';
import { compare, median } from '../statistics.ts';
import { megabytes } from '../support/memory.ts';
import type { MemoryReading, ObservedProcess } from '../support/process.ts';
import { takeTurns } from '../support/rounds.ts';
import { type RunningServer, SYS_CODE, startClient, startServer } from '../support/stage.ts';
import { bookHistory, countBroken, countRows, type HistorySize, whyNot } from './history.ts';

const POLL_MS = 250;
/** How long a process is left alone before its memory counts as at rest. */
const SETTLE_MS = 3_000;
/** Of the time that one plain join takes. */
const TIME_TARGET = 3;
/** What the client may take more at its peak; it holds one batch, whatever the number of orders. */
const GROWTH_MB_TARGET = 150;

export const collectCell: Cell = {
  says: "collects over PBAP's history beside one plain join that counts; and the growth of the client's memory",
  options: {
    orders: { otherwise: 1_000_000, whenQuick: 50_000, says: 'orders in the history' },
    problems: { otherwise: 1_000, whenQuick: 50, says: 'how many of them are broken, in the ten ways' },
    rounds: { otherwise: 5, whenQuick: 3, says: 'rounds, after one to warm up' },
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
  const { rounds, clientMemory, serverMemory } = await measure(context, {
    server,
    client,
    databaseUrl,
    rounds: context.options.get('rounds') ?? 1,
  });
  const { counts } = await server.api.getStats();
  return report({ size, booked, rounds, counts, clientMemory, serverMemory });
}

interface Round {
  readonly ms: number;
  readonly found: number;
  /** Of a collect. */
  readonly collection: Collection | null;
}
type Way = 'collect' | 'join';

interface Measured {
  readonly rounds: ReadonlyMap<Way, readonly Round[]>;
  readonly clientMemory: MemoryReading;
  readonly serverMemory: MemoryReading;
}

/** The client is observed from before its first collect on. */
async function measure(
  context: CellContext,
  on: {
    readonly server: RunningServer;
    readonly client: ObservedProcess;
    readonly databaseUrl: string;
    readonly rounds: number;
  },
): Promise<Measured> {
  let rounds: ReadonlyMap<Way, readonly Round[]> = new Map();
  let serverMemory: MemoryReading | null = null;
  const ways = new Map<Way, () => Promise<Round>>([
    ['collect', () => collectRound(context, on.server.api)],
    ['join', () => joinRound(on.databaseUrl)],
  ]);
  const clientMemory = await on.client.observe(async () => {
    serverMemory = await on.server.process.observe(async () => {
      rounds = await takeTurns(
        context,
        on.rounds,
        ways,
        (way, { ms, found }) => `${way}: ${found} found in ${Math.round(ms)} ms`,
      );
    }, 0);
  }, SETTLE_MS);
  if (serverMemory === null) throw new Error('nothing was collected');
  return { rounds, clientMemory, serverMemory };
}

async function collectRound(context: CellContext, api: ApiClient): Promise<Round> {
  const collection = await collectOnce(context, api);
  const command = commandOf(collection);
  const ms = secondsBetween(command.startedAt, command.finishedAt) * 1_000;
  return { ms, found: command.problemsReported, collection };
}

async function joinRound(databaseUrl: string): Promise<Round> {
  return withClient(databaseUrl, async (db) => {
    const begunAt = performance.now();
    const found = await countBroken(db);
    return { ms: performance.now() - begunAt, found, collection: null };
  });
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
  readonly rounds: ReadonlyMap<Way, readonly Round[]>;
  readonly counts: readonly { readonly scenario: string; readonly problems: number }[];
  readonly clientMemory: MemoryReading;
  readonly serverMemory: MemoryReading;
}

function report(outcome: Outcome): CellResult {
  const { size, booked, rounds, counts, clientMemory, serverMemory } = outcome;
  const collects = rounds.get('collect') ?? [];
  const joins = rounds.get('join') ?? [];
  const times = (all: readonly Round[]): readonly number[] => all.map(({ ms }) => ms / 1_000);
  const commands = collects.flatMap(({ collection }) => (collection === null ? [] : [commandOf(collection)]));
  const [command] = commands;
  if (command === undefined) throw new Error('nothing was collected');
  const { rowsScanned, problemsReported, state } = command;
  const seconds = median(times(collects));
  const rowsPerSecond = Math.round(rowsScanned / Math.max(seconds, 0.001));
  const scenarios = tally(counts);
  const client = inMegabytes(clientMemory);
  const wrong = [
    ...commands
      .filter((one) => one.state !== 'complete')
      .map((one) => `a collect is ${one.state}: ${one.reason ?? 'no reason given'}`),
    ...[...collects, ...joins]
      .filter(({ found }) => found !== size.problems)
      .map(
        ({ found, collection }) => `a ${collection === null ? 'join' : 'collect'} found ${found} problems`,
      ),
    ...Object.entries(scenarios).flatMap(([scenario, found]) =>
      Math.abs(found - size.problems / 10) < 1 ? [] : [`${found} problems of ${scenario}`],
    ),
    ...(booked.minorOff === 0 ? [] : ['the booked history is not balanced']),
  ];
  return {
    comparisons: [
      compare({
        variant: `${size.orders} orders, ${size.problems} broken`,
        peer: 'one plain join that counts',
        unit: 's',
        target: TIME_TARGET,
        better: 'lower',
        values: times(collects),
        peerValues: times(joins),
      }),
      {
        variant: `${size.orders} orders, client's growth at its peak`,
        peer: 'before the first collect',
        unit: 'MB',
        value: client.peakGrowth,
        peerValue: null,
        ratio: null,
        target: GROWTH_MB_TARGET,
        better: 'lower',
        ok: client.peakGrowth <= GROWTH_MB_TARGET,
      },
    ],
    figures: {
      ...size,
      booked,
      state,
      rowsScanned,
      problemsReported,
      scenarios,
      seconds,
      joinSeconds: times(joins),
      collectSeconds: times(collects),
      rowsPerSecond,
      client,
      server: inMegabytes(serverMemory),
    },
    lines: [
      ['orders', String(size.orders)],
      ['rows scanned', String(rowsScanned)],
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

function commandOf({ commands: [command] }: Collection) {
  if (command === undefined) throw new Error('the collection has no command');
  return command;
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
