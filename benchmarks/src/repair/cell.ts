/**
 * Real repairs: PBAP's fixes on PostgreSQL with a bank that answers at once, by Piculus with all that it keeps, and by a
 * bare loop in one process that does the same ledger transactions and the same calls of the bank.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError, type Cell, type CellContext, type CellResult } from '../cell.ts';
import { whyNot } from '../collect/history.ts';
import { OrderedProcess } from '../queues/child.ts';
import { checkpoint } from '../queues/rounds.ts';
import { compare } from '../statistics.ts';
import { withClient } from '../support/databases.ts';
import { alone, takeTurns } from '../support/rounds.ts';
import { type RunningServer, startClientOf, startServer, SYS_CODE } from '../support/stage.ts';
import { type Books, copyBooks, FIX_CODES, leftIn, type Left, makeBooks, startDecidedBank } from './world.ts';

const TARGET = 0.8;
const POLL_MS = 10;

export const repairCell: Cell = {
  says: "PBAP's fixes with a bank that answers at once, beside a bare loop of the same transactions and calls",
  options: {
    orders: { otherwise: 60_000, whenQuick: 7_200, says: 'orders in the history' },
    problems: {
      otherwise: 5_000,
      whenQuick: 600,
      says: 'how many of them are broken; eight of ten are repaired',
    },
    lanes: { otherwise: 16, says: 'repairs at a time, and connections to the ledger' },
    rounds: { otherwise: 5, whenQuick: 3, says: 'rounds, after one to warm up' },
  },
  run,
};

interface Done {
  /** Repairs a second. */
  readonly rate: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly left: Left;
}
type Way = 'Piculus' | 'bare loop';

async function run(context: CellContext): Promise<CellResult> {
  const option = (name: string): number => context.options.get(name) ?? 1;
  const size = { orders: option('orders'), problems: option('problems') };
  const impossible = whyNot(size);
  if (impossible !== null) throw new BenchError(impossible);
  const books = await makeBooks(context, size);
  const lanes = String(option('lanes'));
  const ways = new Map<Way, () => Promise<Done>>([
    ['Piculus', () => alone(context, (own) => piculusRound(own, books, lanes))],
    ['bare loop', () => alone(context, (own) => bareRound(own, books, lanes))],
  ]);
  const rounds = await takeTurns(
    context,
    option('rounds'),
    ways,
    (way, { rate, ends }) => `${way}: ${rate.toFixed(0)} repairs a second, ${JSON.stringify(ends)}`,
  );
  return report(size, rounds);
}

async function bareRound(context: CellContext, templates: Books, lanes: string): Promise<Done> {
  const books = await copyBooks(context, templates);
  const bankUrl = await startDecidedBank(context, books.bank);
  const bare = await OrderedProcess.start(context, 'benchmarks/dist/repair/bare.js');
  await bare.tell('open', { databaseUrl: books.pbap, bankUrl, lanes });
  await bare.tell('find');
  await checkpoint(context.databaseUrl);
  const told = await bare.tell('repair', { lanes });
  await bare.tell('close');
  if (typeof told !== 'object' || told === null || !('ms' in told) || !('ends' in told))
    throw new Error('the bare loop told nothing');
  const ends = numbersIn(told.ends);
  const repairs = Object.values(ends).reduce((sum, count) => sum + count, 0);
  return { rate: (repairs / Number(told.ms)) * 1_000, ends, left: await withClient(books.pbap, leftIn) };
}

async function piculusRound(context: CellContext, templates: Books, lanes: string): Promise<Done> {
  const books = await copyBooks(context, templates);
  const server = await startServer(context);
  await startClientOf(context, server, {
    PBAP_DATABASE_URL: books.pbap,
    BANK_URL: await startDecidedBank(context, books.bank),
    PBAP_POOL_SIZE: lanes,
    PBAP_PLACES: lanes,
  });
  await collect(server);
  await checkpoint(context.databaseUrl);
  for (const fixCode of FIX_CODES) {
    await server.api.createSolution({
      body: { sysCode: SYS_CODE, fixCode, maxRetries: 5, retryCron: '* * * * * ?' },
    });
  }
  const { seconds, ends } = await untilRepaired(server.databaseUrl);
  const repairs = Object.values(ends).reduce((sum, count) => sum + count, 0);
  return { rate: repairs / seconds, ends, left: await withClient(books.pbap, leftIn) };
}

async function collect({ api }: RunningServer): Promise<void> {
  while (!(await api.listClients()).items.some((client) => client.connected)) await sleep(POLL_MS);
  const { id } = await api.startCollection({ body: { sysCodes: [SYS_CODE] } });
  for (;;) {
    const { state } = await api.getCollection({ params: { id } });
    if (state === 'complete') return;
    if (state !== 'waiting' && state !== 'running') throw new Error(`the collect is ${state}`);
    await sleep(POLL_MS);
  }
}

/** @returns seconds from the first lease until every result was stored, and how the repairs ended. */
async function untilRepaired(databaseUrl: string) {
  return withClient(databaseUrl, async (db) => {
    const left = `select coalesce(sum(problems), 0)::int as left from piculus.problem_counts
      where state = 'pending' and fix_code = any($1)`;
    for (;;) {
      const { rows } = await db.query<{ left: number }>(left, [FIX_CODES]);
      if (rows[0]?.left === 0) break;
      await sleep(POLL_MS);
    }
    const end = Date.now();
    const { rows } = await db.query<{ outcome: string; executions: number; first: Date }>(
      `select outcome, count(*)::int as executions, min(min(dispatched_at)) over () as first
       from piculus.executions group by outcome`,
    );
    const [some] = rows;
    if (some === undefined) throw new Error('nothing was repaired');
    const ends = Object.fromEntries(rows.map(({ outcome, executions }) => [outcome, executions]));
    return { seconds: (end - some.first.getTime()) / 1_000, ends };
  });
}

const numbersIn = (told: unknown): Readonly<Record<string, number>> =>
  typeof told === 'object' && told !== null
    ? Object.fromEntries(Object.entries(told).map(([name, value]) => [name, Number(value)]))
    : {};

function report(
  size: { readonly orders: number; readonly problems: number },
  rounds: ReadonlyMap<Way, readonly Done[]>,
): CellResult {
  const own = rounds.get('Piculus') ?? [];
  const bare = rounds.get('bare loop') ?? [];
  const all = [...own, ...bare];
  const asLeft = new Set(all.map(({ left }) => `${left.postings} postings, orders ${left.statuses}`));
  const repaired = ({ ends }: Done): number => (ends.fixed ?? 0) + (ends['already-right'] ?? 0);
  const planned = (size.problems / 10) * 8;
  return {
    comparisons: [
      compare({
        variant: `${planned} repairs`,
        peer: 'a bare loop',
        unit: 'repairs/s',
        target: TARGET,
        better: 'higher',
        values: own.map(({ rate }) => rate),
        peerValues: bare.map(({ rate }) => rate),
      }),
    ],
    figures: { ...size, rounds: Object.fromEntries(rounds) },
    lines: [],
    wrong: [
      ...(asLeft.size === 1 ? [] : [`the rounds left different books: ${[...asLeft].join(' | ')}`]),
      ...all
        .filter(({ left }) => left.minorOff !== 0)
        .map(({ left }) => `${left.minorOff} minor units are off`),
      ...all
        .filter((one) => repaired(one) !== planned)
        .map((one) => `${repaired(one)} of ${planned} were repaired: ${JSON.stringify(one.ends)}`),
    ],
  };
}
