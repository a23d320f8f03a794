/** The systems side by side: each round takes them in another order, each on a database of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { CellContext } from '../cell.ts';
import { makeDatabase } from '../support/databases.ts';
import { fromRoot } from '../support/paths.ts';
import { alone, takeTurns } from '../support/rounds.ts';
import { OrderedProcess } from './child.ts';
import { piculusRound } from './piculus.ts';

/** What one system did in one round. Rates are per second. */
export interface Round {
  readonly ingested: number;
  /** Executions, the repeated ones included, from the first call of the handler to the last durable result. */
  readonly drained: number;
  /** Of which nothing ran, because only retries were left and were put off; not counted against anybody. */
  readonly idleMs: number;
  readonly wallMs: number;
  /** What was not as planned. */
  readonly wrong: readonly string[];
}

export interface Peer {
  readonly name: string;
  readonly program: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

export const PICULUS = 'piculus';
export const BULLMQ = 'bullmq, appendfsync everysec';

export const readSettings = (): Readonly<Record<string, Readonly<Record<string, unknown>>>> =>
  JSON.parse(readFileSync(fromRoot('benchmarks/peers/settings.json'), 'utf8'));

export function peers(): readonly Peer[] {
  const settings = readSettings();
  const peer = (name: string, program: string, more: Readonly<Record<string, unknown>> = {}): Peer => ({
    name,
    program,
    settings: { ...settings[program], ...more },
  });
  const { BENCH_REDIS_URL: redis = '', BENCH_REDIS_ALWAYS_URL: always = '' } = process.env;
  return [
    peer('graphile-worker, equal contract', 'graphile-worker', { keepResults: true }),
    peer('graphile-worker, as shipped', 'graphile-worker'),
    peer('pg-boss', 'pg-boss'),
    ...(redis === '' ? [] : [peer(BULLMQ, 'bullmq', { url: redis })]),
    ...(always === '' ? [] : [peer('bullmq, appendfsync always', 'bullmq', { url: always })]),
  ];
}

/** @returns the rounds of each system, the warm-up left out. */
export async function measureQueues(
  context: CellContext,
  tasks: number,
  rounds: number,
): Promise<ReadonlyMap<string, readonly Round[]>> {
  const ways = new Map<string, () => Promise<Round>>([
    [PICULUS, () => alone(context, (own) => piculusRound(own, tasks))],
    ...peers().map(
      (peer) => [peer.name, () => alone(context, (own) => peerRound(own, peer, tasks))] as const,
    ),
  ]);
  return takeTurns(
    context,
    rounds,
    ways,
    (name, { ingested, drained }) =>
      `${name}: ${Math.round(ingested)} in, ${Math.round(drained)} drained a second`,
  );
}

export async function peerRound(context: CellContext, peer: Peer, tasks: number): Promise<Round> {
  const { program, settings } = peer;
  const url = String(settings.url ?? (await makeDatabase(context, 'peer')));
  const producer = await OrderedProcess.start(context, 'benchmarks/peers/main.mjs', program);
  await producer.tell('open', { url, settings, prepare: true });
  await checkpoint(context.databaseUrl);
  const addedMs = Number(await producer.tell('add', { tasks, inFlight: settings.inFlight }));
  const worker = await OrderedProcess.start(context, 'benchmarks/peers/main.mjs', program);
  await worker.tell('open', { url, settings });
  await checkpoint(context.databaseUrl);
  await worker.tell('work', { tasks });
  const end = await untilNone(async () => Number(await producer.tell('left')));
  const kept = await producer.tell('kept');
  const drained = await drainOf(worker, tasks, end);
  const wrong = [...drained.wrong, ...whatIsNotKept(kept, tasks)];
  await worker.tell('close');
  return {
    ...drained,
    ingested: (tasks / addedMs) * 1_000,
    wrong: wrong.map((line) => `${peer.name}: ${line}`),
  };
}

function whatIsNotKept(kept: unknown, tasks: number): readonly string[] {
  if (typeof kept !== 'object' || kept === null) return [];
  const { tasks: found, attempts } = kept as Partial<Record<string, unknown>>;
  const planned = tasks + Math.ceil(tasks / 10);
  return [
    ...(found === tasks ? [] : [`${String(found)} results are there`]),
    ...(attempts === null || attempts === planned ? [] : [`${String(attempts)} tries are told`]),
  ];
}

/** @returns when nothing was left, in ms since 1970. */
export async function untilNone(left: () => Promise<number>): Promise<number> {
  while ((await left()) > 0) await sleep(5);
  return Date.now();
}

export async function drainOf(
  worker: OrderedProcess,
  tasks: number,
  end: number,
): Promise<Omit<Round, 'ingested'>> {
  const summary = await worker.tell('summary');
  if (typeof summary !== 'object' || summary === null) throw new Error('a worker told nothing');
  const { total, first, idleMs, wrong } = Object.fromEntries(
    Object.entries(summary).map(([name, value]) => [name, Number(value)]),
  );
  const wallMs = end - (first ?? 0);
  return {
    drained: ((total ?? 0) / (wallMs - (idleMs ?? 0))) * 1_000,
    idleMs: idleMs ?? 0,
    wallMs,
    wrong: wrong === 0 ? [] : [`${wrong} of ${tasks} tasks were not called as planned`],
  };
}

export async function checkpoint(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}
