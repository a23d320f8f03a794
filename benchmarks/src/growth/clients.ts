/** The same work given to one client and to a thousand, and what each of a thousand takes of the server's memory. */
import type { CellContext, Comparison } from '../cell.ts';
import { compare } from '../statistics.ts';
import type { MemorySizes } from '../support/process.ts';
import { takeTurns } from '../support/rounds.ts';
import { type RunningServer, startServer } from '../support/stage.ts';
import { whatIsNotStored } from '../work/stored.ts';
import { WorkSystem } from '../work/system.ts';

const THROUGHPUT_TARGET = 0.85;
const KILOBYTES_TARGET = 25;
const KILOBYTE = 1_000;
const SETTLE_MS = 1_000;

export interface ClientsResult {
  readonly comparisons: readonly Comparison[];
  readonly figures: Readonly<Record<string, unknown>>;
  readonly wrong: readonly string[];
}

interface Done {
  readonly ingested: number;
  readonly drained: number;
  /** Clients that were given something. */
  readonly callers: number;
  readonly wrong: readonly string[];
}

export interface ClientsOptions {
  readonly clients: number;
  readonly places: number;
  readonly tasks: number;
  readonly rounds: number;
}

export async function measureClients(context: CellContext, options: ClientsOptions): Promise<ClientsResult> {
  const server = await startServer(context);
  const system = await WorkSystem.make(server);
  const { clients, places, tasks, rounds } = options;
  const batch = { tasks, failEvery: 0 };
  const memory = await memoryOf(context, server, system, options);
  const sizes: number[] = [];
  for (let size = 1; size <= clients; size *= 10) sizes.push(size);
  const ways = new Map(
    sizes.map((size) => [
      String(size),
      async (): Promise<Done> => {
        const connected = await system.connect(context, { clients: size, places });
        const ingested = await system.ingest(batch);
        const { rate, callers, wrong } = await system.drain(batch);
        await system.leave(connected);
        return { ingested, drained: rate, callers, wrong };
      },
    ]),
  );
  const found = await takeTurns(
    context,
    rounds,
    ways,
    (size, { ingested, drained, callers }) =>
      `${size} clients: ${Math.round(ingested)} in, ${Math.round(drained)} drained a second by ${callers}`,
  );
  const done = tasks * (sizes.length * (rounds + 1) + 1);
  const stored = await whatIsNotStored(server.databaseUrl, { tasks: done, executions: done });
  return {
    comparisons: [...throughput(found, sizes), ...memoryLines(memory, clients)],
    figures: { rounds: Object.fromEntries(found), memory },
    wrong: [
      ...[...found].flatMap(([size, all]) =>
        all.flatMap(({ wrong }) => wrong.map((line) => `${size} clients: ${line}`)),
      ),
      ...stored,
    ],
  };
}

/** Bytes for each client more. */
interface MemoryOfClients {
  readonly before: MemorySizes;
  readonly after: MemorySizes;
  readonly more: number;
}

/** On a server that has worked, so that what every server takes in its first minute is not counted. */
async function memoryOf(
  context: CellContext,
  server: RunningServer,
  system: WorkSystem,
  { clients, places, tasks }: ClientsOptions,
): Promise<MemoryOfClients> {
  const batch = { tasks, failEvery: 0 };
  const one = await system.connect(context, { clients: 1, places });
  await system.ingest(batch);
  await system.drain(batch);
  const before = await server.process.settled(SETTLE_MS);
  const more = Math.max(1, clients - 1);
  const others = await system.connect(context, { clients: more, places });
  const after = await server.process.settled(SETTLE_MS);
  await system.leave(others);
  await system.leave(one);
  return { before, after, more };
}

function throughput(found: ReadonlyMap<string, readonly Done[]>, sizes: readonly number[]): Comparison[] {
  const rates = (size: number, figure: 'drained' | 'ingested'): number[] =>
    (found.get(String(size)) ?? []).map((round) => round[figure]);
  return sizes.slice(1).map((size, at) =>
    compare({
      variant: `drain, ${size} clients`,
      peer: '1 client',
      unit: 'executions/s',
      target: at === sizes.length - 2 ? THROUGHPUT_TARGET : null,
      better: 'higher',
      values: rates(size, 'drained'),
      peerValues: rates(1, 'drained'),
    }),
  );
}

function memoryLines({ before, after, more }: MemoryOfClients, clients: number): Comparison[] {
  const line = (what: string, bytes: number): Comparison => {
    const value = bytes / more / KILOBYTE;
    return {
      variant: `${what}, ${clients} clients`,
      peer: 'target',
      unit: 'KB a client',
      value,
      peerValue: null,
      ratio: null,
      target: KILOBYTES_TARGET,
      better: 'lower',
      ok: value <= KILOBYTES_TARGET,
    };
  };
  return [line('server RSS', after.rss - before.rss), line('server heap', after.heapUsed - before.heapUsed)];
}
