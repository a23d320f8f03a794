/**
 * Ten thousand repairs that wait for a slow client, beside a quick client of another system: how much is handed out at
 * once, what memory both sides take while they wait, and what the quick one notices. Then the slow one becomes quick.
 */
import type { ApiClient } from '@piculus/protocol/http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, CellContext, CellResult } from '../cell.ts';
import { megabytes } from '../support/memory.ts';
import { type MemoryReading, ObservedProcess } from '../support/process.ts';
import { type RunningServer, startServer } from '../support/stage.ts';
import { FIX_CODE } from '../poison/messages.ts';

const POLL_MS = 200;
const SETTLE_MS = 1_000;
const QUICK_PROBLEMS = 200;

export const slowClientCell: Cell = {
  says: 'repairs that wait for a slow client; prints what is handed out at once, and the memory of both sides',
  options: {
    problems: { otherwise: 10_000, whenQuick: 2_000, says: 'problems of the slow client' },
    fixMs: { otherwise: 2_000, says: 'what the slow client needs for one' },
    places: { otherwise: 16, says: 'fixes that a client runs at the same time' },
    seconds: { otherwise: 60, whenQuick: 10, says: 'how long it stays slow' },
  },
  run,
};

/** A system with one client. */
interface Side {
  readonly sysCode: string;
  readonly process: ObservedProcess;
  repaired: number;
  runningMost: number;
}

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => Math.max(1, context.options.get(name) ?? 1);
  const size = {
    problems: option('problems'),
    fixMs: option('fixMs'),
    places: option('places'),
    seconds: option('seconds'),
  };
  const server = await startServer(context);
  const slow = await startSide(context, server, 'SLOW', { ...size });
  const quick = await startSide(context, server, 'QUICK', { ...size, problems: QUICK_PROBLEMS, fixMs: 0 });
  context.say(`reporting ${size.problems} problems`);
  await collect(server.api, slow.sysCode);
  let leasedMost = 0;
  let quickSeconds = 0;
  let repairedSlowly = 0;
  let clientMemory: MemoryReading | null = null;
  const serverMemory = await server.process.observe(async () => {
    clientMemory = await slow.process.observe(async () => {
      await solve(server.api, slow.sysCode);
      context.say(`${size.seconds} s with ${size.fixMs} ms for each repair`);
      await solve(server.api, quick.sysCode);
      const startedAt = performance.now();
      await collect(server.api, quick.sysCode);
      for (const until = startedAt + size.seconds * 1_000; performance.now() < until; await sleep(POLL_MS)) {
        leasedMost = Math.max(leasedMost, await executingOf(server.api, slow.sysCode));
        if (quickSeconds === 0 && quick.repaired >= QUICK_PROBLEMS)
          quickSeconds = (performance.now() - startedAt) / 1_000;
      }
      repairedSlowly = slow.repaired;
    }, SETTLE_MS);
  }, 0);
  if (clientMemory === null) throw new Error('nothing was done');
  context.say('the slow client becomes quick');
  slow.process.tell({ fixMs: 0 });
  const quickFrom = performance.now();
  while (slow.repaired < size.problems) await sleep(POLL_MS);
  const drainSeconds = (performance.now() - quickFrom) / 1_000;
  while ((await fixedOf(server.api, slow.sysCode)) < size.problems) await sleep(POLL_MS);
  return report({
    size,
    slow,
    leasedMost,
    quickSeconds,
    repairedSlowly,
    drainSeconds,
    serverMemory,
    clientMemory,
  });
}

async function startSide(
  context: CellContext,
  server: RunningServer,
  sysCode: string,
  size: { readonly problems: number; readonly fixMs: number; readonly places: number },
): Promise<Side> {
  const { key, serverKeys } = await server.api.createSystem({
    body: { sysCode, name: sysCode, collectCron: null },
  });
  const { process } = await ObservedProcess.start(
    {
      name: sysCode,
      script: 'benchmarks/dist/slow-client/client-main.js',
      env: {
        PICULUS_URL: server.url,
        PICULUS_SYSTEM_KEY: key,
        PICULUS_SERVER_KEYS: serverKeys.join(','),
        BENCH_FIX_MS: String(size.fixMs),
        BENCH_PROBLEMS: String(size.problems),
        BENCH_PLACES: String(size.places),
      },
    },
    context,
  );
  const side: Side = { sysCode, process, repaired: 0, runningMost: 0 };
  process.hear(({ repaired, runningMost }) => {
    side.repaired = Number(repaired);
    side.runningMost = Number(runningMost);
  });
  for (;;) {
    const { items } = await server.api.listClients();
    if (items.some((client) => client.connected && client.sysCode === sysCode)) return side;
    await sleep(POLL_MS);
  }
}

async function solve(api: ApiClient, sysCode: string): Promise<void> {
  await api.createSolution({
    body: { sysCode, fixCode: FIX_CODE, executionMode: 'automatic', retryCron: '* * * * * ?' },
  });
}

async function collect(api: ApiClient, sysCode: string): Promise<void> {
  const { id } = await api.startCollection({ body: { sysCodes: [sysCode] } });
  for (;;) {
    const { state } = await api.getCollection({ params: { id } });
    if (state === 'complete') return;
    if (state !== 'waiting' && state !== 'running') throw new Error(`the collect of ${sysCode} is ${state}`);
    await sleep(POLL_MS);
  }
}

async function executingOf(api: ApiClient, sysCode: string): Promise<number> {
  const { items } = await api.listProblems({
    query: { sysCode: [sysCode], state: ['executing'], limit: 500 },
  });
  return items.length;
}

async function fixedOf(api: ApiClient, sysCode: string): Promise<number> {
  const { counts } = await api.getStats();
  return counts
    .filter((count) => count.sysCode === sysCode && count.state === 'fixed')
    .reduce((sum, { problems }) => sum + problems, 0);
}

function report(outcome: {
  readonly size: { problems: number; fixMs: number; places: number; seconds: number };
  readonly slow: Side;
  readonly leasedMost: number;
  readonly quickSeconds: number;
  readonly repairedSlowly: number;
  readonly drainSeconds: number;
  readonly serverMemory: MemoryReading;
  readonly clientMemory: MemoryReading;
}): CellResult {
  const { size, slow, leasedMost, quickSeconds, repairedSlowly, drainSeconds } = outcome;
  const { serverMemory, clientMemory } = outcome;
  return {
    comparisons: [],
    figures: {
      ...size,
      leasedMost,
      runningMost: slow.runningMost,
      repairedSlowly,
      quickSeconds,
      drainSeconds,
      server: figuresOf(serverMemory),
      client: figuresOf(clientMemory),
    },
    lines: [
      ['waiting', `${size.problems} problems, ${size.places} places, ${size.fixMs} ms for each repair`],
      ['handed out at once, at most', `${leasedMost}; running in the client, at most ${slow.runningMost}`],
      [`repaired in ${size.seconds} s`, String(repairedSlowly)],
      [
        `${QUICK_PROBLEMS} repairs of the quick system meanwhile, s`,
        quickSeconds === 0 ? 'not all' : quickSeconds.toFixed(1),
      ],
      ['the rest, once quick, s', drainSeconds.toFixed(1)],
      ['server RSS, MB', words(serverMemory)],
      ['client RSS, MB', words(clientMemory)],
    ],
    wrong: [
      ...(leasedMost <= size.places ? [] : [`${leasedMost} were handed out to ${size.places} places`]),
      ...(slow.runningMost <= size.places ? [] : [`${slow.runningMost} ran in ${size.places} places`]),
    ],
  };
}

const words = ({ before, peak, after, heldBefore, heldAfter }: MemoryReading): string =>
  `${megabytes(before.rss)} before, ${megabytes(peak.rss)} peak, ${megabytes(after.rss)} after; heap without garbage ${megabytes(heldBefore)} and ${megabytes(heldAfter)}`;

const figuresOf = ({ before, peak, after, heldBefore, heldAfter }: MemoryReading) => ({
  rss: { before: megabytes(before.rss), peak: megabytes(peak.rss), after: megabytes(after.rss) },
  held: { before: megabytes(heldBefore), after: megabytes(heldAfter) },
});
