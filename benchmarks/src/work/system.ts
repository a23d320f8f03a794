/** A system on a server under measurement, whose only solution runs when the benchmark says so. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { CellContext } from '../cell.ts';
import { OrderedProcess } from '../queues/child.ts';
import type { RunningServer } from '../support/stage.ts';
import { callsOf, FIX, SYS_CODE } from './tasks.ts';

const POLL_MS = 20;
const END_POLL_MS = 5;

export interface Clients {
  /** Connections of the SDK, all in one process. */
  readonly clients: number;
  /** Of each of them. */
  readonly places: number;
}

/** Clients that are there, until they leave. */
export interface Connected {
  readonly worker: OrderedProcess;
  readonly clients: number;
}

export interface Batch {
  readonly tasks: number;
  /** Each so-many-th fails once; 0: none. */
  readonly failEvery: number;
}

export interface Drained {
  /** Executions a second, without the pauses in which only retries were left and were put off. */
  readonly rate: number;
  readonly wallMs: number;
  readonly idleMs: number;
  /** Clients that were given something. */
  readonly callers: number;
  readonly wrong: readonly string[];
}

export class WorkSystem {
  readonly #server: RunningServer;
  readonly #key: string;
  readonly #serverKeys: string;
  readonly #solutionId: string;
  readonly #byApi: boolean;
  #worker: OrderedProcess | null = null;
  #batches = 0;

  private constructor(
    server: RunningServer,
    made: { key: string; serverKeys: string; solutionId: string; byApi: boolean },
  ) {
    this.#server = server;
    this.#key = made.key;
    this.#serverKeys = made.serverKeys;
    this.#solutionId = made.solutionId;
    this.#byApi = made.byApi;
  }

  /**
   * @param options.byApi asks the API, not the database, whether anything is left: an embedded one lets nobody else in.
   * @param options.mode of its solution; an automatic one ticks every second while {@link drain} runs.
   */
  static async make(
    server: RunningServer,
    options: { readonly byApi?: boolean; readonly mode?: 'automatic' | 'manual' } = {},
  ): Promise<WorkSystem> {
    const { byApi = false, mode = 'automatic' } = options;
    const { key, serverKeys } = await server.api.createSystem({
      body: { sysCode: SYS_CODE, name: 'benchmark', collectCron: null },
    });
    const solution = await server.api.createSolution({
      body: {
        sysCode: SYS_CODE,
        fixCode: FIX,
        maxRetries: 5,
        retryCron: '* * * * * ?',
        executionMode: mode,
        status: mode === 'manual' ? 'enabled' : 'disabled',
      },
    });
    return new WorkSystem(server, { key, serverKeys: serverKeys.join(','), solutionId: solution.id, byApi });
  }

  /** Starts clients in a process of their own. Those of the process that was started last find and count the work. */
  async connect(context: Pick<CellContext, 'atEnd'>, clients: Clients): Promise<Connected> {
    const before = await this.#connected();
    const worker = await OrderedProcess.start(context, 'benchmarks/dist/work/worker.js');
    await worker.tell('open', {
      url: this.#server.url,
      systemKey: this.#key,
      serverKeys: this.#serverKeys,
      clients: String(clients.clients),
      places: String(clients.places),
    });
    while ((await this.#connected()) < before + clients.clients) await sleep(POLL_MS * 5);
    this.#worker = worker;
    return { worker, clients: clients.clients };
  }

  /** Ends their process and waits until the server has noticed. */
  async leave({ worker, clients }: Connected): Promise<void> {
    const before = await this.#connected();
    await worker.end();
    if (this.#worker === worker) this.#worker = null;
    while ((await this.#connected()) > before - clients) await sleep(POLL_MS * 5);
  }

  /** One collect that finds so many new problems. @returns problems a second, until its end is stored. */
  async ingest({ tasks, failEvery }: Batch): Promise<number> {
    const worker = this.#own();
    this.#batches += 1;
    await worker.tell('find', {
      prefix: `R${this.#batches}`,
      tasks: String(tasks),
      failEvery: String(failEvery),
    });
    const { id } = await this.#server.api.startCollection({ body: { sysCodes: [SYS_CODE] } });
    for (;;) {
      const { state, commands } = await this.#server.api.getCollection({ params: { id } });
      const [command] = commands;
      if (state === 'complete' && command?.finishedAt) {
        const { collectBegan } = await summaryOf(worker);
        return (tasks / (new Date(command.finishedAt).getTime() - collectBegan)) * 1_000;
      }
      if (state !== 'waiting' && state !== 'running')
        throw new Error(`the collect is ${state}: ${command?.reason ?? ''}`);
      await sleep(POLL_MS);
    }
  }

  /** Lets the solution tick until what was ingested last is worked off. */
  async drain({ tasks, failEvery }: Batch): Promise<Drained> {
    const worker = this.#own();
    const called = worker.tell('work');
    await this.setStatus('enabled');
    await called;
    const end = await this.#untilNothingWaits();
    await this.setStatus('disabled');
    const { total, first, idleMs, wrong, callers } = await summaryOf(worker);
    const wallMs = end - first;
    return {
      rate: (total / (wallMs - idleMs)) * 1_000,
      wallMs,
      idleMs,
      callers,
      wrong: [
        ...(wrong === 0 ? [] : [`${wrong} of ${tasks} tasks were not called as planned`]),
        ...(total === callsOf(tasks, failEvery) ? [] : [`${total} calls for ${tasks} tasks`]),
      ],
    };
  }

  async setStatus(status: 'enabled' | 'disabled'): Promise<void> {
    const params = { id: this.#solutionId };
    const { version } = await this.#server.api.getSolution({ params });
    await this.#server.api.changeSolution({ params, body: { status, expectedVersion: version } });
  }

  /** Of all states, by what the server's own counts say. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const { counts } = await this.#server.api.getStats();
    const found = new Map<string, number>();
    for (const { state, problems } of counts) found.set(state, (found.get(state) ?? 0) + problems);
    return found;
  }

  #own(): OrderedProcess {
    if (this.#worker === null) throw new Error('no clients are connected');
    return this.#worker;
  }

  async #connected(): Promise<number> {
    const { items } = await this.#server.api.listClients();
    return items.filter((client) => client.connected).length;
  }

  async #untilNothingWaits(): Promise<number> {
    if (this.#byApi) {
      while (((await this.counts()).get('pending') ?? 0) > 0) await sleep(END_POLL_MS);
      return Date.now();
    }
    const db = new pg.Client({ connectionString: this.#server.databaseUrl });
    await db.connect();
    try {
      for (;;) {
        const { rows } = await db.query<{ left: number }>(
          `select coalesce(sum(problems), 0)::int as left from piculus.problem_counts where state = 'pending'`,
        );
        if ((rows[0]?.left ?? 0) === 0) return Date.now();
        await sleep(END_POLL_MS);
      }
    } finally {
      await db.end();
    }
  }
}

interface Summary {
  readonly total: number;
  readonly first: number;
  readonly idleMs: number;
  readonly collectBegan: number;
  readonly wrong: number;
  readonly callers: number;
}

async function summaryOf(worker: OrderedProcess): Promise<Summary> {
  const told = await worker.tell('summary');
  if (typeof told !== 'object' || told === null) throw new Error('a worker told nothing');
  const figures = new Map(Object.entries(told).map(([name, value]) => [name, Number(value)]));
  const figure = (name: keyof Summary): number => figures.get(name) ?? Number.NaN;
  return {
    total: figure('total'),
    first: figure('first'),
    idleMs: figure('idleMs'),
    collectBegan: figure('collectBegan'),
    wrong: figure('wrong'),
    callers: figure('callers'),
  };
}
