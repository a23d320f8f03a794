/**
 * What people wait for in the console while many problems are stored and more arrive: every question is asked through
 * the real HTTP API, by some readers at a time who pause between their questions as people do.
 */
import type { ApiClient } from '@piculus/protocol/http';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError, type Cell, type CellContext, type CellResult, type Comparison } from '../cell.ts';
import { median, percentile, seeded, shuffled } from '../statistics.ts';
import { type Arrived, startArrivals } from './arrivals.ts';
import { type RunningServer, startServer } from '../support/stage.ts';
import { COUNT_ALL, OFFSET_PAGE, type Question, questionsOf } from './questions.ts';
import { FIXES, MANUAL_FIXES, RARE_SYSTEM, seedProblems, SYSTEMS } from './seed.ts';

const P99_MS_TARGET = 20;
const READERS = [4, 16] as const;
const ARRIVING = ['LOAD-1', 'LOAD-2'] as const;
const REFERENCE_ROUNDS = 5;
/** With fewer, some pages are not full. */
const FEWEST = 200_000;

export const consoleCell: Cell = {
  says: 'pages, filters, counts and the overview while many problems are stored and more arrive',
  options: {
    stored: {
      otherwise: 1_000_000,
      whenQuick: 200_000,
      says: 'problems stored before (10000000 for the big one)',
    },
    arriving: { otherwise: 1_000, says: 'problems a second that arrive meanwhile' },
    'reading-seconds': { otherwise: 60, whenQuick: 15, says: 'how long each number of readers asks' },
    'pause-ms': { otherwise: 250, says: 'between two questions of one reader' },
  },
  run,
};

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => context.options.get(name) ?? 0;
  const stored = option('stored');
  if (stored < FEWEST) throw new BenchError(`--stored must be ${FEWEST} or more`);
  const server = await startServer(context);
  await configure(server);
  const db = new pg.Client({ connectionString: server.databaseUrl });
  db.on('error', () => {});
  await db.connect();
  try {
    await seedProblems(db, stored, (what) => context.say(`storing ${stored} problems: ${what}`));
    const load = await startArrivals(context, server, {
      systems: ARRIVING,
      perSecond: option('arriving'),
    });
    const rounds = new Map<number, Answers>();
    for (const readers of READERS) {
      context.say(`${readers} readers, ${option('reading-seconds')} s`);
      const until = performance.now() + option('reading-seconds') * 1_000;
      rounds.set(readers, await read(server.api, { readers, until, stored, pauseMs: option('pause-ms') }));
    }
    const reference = await referenceOf(db, stored);
    const arrived = await load.end();
    return report({ rounds, reference, arrived, counted: await recount(db) });
  } finally {
    await db.end();
  }
}

/** Solutions that no tick reaches in time, with the careful policy of a fresh installation. */
async function configure({ api }: RunningServer): Promise<void> {
  for (const sysCode of [...SYSTEMS, RARE_SYSTEM.sysCode]) {
    await api.createSystem({ body: { sysCode, name: sysCode, collectCron: null } });
    for (const fixCode of FIXES) {
      const executionMode = MANUAL_FIXES.includes(fixCode) ? 'manual' : 'automatic';
      await api.createSolution({
        body: { sysCode, fixCode, maxRetries: 5, retryCron: '0 0 0 1 1 ? 2099', executionMode },
      });
    }
  }
  const { version, rules, singlePerson } = await api.getApprovalPolicy();
  await api.setApprovalPolicy({
    body: { mode: 'careful', rules, version, singlePerson, reason: 'a measurement' },
  });
}

interface Answers {
  readonly ms: ReadonlyMap<string, readonly number[]>;
  readonly wrong: ReadonlySet<string>;
}

async function read(
  api: ApiClient,
  how: {
    readonly readers: number;
    readonly until: number;
    readonly stored: number;
    readonly pauseMs: number;
  },
): Promise<Answers> {
  const ms = new Map<string, number[]>();
  const wrong = new Set<string>();
  const ask = async ({ variant, ask }: Question): Promise<void> => {
    const begunAt = performance.now();
    const complaint = await ask(api).catch((error: unknown) => `${variant}: ${String(error)}`);
    const tookMs = performance.now() - begunAt;
    if (complaint !== null) wrong.add(complaint);
    ms.set(variant, [...(ms.get(variant) ?? []), tookMs]);
  };
  await Promise.all(
    Array.from({ length: how.readers }, async (_, reader) => {
      const random = seeded(reader + 1);
      await sleep(random() * how.pauseMs);
      while (performance.now() < how.until) {
        for (const question of shuffled(questionsOf(how.stored), random)) {
          if (performance.now() >= how.until) break;
          await ask(question);
          await sleep(how.pauseMs * (0.5 + random()));
        }
      }
    }),
  );
  return { ms, wrong };
}

interface Reference {
  readonly offsetMs: readonly number[];
  readonly countMs: readonly number[];
}

async function referenceOf(db: pg.Client, stored: number): Promise<Reference> {
  const times = async (statement: string, values: readonly unknown[]): Promise<number[]> => {
    const found: number[] = [];
    for (let round = 0; round < REFERENCE_ROUNDS; round += 1) {
      const begunAt = performance.now();
      await db.query(statement, [...values]);
      found.push(performance.now() - begunAt);
    }
    return found;
  };
  const offsetMs = await times(OFFSET_PAGE, [Math.floor(stored * 0.9)]);
  return { offsetMs, countMs: await times(COUNT_ALL, []) };
}

/** @returns how many problems there are, and how many their book says. */
async function recount(db: pg.Client): Promise<{ readonly there: number; readonly booked: number }> {
  const { rows } = await db.query<{ there: number; booked: number }>(
    `select (select count(*)::int from piculus.problems) as there,
       (select sum(problems)::int from piculus.problem_counts) as booked`,
  );
  return rows[0] ?? { there: 0, booked: 0 };
}

interface Outcome {
  readonly rounds: ReadonlyMap<number, Answers>;
  readonly reference: Reference;
  readonly arrived: Arrived;
  readonly counted: { readonly there: number; readonly booked: number };
}

function report({ rounds, reference, arrived, counted }: Outcome): CellResult {
  const all = [...rounds];
  const within = all.flatMap(([readers, { ms }]) =>
    [...ms].map(([variant, taken]) => line(variant, readers, taken)),
  );
  const [, last] = all.at(-1) ?? [0, null];
  const beside = (variant: string, peer: string, peerMs: readonly number[]): Comparison[] => {
    const own = last?.ms.get(variant) ?? [];
    if (own.length === 0) return [];
    const value = median(own);
    const peerValue = median(peerMs);
    return [
      {
        variant: `${variant}, median`,
        peer,
        unit: 'ms',
        value,
        peerValue,
        ratio: value / peerValue,
        target: null,
        better: 'lower',
        ok: null,
      },
    ];
  };
  return {
    comparisons: [
      ...within,
      ...beside('deep page', 'OFFSET, without a server', reference.offsetMs),
      ...beside('count by state', 'count(*), without a server', reference.countMs),
    ],
    figures: {
      answers: Object.fromEntries(
        all.map(([readers, { ms }]) => [
          readers,
          Object.fromEntries([...ms].map(([variant, taken]) => [variant, figuresOf(taken)])),
        ]),
      ),
      reference,
      arrived,
      problems: counted.there,
    },
    lines: [
      ['problems at the end', String(counted.there)],
      ['arrived a second', arrived.perSecond.toFixed(0)],
    ],
    wrong: [
      ...all.flatMap(([, { wrong }]) => [...wrong]),
      ...arrived.wrong,
      ...(counted.there === counted.booked
        ? []
        : [`the books know ${counted.booked} of ${counted.there} problems`]),
    ],
  };
}

function line(variant: string, readers: number, taken: readonly number[]): Comparison {
  const value = percentile(taken, 0.99);
  return {
    variant: `${variant}, ${readers} readers, p99`,
    peer: 'a person',
    unit: 'ms',
    value,
    peerValue: null,
    ratio: null,
    target: P99_MS_TARGET,
    better: 'lower',
    ok: value <= P99_MS_TARGET,
  };
}

function figuresOf(taken: readonly number[]) {
  return {
    asked: taken.length,
    p50Ms: percentile(taken, 0.5),
    p95Ms: percentile(taken, 0.95),
    p99Ms: percentile(taken, 0.99),
    maxMs: Math.max(...taken),
  };
}
